"""Bare photos and product pictures -> a dataset in the layout of VITON-HD that `viton try-on` runs on.

ROOT/test/image/P.jpg                  cloth/C.jpg   cloth-mask/C.jpg
          image-parse-v3/P.png         openpose_json/P_keypoints.json
ROOT/test_pairs.txt                    every person with every garment
     provenance.json                   which estimators said so, and of what
     estimates.png                     what they said of the first people
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from viton.clothing_mask import MaskError, clothing_mask
from viton.data.dataset import PROVENANCE
from viton.data.targets import TARGETS, mask_bytes
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.estimate.estimates import Parser, Pose, of_person
from viton.files import sha256_of, write_bytes, write_json, write_text
from viton.images import Pixels, encode, is_plain_jpeg, load_mask, load_rgb
from viton.keypoints import Keypoints
from viton.parsing import CIHP, CLOTHING
from viton.provenance import provenance

SPLIT, PAIRS = "test", "test_pairs.txt"
LEAST = 64  # px of a photo's shorter side
SHOWN = 8  # people in estimates.png
PARTS = (1, 2, 5)  # neck and shoulders: without them a try-on has nothing to go by
OUTSIDE = 0.25  # share of the joints that may lie outside the photo
UNREADABLE = (".heic", ".heif", ".avif")


class Order(NamedTuple):
    """What is asked for."""

    photos: Sequence[Path]
    clothings: Sequence[Path]
    out: Path
    masks: Path | None = None  # folder of given masks, NAME.png
    overwrite: bool = False


class Written(NamedTuple):
    """A sample that is in the dataset."""

    id: str
    row: dict[str, object]  # for provenance.json


class Report(NamedTuple):
    """What came of it."""

    people: list[Written]
    clothings: list[Written]
    pairs: int
    problems: list[InputError]
    notes: list[str]


class Prepared(NamedTuple):
    """A photo and what was estimated of it."""

    photo: Pixels
    joints: Keypoints
    labels: Pixels
    notes: list[str]


def prepare(order: Order, pose: Pose, parser: Parser, progress: Callable[[int, int], None] | None = None) -> Report:
    """Write the dataset; a photo or picture that cannot be used is reported, and the rest goes on.

    progress: called with (done, total).   Raises InputError when names clash or OUT holds files and is not to be
    overwritten; nothing is written then.
    """
    check_order(order)
    for name in (PAIRS, PROVENANCE, "estimates.png"):  # of an earlier call
        (order.out / name).unlink(missing_ok=True)
    report = Report([], [], 0, [], [])
    jobs = [(path, True) for path in order.photos] + [(path, False) for path in order.clothings]
    for number, (path, is_person) in enumerate(jobs, 1):
        try:
            if is_person:
                report.people.append(_write_person(order, path, pose, parser, report.notes))
            else:
                report.clothings.append(_write_clothing(order, path))
        except InputError as error:
            report.problems.append(error)
        if progress:
            progress(number, len(jobs))
    own = sorted({each.id for each in report.people} & {each.id for each in report.clothings})
    report.notes.extend(
        f"{name}: photo and product picture of one name: taken for the person's own garment" for name in own
    )
    pairs = list(_pairs(report))
    if pairs:
        write_text(order.out / PAIRS, "".join(pairs))
        write_json(order.out / PROVENANCE, _provenance(report, pose, parser))
        _draw(order, report, pose, parser)
    return report._replace(pairs=len(pairs))


def check_order(order: Order) -> None:
    """Raises InputError for names that clash, an output folder in the way, or folders that are none."""
    for paths, what in ((order.photos, "photos"), (order.clothings, "product pictures")):
        ids = [id_of(path) for path in paths]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise InputError(order.out, f"{what} of different names", f"'{twice[0]}' twice")
    if order.masks is not None and not order.masks.is_dir():
        raise InputError(order.masks, "a folder of masks", "a file" if order.masks.exists() else "no such folder")
    out = order.out
    if out.exists() and not out.is_dir():
        raise InputError(out, "a folder", "a file")
    if out.is_dir() and any(out.iterdir()) and not order.overwrite:
        raise InputError(out, "an empty folder, or --overwrite", "a folder with files in it")
    for path in (*order.photos, *order.clothings):
        if not path.is_file():
            raise InputError(path, "a picture", "no such file")
        if not id_of(path).isprintable() or not id_of(path):  # bytes that are no text are not, either
            raise InputError(repr(path.name), "a file name that can be printed", "another")
        if out.resolve() in path.resolve().parents:
            raise InputError(path, "a picture outside the folder that is written", "one in it")


def id_of(path: Path) -> str:
    """A sample's id: the file's name without suffix, and with `_` for blanks and commas, which part pairs files."""
    return "_".join(path.stem.replace(",", " ").split())


def load_photo(path: Path) -> Pixels:
    """A picture as (H,W,3), upright, transparency white; raises InputError, for HEIC with what to do about it."""
    if path.suffix.lower() in UNREADABLE:
        raise InputError(
            path, "a JPEG, PNG or WebP picture (export it as one)", path.suffix.lower().lstrip(".").upper()
        )
    return load_rgb(path)


def _write_person(order: Order, path: Path, pose: Pose, parser: Parser, notes: list[str]) -> Written:
    """Estimate and then write a photo's three files."""
    name, target = id_of(path), TARGETS["viton-hd"]
    made = _estimated(path, pose, parser)
    places = {"split": SPLIT, "id": name}
    write_bytes(order.out / target.parsing.format(**places), target.labels(made.labels))
    write_bytes(order.out / target.keypoints.format(**places), target.joints(made.joints, made.photo.shape[:2]))
    write_bytes(order.out / target.image.format(**places), _jpeg(path, made.photo))  # last: it makes the sample
    notes += [f"{path}: {note}" for note in made.notes]
    return Written(name, {"photo": path.name, "sha256": sha256_of(path), "notes": made.notes})


