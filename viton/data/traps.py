"""The known traps of try-on datasets: what each is called, what shows it, and how it is mended.

A problem that has a name here is one that users of the published code have met again and again; `docs/data.md` lists
them in the same words. A plain dictionary: another trap is another entry, and a test that builds it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Problem(NamedTuple):
    """One thing that is wrong (`error`: its sample cannot be used) or odd (`warning`)."""

    severity: Severity
    file: str
    expected: str
    got: str
    trap: str = ""  # its name in TRAPS, if it is a known one
    mend: str = ""  # what to do about it

    @property
    def line(self) -> str:
        """One line of printable signs: names of files are other people's."""
        named = f" [{self.trap}: {self.mend}]" if self.trap else ""
        text = f"{self.severity}: {self.file}: expected {self.expected}, got {self.got}{named}"
        return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


class Trap(NamedTuple):
    """A known mistake."""

    severity: Severity
    mend: str


TRAPS: dict[str, Trap] = {
    "segment-untransposed": Trap(
        "error", "store `segment` transposed, as segment.T; the layout keeps label maps on their side"
    ),
    "segment-uncropped": Trap(
        "error",
        "scale the map to its longer side and pad with 0 to a square of 641; elsewhere cut the padding off first",
    ),
    "segment-cropped": Trap(
        "error", "bring the longer side to 641 by nearest label, pad with 0 below or to the right, and transpose"
    ),
    "labels-on-their-side": Trap("error", "transpose the label map, so that it has its photo's width and height"),
    "coloured-label-map": Trap("error", "store label numbers as a palette or grey PNG, not the palette's colours"),
    "jpeg-label-map": Trap("error", "make the label maps again as PNG: JPEG has changed the numbers along every edge"),
    "other-label-map": Trap("error", "see which parser made the maps, and renumber them by the labels' names"),
    "body25-as-coco18": Trap("error", "take joints 0-7 and 9-18 of BODY_25; 8 is MidHip, 19 to 24 are feet"),
    "coco18-as-body25": Trap("error", "insert MidHip (the middle of 8 and 11) at 8, and six unseen feet at the end"),
    "joints-in-another-frame": Trap("warning", "scale the joints by the photo's size over the size they were found in"),
    "joints-off-the-person": Trap("warning", "see whether joints, label map and photo are of the same person"),
    "missing-joints": Trap("warning", "write a missing joint as 0, 0 with confidence 0"),
    "jpeg-mask": Trap("warning", "cut the mask at 128 and store it as PNG"),
    "mask-of-ones": Trap("error", "store the mask as 0 and 255, not as 0 and 1"),
    "mask-inverted": Trap("error", "invert the mask: 255 is the garment, 0 the background"),
    "no-clothing-mask": Trap("error", "put a mask that is drawn, or another program's, into cloth-mask/"),
    "train-pairs-unpaired": Trap("warning", "for training, pair everybody with the garment of the same name"),
    "paired-list-unpaired": Trap("warning", "use a list in which everybody keeps the own garment for paired numbers"),
    "self-pairs": Trap("warning", "leave them out of unpaired numbers: these people wear the garment already"),
    "leak-between-splits": Trap("warning", "take the picture out of the training split, or say so beside the numbers"),
    "same-picture-twice": Trap("warning", "keep one of the two, and its pairs"),
    "another-layout": Trap("error", "convert or rename the folders"),
}


def trapped(
    name: str, file: object, expected: str, got: str, mend: str = "", severity: Severity | None = None
) -> Problem:
    """A problem with the name of a trap; mend, severity: where this case has others than the trap."""
    trap = TRAPS[name]
    return Problem(severity or trap.severity, str(file), expected, got, name, mend or trap.mend)
