"""Which layouts there are, and which of them a folder has. A plain dictionary: another layout is another line."""

from __future__ import annotations

from pathlib import Path

from viton.data.coco import Coco
from viton.data.cp_vton import CpVton
from viton.data.dataset import Dataset
from viton.data.dresscode import DressCode
from viton.data.viton_2018 import Viton
from viton.data.viton_hd import VitonHd
from viton.errors import UsageError

LAYOUTS: dict[str, type[Dataset]] = {layout.layout: layout for layout in (VitonHd, CpVton, DressCode, Viton, Coco)}


def open_dataset(root: Path, split: str, layout: str | None = None) -> Dataset:
    """A split of a dataset folder, by the layout that is named, or else by its folders.

    Raises UsageError for an unknown layout or split, InputError when folders are missing.
    """
    if layout is not None and layout not in LAYOUTS:
        raise UsageError(f"layout: expected one of {', '.join(LAYOUTS)}, got '{layout}'")
    return LAYOUTS[layout or layout_of(root, split)](root, split)


def layout_of(root: Path, split: str) -> str:
    """The layout whose folders are there; viton-hd, whose errors name what is missing, where none fits."""
    found = next((name for name, layout in LAYOUTS.items() if layout.is_laid_out(root, split)), None)
    return found or VitonHd.layout
