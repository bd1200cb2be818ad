"""What a check keeps: problems of a kind are capped and counted, pairs are not kept, fingerprints are small."""

import sys
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest

from viton.data.check import check
from viton.data.findings import MOST, Findings
from viton.data.leaks import NEAR, Pictures, are_same, fingerprint, small
from viton.data.pairs import scan_pairs
from viton.data.traps import Problem, trapped
from viton.errors import InputError
from viton.images import LARGEST, load_rgb


def test_of_a_kind_so_many_are_listed_and_the_rest_is_counted():
    found = Findings()
    found.add(Problem("error", str(number), "one thing", "another") for number in range(MOST + 7))
    found.add(trapped("self-pairs", number, "none", "some") for number in range(MOST + 2))
    found.add([Problem("warning", "a", "b", "c")] * 5)  # one problem, said five times
    report = found.report()
    assert len(report.problems) == 2 * MOST + 1
    assert report.unlisted == {"error without a name": 7, "warning self-pairs": 2}
    assert (report.errors, report.warnings) == (MOST + 7, MOST + 3)


def test_a_pairs_file_of_bad_lines_is_counted_to_the_last(tiny_hd):
    tiny_hd.pairs_path.write_text("".join(f"q{number} c1\n" for number in range(MOST + 50)) + "p1 c1\n")
    report = check(tiny_hd.root)
    assert (report.pairs, report.errors, len(report.problems)) == (1, MOST + 50, MOST)


def _most_memory(path: Path, lines: int) -> int:
    path.write_text("".join(f"p{number % 300:05}.jpg c{number // 300:05}.jpg\n" for number in range(lines)))
    tracemalloc.start()
    try:
        assert sum(1 for _ in scan_pairs(path, None, None)) == lines
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_line_of_a_pairs_file_takes_little_memory(tmp_path):
    few, many = (_most_memory(tmp_path / "pairs.txt", lines) for lines in (1_000, 20_000))
    assert (many - few) / 19_000 < 450  # bytes: its text, its pair and its number, to find it when it comes again


def test_a_name_with_signs_that_move_the_cursor_is_shown_as_it_is_written():
    line = Problem("error", "a\nb\x1b[2J\udcff", "x", "y").line
    assert line.isprintable()
    assert "\\n" in line
    assert "\\x1b" in line


@pytest.mark.parametrize(("quality", "size"), [(50, (256, 192)), (90, (128, 96)), (75, (512, 384))])
def test_a_picture_is_the_same_after_compression_and_resizing(shared_data, quality, size):
    for path in sorted((shared_data / "vitonhd_sample/test").glob("*/*.jpg")):
        if path.parent.name not in ("image", "cloth"):
            continue
        one = load_rgb(path)
        resized = cv2.resize(one, size[::-1], interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(".jpg", resized, [cv2.IMWRITE_JPEG_QUALITY, quality])
        other = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
        assert are_same(small(one), small(other)), path.name
        assert np.bitwise_count(fingerprint(one) ^ fingerprint(other)).sum() <= NEAR, path.name


def test_other_pictures_are_not_the_same(shared_data):
    pictures = [load_rgb(path) for path in sorted((shared_data / "vitonhd_sample/test/cloth").glob("*.jpg"))]
    smalls = [small(picture) for picture in pictures]
    assert not any(are_same(one, other) for k, one in enumerate(smalls) for other in smalls[:k])
    recoloured = small(pictures[0][..., ::-1].copy())
    assert not are_same(smalls[0], recoloured)  # a garment in another colour


def test_thousands_of_fingerprints_are_compared_and_kept_in_little_memory(tmp_path):
    random, pictures = np.random.default_rng(0), Pictures()
    path = tmp_path / "same.png"
    cv2.imwrite(str(path), random.integers(0, 255, (40, 30, 3), np.uint8))
    tracemalloc.start()
    for number in range(5000):
        pictures.add(
            path, "test", random.integers(0, 2**64, 4, np.uint64) if number != 4000 else np.arange(4, dtype="u8")
        )
    pictures.add(path, "train", np.arange(4, dtype="u8"))
    found = list(pictures.twice())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(each.split, each.earlier_split) for each in found] == [("train", "test")]
    assert peak < 5_000_000
    assert sys.getsizeof(pictures._words) < 5001 * 32 * 1.5


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path):
    path = tmp_path / "large.png"
    cv2.imwrite(str(path), np.zeros((8200, 8200), np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert LARGEST < 8200 * 8200
    with pytest.raises(InputError, match="at most 67 million pixels, got 8200x8200"):
        load_rgb(path)
