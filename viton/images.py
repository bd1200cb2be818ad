"""Pictures on disk (uint8) and in the networks (float32 in [-1, 1]). The only 127.5 in the project.

B batch, H, W. Files are decoded by Pillow, which refuses a truncated JPEG where OpenCV fills it with grey, and
keeps the indices of a palette PNG where OpenCV turns them into colours.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from viton.errors import InputError
from viton.files import write_bytes

Pixels = NDArray[np.uint8]
EIGHT_BIT = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")  # Pillow clips 16-bit grey to white
LARGEST = 2**26  # pixels; a few bytes may claim more, and every step holds them several times


def to_signed(pixels: Tensor) -> Tensor:
    """uint8 (B,3,H,W) in 0..255 -> float32 in [-1,1]."""
    return pixels.float() / 127.5 - 1


def to_uint8(image: Tensor) -> Tensor:
    """float (B,3,H,W) in [-1,1] -> uint8 in 0..255, rounded; values outside are clamped."""
    return ((image.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def to_tensor(pixels: Pixels) -> Tensor:
    """uint8 (H,W,3) -> float32 (1,3,H,W) in [-1,1]."""
    return to_signed(torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None])


def to_pixels(image: Tensor) -> Pixels:
    """float (1,3,H,W) or (3,H,W) in [-1,1] -> uint8 (H,W,3)."""
    return np.ascontiguousarray(to_uint8(image.reshape(image.shape[-3:])).permute(1, 2, 0).cpu().numpy())


def to_unit(mask: Pixels) -> NDArray[np.float64]:
    """uint8 mask in 0..255 -> float64 in [0,1], same shape."""
    return mask / 255.0


def to_mask_pixels(mask: Tensor) -> Pixels:
    """float mask (1,1,H,W) in [0,1] -> uint8 (H,W) in 0..255."""
    return (mask.clamp(0, 1) * 255).round().to(torch.uint8).reshape(mask.shape[-2:]).cpu().numpy()


def _opened(path: Path) -> Image.Image:
    """The decoded picture; raises InputError when it is missing, damaged or not a picture."""
    if not path.is_file():
        raise InputError(path, "a picture", "no such file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:  # closes the file, also of a damaged picture
                if picture.width * picture.height > LARGEST:
                    got = f"{picture.width}x{picture.height}"
                    raise InputError(path, f"a picture of at most {LARGEST // 10**6} million pixels", got)
                picture.load()
    except InputError:
        raise
    except UnidentifiedImageError as error:
        raise InputError(path, "a picture", "a file that is not one") from error
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        Image.DecompressionBombWarning,
        Image.DecompressionBombError,
    ) as error:
        raise InputError(path, "a whole picture", str(error).splitlines()[0]) from error
    if picture.mode not in EIGHT_BIT:
        raise InputError(path, "a picture of 8 bits a channel", f"mode {picture.mode}")
    return picture


def load_rgb(path: Path) -> Pixels:
    """Read a picture as uint8 (H,W,3) RGB, turned upright by its EXIF flag; what is transparent becomes white."""
    picture = ImageOps.exif_transpose(_opened(path))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return np.array(picture.convert("RGB"))


def is_plain_jpeg(path: Path) -> bool:
    """Whether a sound picture is a JPEG that needs no turning upright, so that every program shows it as `load_rgb`."""
    with Image.open(path) as picture:
        return picture.format == "JPEG" and picture.getexif().get(ExifTags.Base.Orientation, 1) == 1


def load_mask(path: Path) -> Pixels:
    """Read a mask as uint8 (H,W) in {0,1}: grey >= 128 is 1, which undoes what JPEG does to its edges."""
    return (np.array(_opened(path).convert("L")) >= 128).astype(np.uint8)


def load_labels(path: Path) -> Pixels:
    """Read a label map as uint8 (H,W) of indices; raises InputError unless it is a palette or grey 8-bit picture."""
    picture = _opened(path)
    if picture.mode not in ("P", "L"):
        raise InputError(path, "a palette or grey 8-bit label map", f"mode {picture.mode}")
    return np.array(picture)


def save_png(path: Path, pixels: Pixels) -> None:
    """Write uint8 (H,W) or (H,W,3) RGB as PNG, whole or not at all."""
    write_bytes(path, encode(pixels, ".png"))


def encode(pixels: Pixels | NDArray[np.uint16], suffix: str, quality: int = 95) -> bytes:
    """uint8 (for .png also uint16) (H,W) or (H,W,3) RGB -> the bytes of a .png or .jpg file, equal for equal pixels."""
    ordered = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else [cv2.IMWRITE_PNG_COMPRESSION, 4]
    done, data = cv2.imencode(suffix, ordered, options)
    if not done:
        raise ValueError(f"encode: expected a suffix that OpenCV writes, got {suffix!r}")
    return data.tobytes()


def encode_labels(labels: Pixels, palette: list[tuple[int, int, int]]) -> bytes:
    """uint8 (H,W) of indices -> the bytes of a palette PNG, as the parsing maps of VITON-HD are stored."""
    picture = Image.fromarray(labels, mode="P")
    picture.putpalette([channel for colour in palette for channel in colour])
    stream = io.BytesIO()
    picture.save(stream, format="PNG")
    return stream.getvalue()
