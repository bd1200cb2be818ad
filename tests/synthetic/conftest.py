from __future__ import annotations

from pathlib import Path

import pytest

from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world


@pytest.fixture(scope="session")
def config() -> WorldConfig:
    return WorldConfig(people=16, garments=3, seed=7, height=128, width=96)


@pytest.fixture(scope="session")
def world(config: WorldConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world without noise, written once."""
    root = tmp_path_factory.mktemp("world")
    write_world(root, config)
    return root
