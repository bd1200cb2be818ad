"""Warps whose answer is known: identities, affine maps, folds made by hand, flat colours."""

import numpy as np
import pytest
import torch

from viton.config import ShapeContextConfig, WarpConfig
from viton.coordinates import pixel_grid
from viton.data.sample import Clothing, Person, Sample
from viton.images import to_pixels, to_tensor
from viton.methods.non_parametric import paste
from viton.parsing import CIHP
from viton.shape_context import fit_between
from viton.tps import ThinPlateSpline
from viton.warp import Warped, WarpFit, apply_warp, crisp, fit_warp, iou, warp_sample, without_background

SIZE = (128, 96)
CONFIG = WarpConfig()


def _shirt(affine: np.ndarray | None = None, shift: tuple[float, float] = (0, 0)) -> np.ndarray:
    """A T-shirt with a soft edge, seen through x -> affine x + shift (px from the middle)."""
    points = pixel_grid(SIZE).numpy() - [47.5, 63.5] - shift
    x, y = (points @ np.linalg.inv(np.eye(2) if affine is None else affine).T).T
    body = np.maximum(abs(x) - 20, abs(y) - 32)
    sleeves = np.maximum(abs(x) - 34 + 0.2 * (y + 30), abs(y + 22) - 9)
    return np.clip(0.5 - np.minimum(body, sleeves), 0, 1).reshape(SIZE)


