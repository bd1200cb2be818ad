"""How each column of scores is told; light on purpose, for the report's pages are made with it."""

from __future__ import annotations

from typing import NamedTuple


class Measure(NamedTuple):
    """How a column of scores is told."""

    label: str
    better: str  # "less", "more", or "" where neither is better
    digits: int = 3


MEASURES = {
    "judge_garment": Measure("judge: garment", "less"),
    "judge_garment_alone": Measure("judge: garment in the true picture", "less"),
    "judge_garment_inside": Measure("judge: inside of garment", "less"),
    "judge_print": Measure("judge: print", "less"),
    "judge_occluders": Measure("judge: arms, hair in front", "less"),
    "judge_face_hair": Measure("judge: face, hair", "less"),
    "judge_neck": Measure("judge: neck", "less"),
    "judge_lower": Measure("judge: trousers, skirt, legs", "less"),
    "judge_whole": Measure("judge: whole picture", "less"),
    "ssim_inside": Measure("SSIM inside garment", "more"),
    "ssim": Measure("SSIM", "more"),
    "psnr": Measure("PSNR (dB)", "more", 2),
    "l1_garment": Measure("L1 garment", "less", 4),
    "l1_occluders": Measure("L1 arms, hair in front", "less", 4),
    "l1_neck": Measure("L1 neck", "less", 4),
    "l1_lower": Measure("L1 trousers, skirt, legs", "less", 4),
    "gradient": Measure("gradient energy / truth's", ""),
    "mask_iou": Measure("predicted mask IoU", "more"),
    "mask_size_error": Measure("garment size error", "less"),
    "warp_iou": Measure("warped clothing IoU", "more"),
    "end_point_px": Measure("warp end-point error (px)", "less", 2),
    "alpha_print": Measure("alpha on print", ""),
    "alpha_garment": Measure("alpha in garment", ""),
    "alpha_occluders": Measure("alpha on arms, hair in front", ""),
    "alpha_all_occluders": Measure("alpha over all that arms, hair hide", ""),
    "alpha_outside": Measure("alpha outside", ""),
    "alpha_warp": Measure("alpha in warped clothing", ""),
}
