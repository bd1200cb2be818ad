"""How much fine detail pictures have beside photos: what adversarial training adds and averaging takes away.

B batch, H, W. Wrong detail counts as much as right detail: figures to tune by, not to score by.
"""

from __future__ import annotations

from torch import Tensor

FLAT = 1e-6  # gradient energy below which a photo counts as flat; keeps the ratio finite


def gradient_energy(image: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean of |dx| + |dy| over pixels and channels, a scalar >= 0.

    image: (B,3,H,W) in [-1,1].  mask: (B,1,H,W) in [0,1], where to look; without it everywhere.
    """
    image = image.float()
    dx = (image[..., :-1, 1:] - image[..., :-1, :-1]).abs()  # (B, 3, H - 1, W - 1)
    dy = (image[..., 1:, :-1] - image[..., :-1, :-1]).abs()
    energy = (dx + dy).mean(dim=1, keepdim=True)
    if mask is None:
        return energy.mean()
    weight = mask[..., :-1, :-1]
    return (energy * weight).sum() / weight.sum().clamp(min=1)


def sharpness(image: Tensor, photo: Tensor, worn_mask: Tensor) -> dict[str, Tensor]:
    """Gradient energy of pictures over that of photos: 1 is as sharp as the photos, less is blurred.

    image, photo: (B,3,H,W) in [-1,1].  worn_mask: (B,1,H,W), the garment in the photo.  Returns `gradient_energy` of
    whole pictures, and `garment_gradient_energy` where the garment is, for a method that copies the rest of the photo.
    Ratios of the batch's means, not means of ratios: where garments change places within a batch, a plain one on the
    wearer of a striped one is no blur.
    """
    energy = gradient_energy(image) / gradient_energy(photo).clamp(min=FLAT)
    of_garment = gradient_energy(image, worn_mask) / gradient_energy(photo, worn_mask).clamp(min=FLAT)
    return {"gradient_energy": energy, "garment_gradient_energy": of_garment}