def _batch(mask: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(mask).float()[None, None]


def _flat(colour: tuple[int, int, int], mask: np.ndarray) -> torch.Tensor:
    """A product picture: one colour on white, with a hard edge."""
    return to_tensor(np.where(mask[..., None] > 0.5, np.array(colour), 255).astype(np.uint8))


def _warp(source: np.ndarray, target: np.ndarray, seed: int = 0) -> Warped:
    fit = fit_warp(source, target, CONFIG, np.random.default_rng(seed))
    return apply_warp([fit], _flat((200, 30, 40), source), _batch(source), _batch(target))


def _spline(fit: WarpFit, forward: ThinPlateSpline, backward: ThinPlateSpline) -> WarpFit:
    return fit._replace(forward=forward, backward=backward)


TURN = np.array([[0.85, -0.15], [0.12, 0.8]])


@pytest.fixture(scope="module")
def turned() -> Warped:
    return _warp(_shirt(), _shirt(TURN, (4, -6)))


def test_a_mask_warped_onto_itself_stays_where_it_is():
    warped = _warp(_shirt(), _shirt())
    error = (warped.source_px[0].reshape(-1, 2) - pixel_grid(SIZE)).norm(dim=1).reshape(SIZE)
    inside = torch.from_numpy(_shirt()) > 0.5
    # The two outlines start at random, so their points lie up to half a step (of 2.5 px) beside each other.
    assert float(error[inside].mean()) < 1
    assert float(error[inside].max()) < 2
    assert warped.reports[0].iou > 0.98
    assert warped.reports[0].folds == 0


def test_an_affine_map_of_a_shape_is_recovered(turned):
    assert turned.reports[0].iou > 0.97
    assert turned.reports[0].folds == 0
    back = (pixel_grid(SIZE).numpy() - [47.5, 63.5] - (4, -6)) @ np.linalg.inv(TURN).T + [47.5, 63.5]
    error = np.linalg.norm(turned.source_px[0].reshape(-1, 2).numpy() - back, axis=1).reshape(SIZE)
    assert error[_shirt(TURN, (4, -6)) > 0.5].mean() < 1.5


def test_the_reported_iou_is_that_of_the_returned_mask(turned):
    target = _batch(_shirt(TURN, (4, -6)))
    assert turned.reports[0].iou == iou(turned.mask > 0.5, target > 0.5)


def test_the_picture_is_white_outside_the_mask_and_both_stay_in_their_ranges(turned):
    assert turned.image.shape == (1, 3, *SIZE)
    assert turned.mask.shape == (1, 1, *SIZE)
    assert turned.image.dtype == turned.mask.dtype == torch.float32
    outside = (turned.mask == 0).expand_as(turned.image)
    assert outside.float().mean() > 0.5
    assert (turned.image[outside] == 1).all()
    assert turned.mask.min() == 0
    assert turned.mask.max() == 1
    assert turned.image.abs().max() <= 1 + 1e-6


def test_iou_is_worked_out_by_hand():
    a, b = torch.tensor([True, True, True, False, False]), torch.tensor([False, True, True, True, False])
    assert iou(a, b) == pytest.approx(2 / 4)
    assert iou(a, a) == 1
    assert iou(a, ~a) == 0
    assert iou(a & ~a, a & ~a) == 0


def _mirror(width: int) -> ThinPlateSpline:
    affine = torch.tensor([[[width - 1.0, 0], [-1, 0], [0, 1]]]).double()
    return ThinPlateSpline(torch.zeros(1, 3, 2).double(), torch.zeros(1, 3, 2).double(), affine)


def test_a_mirrored_map_folds_everywhere():
    fit = fit_warp(_shirt(), _shirt(), CONFIG, np.random.default_rng(0))
    mirror = _mirror(fit.size[1])
    mirrored = apply_warp(
        [_spline(fit, mirror, mirror)], _flat((9, 9, 9), _shirt()), _batch(_shirt()), _batch(_shirt())
    )
    assert mirrored.reports[0].folds == 1
    assert mirrored.reports[0].iou > 0.99  # the shirt is its own mirror image
    assert mirrored.reports[0].round_trip_px < 1e-6


def test_the_folds_of_a_map_folded_by_hand_are_counted():
    # Four corners stay, and two points left and right of the middle change places: the strip between them runs back.
    before = np.array([[0, 0], [95, 0], [0, 127], [95, 127], [38, 64], [58, 64]], float)
    after = before[[0, 1, 2, 3, 5, 4]]
    fit = fit_warp(_shirt(), _shirt(), CONFIG, np.random.default_rng(0))
    folded = _spline(fit, fit_between(after, before, 0), fit_between(before, after, 0))
    warped = apply_warp([folded], _flat((9, 9, 9), _shirt()), _batch(_shirt()), _batch(_shirt()))
    map_px = warped.source_px[0].numpy()
    (xy, xx), (yy, yx) = np.gradient(map_px[..., 0]), np.gradient(map_px[..., 1])
    garment = warped.mask[0, 0].numpy() > 0.5
    expected = ((xx * yy - xy * yx)[garment] <= 0).mean()
    assert 0.02 < expected < 0.9
    assert warped.reports[0].folds == pytest.approx(expected, abs=0.02)


def test_an_affine_map_comes_back_from_its_round_trip():
    corners = np.array([[10, 10], [80, 15], [12, 110], [70, 100], [40, 60]], float)
    moved = corners @ TURN.T + [9, 4]
    fit = fit_warp(_shirt(), _shirt(), CONFIG, np.random.default_rng(0))
    affine = _spline(fit, fit_between(corners, moved, 5), fit_between(moved, corners, 5))
    warped = apply_warp([affine], _flat((9, 9, 9), _shirt()), _batch(_shirt()), _batch(_shirt()))
    assert warped.reports[0].round_trip_px < 1e-6
    assert warped.reports[0].bending_energy < 1e-9


def test_a_round_trip_through_another_map_is_reported_in_pixels_of_the_picture():
    shift = np.array([[10, 10], [80, 15], [12, 110], [70, 100]], float)
    config = WarpConfig(match=ShapeContextConfig(height=64))  # one pixel there is two of the picture
    fit = fit_warp(_shirt(), _shirt(), config, np.random.default_rng(0))
    wrong = _spline(fit, fit_between(shift, shift + np.array([3, 0]), 0), fit_between(shift, shift, 0))
    warped = apply_warp([wrong], _flat((9, 9, 9), _shirt()), _batch(_shirt()), _batch(_shirt()))
    assert warped.reports[0].round_trip_px == pytest.approx(6, abs=1e-6)


def test_a_spline_found_at_another_scale_is_applied_in_the_pictures_own_frame():
    source, target = _shirt(), _shirt(TURN, (4, -6))
    ious = []
    for height in (64, 128):
        config = WarpConfig(match=ShapeContextConfig(height=height))
        fit = fit_warp(source, target, config, np.random.default_rng(0))
        assert fit.size == (height, height * 3 // 4)
        ious.append(apply_warp([fit], _flat((9, 9, 9), source), _batch(source), _batch(target)).reports[0].iou)
    assert min(ious) > 0.95


def test_crisp_keeps_the_half_level_and_narrows_a_ramp():
    ramp = (torch.arange(41) / 20 - 0.52).clamp(0, 1).expand(1, 1, 9, 41)  # 0.05 a pixel
    sharp = crisp(ramp)
    assert torch.equal(sharp > 0.5, ramp > 0.5)
    assert int(((ramp > 0.01) & (ramp < 0.99)).sum()) == 9 * 20
    assert int(((sharp > 0.01) & (sharp < 0.99)).sum()) == 9
    assert float(sharp[0, 0, 4, 20]) == pytest.approx((0.48 - 0.5) / 0.05 + 0.5, abs=1e-4)


def test_crisp_leaves_an_edge_one_pixel_wide_as_it_is():
    edge = torch.tensor([0.0, 0, 0, 0.5, 1, 1, 1]).expand(1, 1, 5, 7)
    torch.testing.assert_close(crisp(edge), edge)


def test_crisp_leaves_flat_masks_as_they_are():
    for value in (0.0, 1.0):
        assert (crisp(torch.full((1, 1, 5, 5), value)) == value).all()


def test_a_batch_of_two_is_warped_as_two_of_one():
    masks = [(_shirt(), _shirt(TURN)), (_shirt(TURN), _shirt(shift=(3, 2)))]
    fits = [fit_warp(*pair, CONFIG, np.random.default_rng(i)) for i, pair in enumerate(masks)]
    colours = [_flat((200, 30, 40), masks[0][0]), _flat((20, 60, 140), masks[1][0])]
    sources, targets = (torch.cat([_batch(pair[i]) for pair in masks]) for i in (0, 1))
    together = apply_warp(fits, torch.cat(colours), sources, targets)
    for i in range(2):
        alone = apply_warp(fits[i : i + 1], colours[i], sources[i : i + 1], targets[i : i + 1])
        torch.testing.assert_close(together.image[i], alone.image[0], atol=1e-5, rtol=0)
        torch.testing.assert_close(together.mask[i], alone.mask[0], atol=1e-5, rtol=0)
        assert together.reports[i].iou == alone.reports[0].iou


@pytest.fixture
def samples(labels_of_a_person, mask_of_a_garment):
    """Two pairs at 64x48."""
    made = []
    for number in range(2):
        mask = mask_of_a_garment((64, 48), number)
        image = np.where(mask[..., None] > 0, np.array([200, 30, 40]), 255).astype(np.uint8)
        photo = np.full((64, 48, 3), 90, np.uint8)
        person = Person(f"p{number}", photo, labels_of_a_person((64, 48), number), np.zeros((18, 3), np.float32))
        made.append(Sample(person, Clothing(f"c{number}", image, mask * np.uint8(255))))
    return made


def test_a_sample_is_warped_the_same_whatever_was_warped_before(samples):
    fresh = warp_sample(samples[0], CONFIG, CIHP, 0)
    np.random.seed(99)
    torch.manual_seed(99)
    warp_sample(samples[1], CONFIG, CIHP, 0)
    again = warp_sample(samples[0], CONFIG, CIHP, 0)
    assert torch.equal(fresh.image, again.image)
    assert fresh.reports == again.reports


def test_another_seed_or_another_name_starts_the_outlines_elsewhere(samples):
    fresh = warp_sample(samples[0], CONFIG, CIHP, 0)
    other_seed = warp_sample(samples[0], CONFIG, CIHP, 1)
    renamed = samples[0]._replace(person=samples[0].person._replace(id="somebody"))
    assert not torch.equal(fresh.source_px, other_seed.source_px)
    assert not torch.equal(fresh.source_px, warp_sample(renamed, CONFIG, CIHP, 0).source_px)
    garment = fresh.mask[0, 0] > 0.5
    assert float((fresh.source_px - other_seed.source_px)[0][garment].norm(dim=1).mean()) < 2


def test_the_target_is_the_garment_of_the_parsing(samples):
    warped = warp_sample(samples[0], CONFIG, CIHP, 0)
    target = torch.from_numpy(samples[0].person.parsing == 5)
    assert warped.reports[0].iou == iou(warped.mask[0, 0] > 0.5, target)
    assert warped.reports[0].iou > 0.85


def _antialiased(colour: tuple[int, int, int], mask: np.ndarray) -> torch.Tensor:
    share = mask[..., None]
    return to_tensor((share * np.array(colour) + (1 - share) * 255).round().astype(np.uint8))


@pytest.mark.parametrize("picture", [_flat, _antialiased])
@pytest.mark.parametrize("target", [_shirt(TURN, (4, -6)), _shirt(1.35 * np.eye(2))], ids=["turned", "stretched"])
@pytest.mark.parametrize("colour", [(200, 30, 40), (0, 0, 0), (255, 255, 255), (17, 130, 251)])
def test_a_flat_garment_keeps_its_colour_and_shows_no_seam(colour, target, picture):
    source = _shirt(shift=(0.3, 0.4))  # its edge lies between pixels, as on every reduced photograph
    if picture is _flat:
        source = (source > 0.5).astype(float)
    fit = fit_warp(source, target, CONFIG, np.random.default_rng(0))
    warped = apply_warp([fit], picture(colour, source), _batch(source), _batch(target))
    pixels, whole = to_pixels(warped.image), warped.mask[0, 0].numpy() == 1
    assert whole.sum() > 1000
    assert (pixels[whole] == colour).all()
    # The edge pixels, freed of the white that the mask lets in, have the garment's colour too: no pale seam.
    edge = (warped.mask > 0.3) & (warped.mask < 1)
    bare = (warped.image - (1 - warped.mask)) / warped.mask.clamp(min=0.3)
    wanted = to_tensor(np.array(colour, np.uint8)[None, None])
    assert int(edge.sum()) > 50
    assert float(((bare - wanted).abs() * edge).max()) < 1 / 255


def test_only_pixels_that_are_part_background_are_recoloured():
    rng = torch.Generator().manual_seed(0)
    clothing = torch.rand(1, 3, *SIZE, generator=rng) * 2 - 1
    mask = _batch(_shirt(shift=(0.3, 0.4)))
    solid = without_background(clothing, mask)
    whole = (mask == 1).expand_as(clothing)
    assert torch.equal(solid[whole], clothing[whole])
    far = torch.nn.functional.max_pool2d(mask, 5, 1, 2).expand_as(clothing) == 0
    assert torch.equal(solid[far], clothing[far])
    assert not torch.equal(solid, clothing)


def _as_warped(image: torch.Tensor, mask: torch.Tensor) -> Warped:
    return Warped(image * mask + (1 - mask), mask, torch.zeros(1, *SIZE, 2), [])


def test_pasting_with_an_empty_mask_leaves_the_photo_unchanged():
    photo, clothing = torch.rand(1, 3, *SIZE) * 2 - 1, torch.rand(1, 3, *SIZE) * 2 - 1
    assert torch.equal(paste(photo, _as_warped(clothing, torch.zeros(1, 1, *SIZE))), photo)


def test_pasting_with_a_full_mask_gives_the_clothing():
    photo, clothing = torch.rand(1, 3, *SIZE) * 2 - 1, torch.rand(1, 3, *SIZE) * 2 - 1
    torch.testing.assert_close(paste(photo, _as_warped(clothing, torch.ones(1, 1, *SIZE))), clothing)


def test_pasting_with_a_half_mask_blends_both_and_no_white():
    photo, clothing = torch.full((1, 3, *SIZE), -1.0), torch.full((1, 3, *SIZE), -0.5)
    pasted = paste(photo, _as_warped(clothing, torch.full((1, 1, *SIZE), 0.5)))
    torch.testing.assert_close(pasted, torch.full_like(pasted, -0.75))
