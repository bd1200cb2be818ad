"""The map of a warp on disk."""

import numpy as np
import pytest
import torch

from viton.errors import InputError
from viton.images import encode
from viton.warp_map import encoded_map, read_map

SIZE = (64, 48)


def test_a_map_comes_back_to_a_hundredth_of_a_pixel_where_there_is_clothing(tmp_path):
    draw = np.random.default_rng(0)
    source_px = draw.uniform(-40, 90, (1, *SIZE, 2))
    mask = draw.random((1, 1, *SIZE))
    path = tmp_path / "p__c.warped-map.png"
    path.write_bytes(encode(encoded_map(torch.from_numpy(source_px), torch.from_numpy(mask)), ".png"))
    found, inside = read_map(path, SIZE), mask[0, 0] > 0.5
    np.testing.assert_allclose(found[inside], source_px[0][inside], atol=0.01)
    assert np.isnan(found[~inside]).all()


def test_a_place_beyond_what_can_be_stored_is_kept_at_the_edge_of_it(tmp_path):
    source_px = torch.full((1, *SIZE, 2), -1e6)
    source_px[..., 1] = 1e6
    path = tmp_path / "p__c.warped-map.png"
    path.write_bytes(encode(encoded_map(source_px, torch.ones(1, 1, *SIZE)), ".png"))
    found = read_map(path, SIZE)
    assert np.unique(found[..., 0]) == -SIZE[1]
    np.testing.assert_allclose(np.unique(found[..., 1]), 3 * SIZE[0], atol=0.01)


@pytest.mark.parametrize("kind", ["8 bits", "another size", "grey", "no picture", "empty", "missing"])
def test_another_kind_of_file_is_no_map(tmp_path, kind):
    path = tmp_path / "p__c.warped-map.png"
    content = {
        "8 bits": encode(np.zeros((*SIZE, 3), np.uint8), ".png"),
        "another size": encode(np.zeros((48, 64, 3), np.uint16), ".png"),
        "grey": encode(np.zeros(SIZE, np.uint16), ".png"),
        "no picture": b"P__C",
        "empty": b"",
    }
    if kind in content:
        path.write_bytes(content[kind])
    with pytest.raises(InputError, match="expected a map of a warp, 16 bits, 3 channels, 64x48, got"):
        read_map(path, SIZE)
