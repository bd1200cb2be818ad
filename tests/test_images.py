"""Pictures: what comes back from disk, and what is refused in one line."""

import io

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from viton.errors import InputError
from viton.images import (
    encode,
    encode_labels,
    load_labels,
    load_mask,
    load_rgb,
    save_png,
    to_mask_pixels,
    to_pixels,
    to_signed,
    to_tensor,
    to_uint8,
    to_unit,
)
from viton.parsing import PALETTE

RED = (200, 10, 10)


def _noise(height: int = 64, width: int = 48, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)


def _encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def test_all_256_values_come_back_exactly():
    values = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16).expand(1, 3, 16, 16)
    signed = to_signed(values)
    assert signed.dtype == torch.float32
    assert (signed.min(), signed.max()) == (-1, 1)
    assert torch.equal(to_uint8(signed), values)


def test_values_are_rounded_to_the_nearest_and_clamped():
    image = torch.tensor([-7.0, -1, 0.4 / 127.5 - 1, 0.6 / 127.5 - 1, 1, 3])
    assert to_uint8(image).tolist() == [0, 0, 0, 1, 255, 255]


def test_pixels_and_tensors_are_each_others_inverse():
    pixels = _noise()
    assert to_tensor(pixels).shape == (1, 3, 64, 48)
    np.testing.assert_array_equal(to_pixels(to_tensor(pixels)), pixels)
    np.testing.assert_array_equal(to_pixels(to_tensor(pixels)[0]), pixels)
    np.testing.assert_array_equal(to_pixels(to_tensor(pixels[:, ::-1])), pixels[:, ::-1])  # not contiguous


def test_all_256_shares_of_a_mask_come_back_exactly():
    mask = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(to_mask_pixels(torch.from_numpy(to_unit(mask))[None, None]), mask)


def test_a_png_comes_back_as_it_was_in_rgb_and_grey(tmp_path):
    pixels = _noise()
    save_png(tmp_path / "rgb.png", pixels)
    np.testing.assert_array_equal(load_rgb(tmp_path / "rgb.png"), pixels)
    save_png(tmp_path / "grey.png", pixels[..., 0])
    np.testing.assert_array_equal(load_labels(tmp_path / "grey.png"), pixels[..., 0])
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["grey.png", "rgb.png"]


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_equal_pixels_are_equal_bytes(suffix):
    assert encode(_noise(), suffix) == encode(_noise().copy(), suffix)


def test_a_suffix_that_cannot_be_written_is_refused():
    with pytest.raises((ValueError, cv2.error)):
        encode(_noise(), ".nonsense")


def test_a_palette_png_keeps_its_indices(tmp_path):
    labels = (np.arange(64 * 48) % 20).astype(np.uint8).reshape(64, 48)
    (tmp_path / "labels.png").write_bytes(encode_labels(labels, PALETTE))
    np.testing.assert_array_equal(load_labels(tmp_path / "labels.png"), labels)
    assert Image.open(tmp_path / "labels.png").mode == "P"
    colours = load_rgb(tmp_path / "labels.png")
    np.testing.assert_array_equal(colours, np.array(PALETTE, np.uint8)[labels])


def test_a_palette_of_four_bits_keeps_its_indices(tmp_path):
    labels = (np.arange(64 * 48) % 16).astype(np.uint8).reshape(64, 48)
    picture = Image.fromarray(labels).convert("L")
    paletted = Image.new("P", picture.size)
    paletted.putdata(labels.ravel().tolist())
    paletted.putpalette([value for colour in PALETTE[:16] for value in colour])
    paletted.save(tmp_path / "labels.png", bits=4)
    np.testing.assert_array_equal(load_labels(tmp_path / "labels.png"), labels)


