"""People as poor estimators would see them: the made-up world's noise in pose and parsing, on photographs unchanged.

Noise acts on joints and labels as they are stored, before they are framed, for it is made for a picture's own size: a
joint that is a hundredth of the height off is so at every working size. The same person has the same draws for every
method, garment and level, so that what two levels or methods differ in is no luck of the draw. h, w as stored; H, W.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from viton.coordinates import Size
from viton.data.dataset import Dataset
from viton.data.framing import fit_keypoints, padded
from viton.data.sample import Person
from viton.errors import InputError
from viton.images import Pixels, load_labels
from viton.keypoints import Keypoints, read_openpose_body25
from viton.parsing import CIHP, LabelMap
from viton.synthetic.noise import nested_labels, noisy_keypoints

POSE, PARSING, BOTH = "pose", "parsing", "both"
KINDS = (POSE, PARSING, BOTH)  # of noise: in what


class Seen(NamedTuple):
    """What lies on disk of a person beside the photo."""

    keypoints: Keypoints  # (18, 3) px of (h, w)
    labels: Pixels  # (h, w)


def seen_of(data: Dataset, person_id: str) -> Seen:
    """Joints and labels as stored; raises InputError for a bad file, and for labels that the noise is not made for."""
    expect_known_labels(data.root, data.label_map)
    joints = read_openpose_body25(data.keypoints_path(person_id))
    return Seen(joints, load_labels(data.parsing_path(person_id)))


def expect_known_labels(root: Path, label_map: LabelMap) -> None:
    """Raises InputError unless labels are those of the made-up world: by their numbers the noise knows arms."""
    if label_map != CIHP:
        raise InputError(root, f"{CIHP.name} labels, which the noise is made for", f"{label_map.name} labels")


def with_noise(person: Person, seen: Seen, size: Size, kind: str, level: float, seed: int) -> Person:
    """The person with noise of a kind in what estimators say; level 0 is the person as given.

    seen: of the same person.   seed: with the person's name and what the noise is in it fixes every draw.
    Raises ValueError for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got '{kind}'")
    if level and kind != PARSING:
        rng = np.random.default_rng(_draws(seed, person.id, POSE))
        moved = noisy_keypoints(seen.keypoints, seen.labels.shape[0], level, rng)
        person = person._replace(keypoints=fit_keypoints(moved, seen.labels.shape[:2], size))
    if level and kind != POSE:
        labels = nested_labels(seen.labels, level, _draws(seed, person.id, PARSING))
        person = person._replace(parsing=padded(labels, size, 0))
    return person


def _draws(seed: int, person_id: str, what: str) -> int:
    """The seed of what is drawn for a person; another experiment's seed, person or estimator draws independently."""
    return int.from_bytes(hashlib.sha256(f"{seed} {what} {person_id}".encode()).digest()[:8])