def _estimated(path: Path, pose: Pose, parser: Parser) -> Prepared:
    photo = load_photo(path)
    if min(photo.shape[:2]) < LEAST:
        raise InputError(path, f"a photo of at least {LEAST} pixels a side", f"{photo.shape[1]}x{photo.shape[0]}")
    try:
        found = pose.joints(path.stem, photo)
        _expect_in(photo, found.joints, path)
        labels = of_person(parser.labels(path.stem, photo), found.joints)
    except InputError as error:  # estimators know a photo by its name alone
        raise (InputError(path, error.expected, error.got) if error.where == path.stem else error) from error
    if not np.isin(labels, CIHP.ids(CLOTHING["paper"])).any():
        raise InputError(path, "upper clothes, a dress or a coat, which are to be replaced", "none, by the labels")
    notes = [f"{found.people} people; the largest is taken"] if found.people > 1 else []
    unseen = [("neck", "right shoulder", "left shoulder")[number] for number, joint in enumerate(PARTS)
              if not found.joints[joint, 2] > 0]  # fmt: skip
    notes += [f"no {' and no '.join(unseen)} found; a try-on may be poor"] if unseen else []
    return Prepared(photo, found.joints, labels, notes)


def _expect_in(photo: Pixels, joints: Keypoints, path: Path) -> None:
    """Raises InputError for joints that cannot be this photo's: many outside it, or shares of its sides."""
    seen, sides = joints[joints[:, 2] > 0, :2], np.array(photo.shape[1::-1])
    outside = (seen >= sides).any(axis=1).mean() if len(seen) else 0.0
    are_shares = len(seen) > 1 and seen.max() <= 1
    if outside > OUTSIDE or are_shares:
        got = "numbers up to 1, such as shares" if are_shares else f"{outside:.0%} of them outside"
        raise InputError(path, f"joints in pixels of the photo, {sides[0]}x{sides[1]}", got)


def _write_clothing(order: Order, path: Path) -> Written:
    """Write a product picture and its mask."""
    name, target = id_of(path), TARGETS["viton-hd"]
    picture = load_photo(path)
    mask, told = _mask(order.masks, path, picture)
    places = {"split": SPLIT, "id": name}
    assert target.mask is not None
    write_bytes(order.out / target.mask.format(**places), mask_bytes(mask, ".jpg"))
    write_bytes(order.out / target.clothing.format(**places), _jpeg(path, picture))
    return Written(name, {"picture": path.name, "sha256": sha256_of(path), "mask": told})


def _mask(folder: Path | None, path: Path, picture: Pixels) -> tuple[Pixels, str]:
    """The mask (H,W) in {0,1}, and where it is from."""
    if folder is None:
        try:
            return clothing_mask(picture), "made from the picture"
        except MaskError as error:
            raise InputError(path, f"{error.expected} (or --masks FOLDER)", f"{error.got} ({error.reason})") from error
    found = next((folder / f"{path.stem}{suffix}" for suffix in (".png", ".jpg")
                  if (folder / f"{path.stem}{suffix}").is_file()), folder / f"{path.stem}.png")  # fmt: skip
    mask = load_mask(found)
    if mask.shape != picture.shape[:2]:
        expected = f"{picture.shape[1]}x{picture.shape[0]} like its picture"
        raise InputError(found, expected, f"{mask.shape[1]}x{mask.shape[0]}")
    if not mask.any() or mask.all():
        raise InputError(found, "a mask of the garment", "the whole picture" if mask.all() else "an empty mask")
    return mask, "given"


def _jpeg(path: Path, pixels: Pixels) -> bytes:
    """The file itself where it is a JPEG that every program shows alike, else the picture as JPEG."""
    return path.read_bytes() if is_plain_jpeg(path) else encode(pixels, ".jpg")


def _pairs(report: Report) -> Iterator[str]:
    """Every person with every garment, sorted."""
    for person in sorted(each.id for each in report.people):
        for clothing in sorted(each.id for each in report.clothings):
            yield f"{person}.jpg {clothing}.jpg\n"


def _draw(order: Order, report: Report, pose: Pose, parser: Parser) -> None:
    """A picture of the first people's joints and labels as they were written, to be looked at before they are used."""
    from viton.estimate.figures import Estimated, estimate_sheet  # matplotlib takes a second

    data, shown = VitonHd(order.out, SPLIT), []
    for name in sorted(each.id for each in report.people)[:SHOWN]:
        photo = load_rgb(data.people[name])
        size = (photo.shape[0], photo.shape[1])
        shown.append(Estimated(name, photo, data.read_keypoints(name, size), data.read_parsing(name, size)))
    title = "APPROXIMATE estimates: check them" if is_approximate(pose, parser) else "estimates"
    stream = io.BytesIO()
    estimate_sheet(shown, title).savefig(stream, format="png", dpi=150)
    write_bytes(order.out / "estimates.png", stream.getvalue())


def is_approximate(*sources: Pose | Parser) -> bool:
    """Whether any of them has never seen a photograph."""
    return any(bool(each.source.get("approximate")) for each in sources)


def _provenance(report: Report, pose: Pose, parser: Parser) -> dict[str, object]:
    return {
        **provenance(),
        "approximate": is_approximate(pose, parser),
        "pose": pose.source,
        "parsing": parser.source,
        "people": {each.id: each.row for each in report.people},
        "clothing": {each.id: each.row for each in report.clothings},
    }