def test_a_mask_survives_jpeg(tmp_path):
    mask = np.zeros((64, 48), np.uint8)
    mask[13:50, 7:40] = 255
    path = tmp_path / "mask.jpg"
    path.write_bytes(encode(mask, ".jpg", quality=60))
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert ((grey > 0) & (grey < 255)).any()  # JPEG has done something to it
    np.testing.assert_array_equal(load_mask(path), mask // 255)


def test_a_mask_is_one_from_128_on(tmp_path):
    save_png(tmp_path / "mask.png", np.array([[0, 127, 128, 255]], np.uint8))
    assert load_mask(tmp_path / "mask.png").tolist() == [[0, 0, 1, 1]]


def test_a_photo_is_turned_upright_by_its_exif_flag(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    (tmp_path / "a.jpg").write_bytes(_encoded(Image.fromarray(_noise()), "JPEG", exif=exif))
    assert load_rgb(tmp_path / "a.jpg").shape == (48, 64, 3)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_damaged_exif_block_does_not_stop_a_sound_photo(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    data = bytearray(_encoded(Image.fromarray(_noise()), "JPEG", exif=exif))
    start = data.index(b"Exif") + 6
    for junk in (b"\xff" * 20, b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 10):
        data[start : start + len(junk)] = junk
        (tmp_path / "a.jpg").write_bytes(data)
        assert load_rgb(tmp_path / "a.jpg").shape == (64, 48, 3)


def test_grey_and_cmyk_photos_become_rgb(tmp_path):
    Image.new("L", (48, 64), 77).save(tmp_path / "grey.jpg")
    assert np.abs(load_rgb(tmp_path / "grey.jpg").astype(int) - 77).max() <= 1
    Image.new("CMYK", (48, 64), (0, 255, 255, 0)).save(tmp_path / "cmyk.jpg")
    assert np.abs(load_rgb(tmp_path / "cmyk.jpg").astype(int) - (255, 0, 0)).max() <= 6


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white_and_not_what_lies_under_it(tmp_path, mode):
    pixels = np.zeros((64, 48, 4), np.uint8)  # black, and transparent but for a red box
    pixels[20:40, 10:30] = (*RED, 255)
    picture = Image.fromarray(pixels)
    if mode == "P":
        indices = Image.fromarray(pixels[..., 3] // 255).convert("L")
        picture = Image.new("P", indices.size)
        picture.putdata(list(indices.tobytes()))
        picture.putpalette([0, 0, 0, *RED])
        picture.save(tmp_path / "a.png", transparency=0)
    else:
        picture.convert(mode).save(tmp_path / "a.png")
    found = load_rgb(tmp_path / "a.png")
    assert (found[0, 0] == 255).all()
    assert tuple(found[30, 20]) == (RED if mode != "LA" else (67, 67, 67))


@pytest.mark.parametrize("load", [load_rgb, load_mask, load_labels])
def test_sixteen_bit_grey_is_refused_and_not_clipped_to_white(tmp_path, load):
    path = tmp_path / "deep.png"
    Image.fromarray(np.linspace(0, 65535, 64 * 48).reshape(64, 48).astype(np.uint16)).save(path)
    with pytest.raises(InputError, match=r"deep.png: expected .*8.bit.*, got mode I;16"):
        load(path)


@pytest.mark.parametrize("mode", ["F", "I", "LAB"])
def test_pictures_of_other_kinds_of_numbers_are_refused(tmp_path, mode):
    Image.new(mode, (48, 64)).save(tmp_path / "a.tiff")
    for load in (load_rgb, load_mask, load_labels):
        with pytest.raises(InputError, match=f"got mode {mode}"):
            load(tmp_path / "a.tiff")


def test_sixteen_bit_colour_is_read_by_its_upper_eight(tmp_path):
    deep = np.random.default_rng(0).integers(0, 65536, (64, 48, 3)).astype(np.uint16)
    assert cv2.imwrite(str(tmp_path / "a.png"), deep[..., ::-1])
    assert np.abs(load_rgb(tmp_path / "a.png").astype(int) - (deep >> 8)).max() <= 1


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "1", "CMYK"])
def test_a_label_map_that_is_a_coloured_picture_is_refused(tmp_path, mode):
    path = tmp_path / ("labels.jpg" if mode == "CMYK" else "labels.png")
    Image.new(mode, (48, 64)).save(path)
    with pytest.raises(InputError, match=f"palette or grey 8-bit label map, got mode {mode}"):
        load_labels(path)


def _bad_pictures() -> dict[str, bytes]:
    jpeg, png = encode(_noise(), ".jpg"), encode(_noise(), ".png")
    return {
        "half.jpg": jpeg[: len(jpeg) // 2],
        "almost.jpg": jpeg[:-40],
        "head.jpg": jpeg[:20],
        "half.png": png[: len(png) // 2],
        "flipped.png": png[:2000] + bytes([png[2000] ^ 255]) + png[2001:],
        "empty.jpg": b"",
        "text.jpg": b"this is not a picture",
        "page.png": b"<!doctype html><title>404</title>",
    }


@pytest.mark.parametrize("name", _bad_pictures())
@pytest.mark.parametrize("load", [load_rgb, load_mask, load_labels])
def test_a_damaged_picture_is_refused_in_one_line_that_names_it(tmp_path, load, name):
    path = tmp_path / name
    path.write_bytes(_bad_pictures()[name])
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: expected a ")
    assert ", got " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("load", [load_rgb, load_mask, load_labels])
def test_a_picture_that_is_not_there_is_refused(tmp_path, load):
    for path in (tmp_path / "absent.jpg", tmp_path):
        with pytest.raises(InputError, match="expected a picture, got no such file"):
            load(path)


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    save_png(tmp_path / "big.png", _noise())
    with pytest.raises(InputError, match=r"big\.png: expected a whole picture"):
        load_rgb(tmp_path / "big.png")
