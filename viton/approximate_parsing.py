"""An approximate parsing from a person's outline, joints and colours, where no parser has been run. h, w.

No network: parts are where capsules (segments with a radius) about the joints are, and bare skin is told from cloth by
the face's colours. Every label is a guess; a picture that is made with it has to say so.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.errors import InputError
from viton.images import Pixels
from viton.keypoints import COCO18, Keypoints
from viton.parsing import CIHP

Floats = NDArray[np.float32]
Point = NDArray[np.float32]

# Radii in widths of the shoulders (joint to joint), and places in torsos; our choice, looked at on made-up people.
UPPER_ARM, FOREARM, HAND = 0.24, 0.20, 0.36  # HAND: by how much of the forearm a hand goes on beyond the wrist
LEG = 0.30
NECK = 0.20
HEM = 0.05  # torsos below the hips where an upper garment ends
FACE = 0.42  # half the face's width, in distances of nose and neck
CHIN = 0.4  # from the nose downwards, in the same; BROW: upwards
BROW = 0.55
THROAT = 0.65  # of the way from nose to neck, where the throat ends: the collar covers the rest
SMOOTH = 0.03  # widths of the shoulders over which the verdict between skin and cloth is averaged


def approximate_parsing(outline: Pixels, keypoints: Keypoints, photo: Pixels) -> Pixels:
    """CIHP labels (h,w) of somebody upright who faces the camera.

    outline: (h,w) in {0,1}.  keypoints: (18,3) px; shoulders and hips have to be seen.  photo: (h,w,3).
    Labels given: face, hair, neck, upper_clothes, pants, arms; raises InputError when shoulders or hips are unseen.

    1. Below the hem (`HEM` under the hips) everything is pants.
    2. Above the shoulders and near the head: an ellipse about the nose is face, the rest hair; below the chin neck.
    3. Arms are capsules from shoulder to elbow, wrist and hand. What has skin's colour there is arm, else sleeve.
    4. All else is upper_clothes.
    """
    joints = {name: keypoints[place, :2] for place, name in enumerate(COCO18) if keypoints[place, 2] > 0}
    needed = ("right_shoulder", "left_shoulder", "right_hip", "left_hip", "neck")
    if lacking := [name for name in needed if name not in joints]:
        raise InputError("approximate parsing", "shoulders and hips", f"no {lacking[0]}")
    size, person = (outline.shape[0], outline.shape[1]), outline > 0
    wide = max(1.0, float(np.linalg.norm(joints["left_shoulder"] - joints["right_shoulder"])))
    labels = np.where(person, CIHP.labels.index("upper_clothes"), 0).astype(np.uint8)
    labels[person & _below_hem(joints, size)] = CIHP.labels.index("pants")
    face = _paint_head(labels, person, joints, wide)
    skin = _likeness_to_skin(photo, face, _torso(joints, size) & person)
    head = _dilated(face, 0.25 * wide)
    for side in ("left", "right"):
        arm = _arm(joints, side, wide, size) & person & ~head
        labels[arm & (_averaged(skin, arm, SMOOTH * wide) > 0)] = CIHP.labels.index(f"{side}_arm")
    return labels


def capsule(a: Point, b: Point, radius: float, size: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels (H,W) within a radius of the segment from `a` to `b`, (x, y) each."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    along, square = b - a, float(((b - a) ** 2).sum())
    share = ((x - a[0]) * along[0] + (y - a[1]) * along[1]) / max(square, 1e-6)
    share = share.clip(0, 1)
    off = np.hypot(x - a[0] - share * along[0], y - a[1] - share * along[1])
    return np.asarray(off <= radius)


def _dilated(mask: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) <= radius) & mask.any()


def _below_hem(joints: dict[str, Point], size: tuple[int, int]) -> NDArray[np.bool_]:
    """What lies below the hem (H,W): a line through both hips, moved down along the body."""
    left, right = joints["left_hip"], joints["right_hip"]
    middle, down = (left + right) / 2, (left + right) / 2 - joints["neck"]
    start = middle + HEM * down
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    return np.asarray((x - start[0]) * down[0] + (y - start[1]) * down[1] > 0)


def _torso(joints: dict[str, Point], size: tuple[int, int]) -> NDArray[np.bool_]:
    """The quadrangle of shoulders and hips, drawn in by a fifth so that it is cloth."""
    corners = np.array([joints[name] for name in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")])
    corners = corners.mean(axis=0) + 0.8 * (corners - corners.mean(axis=0))
    ink = np.zeros(size, np.uint8)
    cv2.fillConvexPoly(ink, np.rint(corners).astype(np.int32), 1)
    return ink > 0


def _paint_head(labels: Pixels, person: NDArray[np.bool_], joints: dict[str, Point], wide: float) -> NDArray[np.bool_]:
    """Paint face, hair and neck into the labels (H,W); returns where the face is."""
    size, neck = (labels.shape[0], labels.shape[1]), joints["neck"]
    parts = [joints[name] for name in ("nose", "right_eye", "left_eye", "right_ear", "left_ear") if name in joints]
    if not parts:
        return np.zeros(size, bool)
    nose = joints["nose"] if "nose" in joints else np.asarray(np.mean(parts, axis=0), np.float32)
    reach = max(2.0, float(np.linalg.norm(neck - nose)))
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    centre, tall = nose[1] + (CHIN - BROW) / 2 * reach, (CHIN + BROW) / 2 * reach
    face = person & (((x - nose[0]) / (FACE * reach)) ** 2 + ((y - centre) / tall) ** 2 <= 1)
    shoulders = min(joints["left_shoulder"][1], joints["right_shoulder"][1])
    above = (y < nose[1] + CHIN * reach) & (np.abs(x - nose[0]) < 0.75 * wide)
    labels[person & above & (y < shoulders)] = CIHP.labels.index("hair")
    throat = capsule(nose, nose + THROAT * (neck - nose), NECK * wide, size) & (y >= nose[1] + 0.8 * CHIN * reach)
    labels[person & throat] = CIHP.labels.index("neck")
    labels[face] = CIHP.labels.index("face")
    return face


def _arm(joints: dict[str, Point], side: str, wide: float, size: tuple[int, int]) -> NDArray[np.bool_]:
    """The arm's capsules, as far as its joints are seen."""
    names = [f"{side}_{name}" for name in ("shoulder", "elbow", "wrist")]
    arm = np.zeros(size, bool)
    if all(name in joints for name in names[:2]):
        arm |= capsule(joints[names[0]], joints[names[1]], UPPER_ARM * wide, size)
    if all(name in joints for name in names[1:]):
        elbow, wrist = joints[names[1]], joints[names[2]]
        arm |= capsule(elbow, wrist + HAND * (wrist - elbow), FOREARM * wide, size)
    return arm


