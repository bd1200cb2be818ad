"""Other folders that circulate: told by the names in them, so that the answer is not only `no such folder`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from viton.data.dataset import SPLITS
from viton.data.traps import Problem, trapped


class Repack(NamedTuple):
    """A folder's signs (globs below ROOT, of which all must be there), what it is, and what to do about it."""

    called: str
    signs: tuple[str, ...]
    mend: str


GP_MEND = (
    "rename cloth_mask-bytedance to cloth-mask, and take image-parse-v3 of VITON-HD itself: parse-bytedance has labels"
    " of its own (21, 22, 24, 25 are sleeves, 14 is face, 15 and 16 are arms)"
)
REPACKS = (
    Repack("GP-VTON's repack of Dress Code", ("*/parse-bytedance", "*/cloth_align"), (
        "take images, label_maps and keypoints of Dress Code itself: parse-bytedance has labels of its own"
    )),
    Repack("GP-VTON's repack of VITON-HD", ("*/parse-bytedance",), GP_MEND),
    Repack("GP-VTON's repack of VITON-HD", ("*/cloth_mask-bytedance",), GP_MEND),
    Repack("ACGPN's repack of VITON", ("*_label", "*_colormask"), (
        "move *_img to image, *_color to cloth, *_edge to cloth-mask, *_pose to pose, and renumber *_label, whose table"
        " is ACGPN's own (4 upper clothes, 8 pants, 11 and 13 arms, 12 face), to LIP"
    )),
    Repack("PF-AFN's test set (Flow-Style-VTON's too)", ("test_img", "test_clothes", "test_edge"), (
        "it has neither label maps nor joints, which the methods here need: take CP-VTON's, whose test list is the same"
    )),
    Repack("PF-AFN's training set (Flow-Style-VTON's too)", ("VITON_traindata",), (
        "take CP-VTON's, which has the same pictures in folders that are read here"
    )),
    Repack("C-VTON's repack of VITON", ("*/image_parse_with_hands",), (
        "take image-parse of CP-VTON: image_parse_with_hands has labels that C-VTON added"
    )),
    Repack("C-VTON's repack of VITON", ("*/image_body_parse",), (
        "take image-parse of CP-VTON: image_body_parse is DensePose's body parts, no garments"
    )),
)  # fmt: skip


def looks_like(root: Path) -> Iterator[Problem]:
    """The repacks whose folders are there, each once; a folder one step too high or too low is one, too."""
    found = next((each for each in REPACKS if all(_any(root, sign) for sign in each.signs)), None)
    if found:
        yield trapped(
            "another-layout", root, "a layout that is read here", f"what looks like {found.called}", found.mend
        )
        return
    if (root / "image").is_dir() and (root / "cloth").is_dir():
        got = "the folders image and cloth themselves"
        yield trapped(
            "another-layout", root, "a folder with train, val or test", got, f"name the folder above: {root}/.."
        )
        return
    for path in _folders(root):
        if any((path / split / "image").is_dir() for split in SPLITS) or (path / "women_top").is_dir():
            got = f"the dataset in {path.name}/"
            yield trapped("another-layout", root, "a dataset folder", got, f"name the folder below: {path}")
            return


def _any(root: Path, sign: str) -> bool:
    return any(path.is_dir() for path in root.glob(sign))


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
