"""Names of dataset layouts, and what their folders tell without a file being opened. Light, as config.py is.

viton/data/layouts.py has the layouts themselves; a test compares the two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

LayoutName = Literal["viton-hd", "cp-vton", "dresscode", "viton", "coco"]
SPLIT_NAMES = ("train", "val", "test")
DRESS_CODE = ("images", "keypoints", "label_maps")  # folders of a category


def listed_layout(root: Path) -> LayoutName | None:
    """The layout of a folder whose splits are lists, of names or of annotations; None where each is a folder."""
    if (root / "women_top").is_dir():
        return "viton"
    if any((root / "annotations").glob("person_keypoints*.json")):
        return "coco"
    return "dresscode" if all((root / name).is_dir() for name in DRESS_CODE) else None


def has_split(root: Path, split: str) -> bool:
    """Whether a dataset has a split: a folder of that name, or lists of it."""
    layout = listed_layout(root)
    if layout == "viton":
        return any(root.glob(f"viton_{split}_pairs*.txt")) or (root / f"viton_{split}_images.txt").is_file()
    if layout == "dresscode":
        return any(root.glob(f"{split}_pairs*.txt"))
    if layout == "coco":
        names = (f"person_keypoints_{split}*.json", *(["person_keypoints.json"] if split == "test" else []))
        return any(path for name in names for path in (root / "annotations").glob(name))
    return (root / split).is_dir()


def pairs_file(root: Path, name: str | Path) -> Path:
    """A pairs file under a dataset's root; `test_pairs.txt` is what the layout calls its own such list.

    Of train, val and test alike: VITON has `viton_test_pairs.txt`, Dress Code `test_pairs_unpaired.txt`.
    """
    path, layout = root / name, listed_layout(root)
    if (
        path.is_file()
        or layout not in ("viton", "dresscode")
        or Path(name).name not in {f"{split}_pairs.txt" for split in SPLIT_NAMES}
    ):
        return path
    own = f"viton_{path.name}" if layout == "viton" else f"{path.stem}_unpaired.txt"
    return path.with_name(own) if path.with_name(own).is_file() else path