def _likeness_to_skin(photo: Pixels, face: NDArray[np.bool_], torso: NDArray[np.bool_]) -> Floats:
    """How much nearer colours (H,W) are to the face's than to the torso's, in [-1,1]; -1 without either."""
    if not face.any() or not torso.any():
        return np.full(face.shape, -1, np.float32)
    lab = cv2.cvtColor(photo, cv2.COLOR_RGB2LAB).astype(np.float32)
    weight = np.array([0.5, 1, 1], np.float32)  # light changes along an arm, hue does not
    to_face, *to_cloth = (_distance(lab, colour, weight) for colour in _middles(lab, face, torso))
    return np.tanh((np.min(to_cloth, axis=0) - to_face) / 20)  # so that no pixel outvotes its neighbours alone


def _averaged(values: Floats, where: NDArray[np.bool_], radius: float) -> Floats:
    """Values (H,W) averaged over their neighbours within a region (H,W)."""
    weight, sigma = where.astype(np.float32), max(0.5, radius)
    total = cv2.GaussianBlur(weight, (0, 0), sigma)
    return np.asarray(cv2.GaussianBlur(values * weight, (0, 0), sigma) / (total + 1e-6), np.float32)


def _middles(lab: Floats, face: NDArray[np.bool_], torso: NDArray[np.bool_]) -> Sequence[Floats]:
    """The face's middle colour, and the torso's three usual ones: cloth may be striped or printed."""
    found = np.asarray(lab[torso][:: max(1, int(torso.sum()) // 2000)], np.float32)
    stop = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 20, 1.0)
    count = min(3, len(found))
    cv2.setRNGSeed(0)
    _, _, centres = cv2.kmeans(found, count, np.empty(0), stop, 1, cv2.KMEANS_PP_CENTERS)
    return [np.median(lab[face], axis=0).astype(np.float32), *centres]


def _distance(lab: Floats, colour: Floats, weight: Floats) -> Floats:
    return np.asarray(np.sqrt((((lab - colour) * weight) ** 2).sum(axis=2)), np.float32)
