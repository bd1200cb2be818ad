"""Sound datasets in every layout, made once, and copies of them to be spoilt."""

import pytest

from tests.trap_worlds import World, make_worlds


@pytest.fixture(scope="session")
def worlds(tmp_path_factory):
    """Roots by layout; read only."""
    return make_worlds(tmp_path_factory.mktemp("traps"))


@pytest.fixture
def world_in(worlds, tmp_path):
    """A function of a layout that copies its world."""
    return lambda layout: World(worlds[layout], tmp_path / "spoilt", layout)
