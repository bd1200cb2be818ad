"""Letters as strokes, for words on clothes: our own shapes, so that no font file or drawing library can change them."""

from __future__ import annotations

from functools import cache

import numpy as np

from viton.synthetic.shapes import Floats, as_points, open_curve

CAP = 12.0  # height of a letter in its own units; y runs up from the baseline

# Strokes are parted by "|", points by spaces; a stroke that begins with "~" is a smooth curve.
SHAPES = {
    "A": "0,0 4,12 8,0|1.5,4 6.5,4", "D": "0,0 0,12|~0,12 3.4,11.8 6.6,9.6 7.6,6 6.6,2.4 3.4,0.2 0,0",
    "E": "6.6,12 0,12 0,0 6.6,0|0,6.2 5.8,6.2", "F": "6.6,12 0,12 0,0|0,6 5.6,6",
    "G": "~7.8,9.6 6.4,11.5 4.2,12 1.4,10.6 0.2,6 1.4,1.4 4.2,0 6.4,0.5 8,2|8,2 8,5.4 5,5.4",
    "I": "0,0 0,12", "J": "5,12 5,3.6|~5,3.6 4.4,1 2.6,0 0.8,0.8 0,2.6", "K": "0,0 0,12|7,12 0,5|2.3,7.1 7.4,0",
    "L": "0,12 0,0 6.2,0", "M": "0,0 0,12 4.6,3.4 9.2,12 9.2,0", "N": "0,0 0,12 7.6,0 7.6,12",
    "O": "~4.2,12 1.4,10.6 0.1,6 1.4,1.4 4.2,0 7,1.4 8.3,6 7,10.6 4.2,12",
    "P": "0,0 0,12|~0,12 3.8,11.9 6.4,10.6 6.9,8.8 6.2,6.8 3.8,5.7 0,5.6",
    "R": "0,0 0,12|~0,12 3.8,11.9 6.4,10.6 6.9,8.8 6.2,6.8 3.8,5.7 0,5.6|3.6,5.6 7.4,0",
    "S": "~6.8,9.9 5.6,11.5 3.7,12 1.4,11.2 0.6,9.2 1.8,7.2 4.4,6 6.6,4.6 7.1,2.6 5.8,0.6 3.5,0 1.3,0.6 0,2.3",
    "T": "0,12 8,12|4,12 4,0", "U": "0,12 0,4.2|~0,4.2 0.9,1.2 3.8,0 6.7,1.2 7.6,4.2|7.6,4.2 7.6,12",
    "V": "0,12 4,0 8,12", "Z": "0,12 7,12 0,0 7.2,0",
    "0": "~3.4,12 1,10.4 0.1,6 1,1.6 3.4,0 5.8,1.6 6.7,6 5.8,10.4 3.4,12", "1": "0.4,9.8 3,12 3,0",
    "2": "~0.3,9 1.5,11.4 3.6,12 6,11 6.5,8.6 5,5.6 2.6,2.8 0,0|0,0 7,0",
    "3": "~0.5,10.6 3,12 5.6,11.2 6.2,9 4.8,6.9 2.6,6.4|~2.6,6.4 5.4,5.8 6.8,3.4 5.4,0.8 3,0 0.1,1.5",
    "4": "5.4,0 5.4,12 0,3.6 7.4,3.6",
    "5": "6.4,12 1,12 0.6,6.8|~0.6,6.8 3.2,7.6 6,6.4 6.8,3.8 5.6,1 3,0 0,1.2",
    "6": "~6,11.2 3.8,12 1.2,10 0.1,5 1,1.2 3.4,0 6,1 6.8,3.6 5.6,6.4 3.4,7 1,5.8 0.2,4.2",
    "7": "0,12 7,12 2.4,0",
    "8": "~3.4,6.4 1,7.8 0.8,10.4 3.4,12 6,10.4 5.8,7.8 3.4,6.4 0.8,4.6 0.2,2 3.4,0 6.6,2 6,4.6 3.4,6.4",
    "9": "~0.8,0.8 3,0 5.6,2 6.7,7 5.8,10.8 3.4,12 0.8,11 0,8.4 1.2,5.6 3.4,5 5.8,6.2 6.6,7.8",
}  # fmt: skip


@cache
def strokes(letter: str) -> tuple[Floats, ...]:
    """The strokes (K,2) of a letter. Raises KeyError for one that is not there."""
    found = []
    for stroke in SHAPES[letter].split("|"):
        points = as_points([[float(n) for n in pair.split(",")] for pair in stroke.lstrip("~").split()])
        found.append(open_curve(points, 5 * len(points)) if stroke[0] == "~" else points)
    return tuple(found)


def written(word: str, gap: float = 3.4) -> tuple[list[Floats], float]:
    """All strokes of a word in a row, y running down from the top of its letters, and its width."""
    lines: list[Floats] = []
    at = 0.0
    for letter in word:
        shape = () if letter == " " else strokes(letter)
        lines += [np.stack([stroke[:, 0] + at, CAP - stroke[:, 1]], 1) for stroke in shape]
        at += max([float(stroke[:, 0].max()) for stroke in shape], default=4.0) + gap
    return lines, at - gap
