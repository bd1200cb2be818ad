"""An approximate estimator that has learnt little, trained once for all tests."""

import pytest

from viton.estimate.approximate import train_estimator
from viton.estimate.settings import estimator_config


@pytest.fixture(scope="session")
def tiny_estimator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("estimator") / "own"
    config = estimator_config(3, 8, 0).model_copy(update={"width": 4, "batch": 4})
    train_estimator(folder, config, 0, lambda message: None)
    return folder
