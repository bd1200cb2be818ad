"""What `viton-eval score` prints: the numbers of its rows, in lines that a terminal does not wrap."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from viton import console
from viton.checkpoint import StageFolder
from viton.data.viton_hd import VitonHd
from viton.extractors import AttributeReader
from viton.images import load_rgb, save_png
from viton.judge import JudgeFeatures
from viton_eval.cli import app
from viton_eval.score_screen import WIDTH, score_screen
from viton_eval.score_tables import ROW

MEASURES = ("ssim", "ssim_inside", "psnr", "lpips_alex_face_hair", "fid", "kid", "proxy_inception_score")
VALUES = dict(zip(MEASURES, (0.74312, 0.5, 22.3456, 0.0623, 123.4, -0.00123, 3.25), strict=True))


def rows_of(methods, measures=MEASURES, n=160):
    rows = []
    for method in methods:
        for measure in measures:
            value = VALUES[measure]
            low, high = (np.nan, np.nan) if measure == "fid" else (value - abs(value) / 9, value + abs(value) / 9)
            row = {"method": method, "measure": measure, "value": value, "low": low, "high": high, "n": n, "of": 160}
            rows.append(
                row | {"mode": "truth", "beside": "true try-ons", "size": "128x96", "extractor": "", "note": ""}
            )
    return pd.DataFrame(rows).reindex(columns=ROW)


def heads(text, methods):
    """Which methods stand in each table's heading."""
    return [line.split() for line in text.splitlines() if line.split() and set(line.split()) <= {*methods}]


@pytest.mark.parametrize("count", range(1, 7))
def test_up_to_six_methods_stand_in_lines_of_100_columns_with_every_number_once(count):
    methods = ["non-parametric", "viton", "crn", "prgan", "cagan", "encoder-decoder"][:count]
    text = score_screen(rows_of(methods), "ours")
    assert max(map(len, text.splitlines())) <= WIDTH
    assert [name for head in heads(text, methods) for name in head] == methods
    assert text.count("0.743") == count
    assert text.count("22.3") == count
    assert text.count("psnr") == len(heads(text, methods)) == (1 if count < 5 else 2)
    pictures = score_screen(rows_of("abcdef"[:count], [name for name in MEASURES if name != "kid"]), "ours")
    assert heads(pictures, "abcdef") == [[*"abcdef"[:count]]]


def test_few_methods_have_their_interval_beside_and_many_below_in_as_many_decimals():
    few = score_screen(rows_of(["a", "b"], ("psnr", "fid", "kid")), "ours").splitlines()
    assert "95% intervals in brackets" in few[0]
    assert few[-3].split() == ["psnr", *["22.35", "[19.86,", "24.83]"] * 2]
    assert few[-2].split() == ["fid", "to", "true", "try-ons", "123.4", "123.4"]
    assert few[-1].split()[4:] == ["-0.001230", "[-0.001367,", "-0.001093]"] * 2
    many = score_screen(rows_of("abcd", ("psnr", "fid", "kid")), "ours").splitlines()
    assert "95% intervals below, low..high" in " ".join(many[:2])
    assert [line.split() for line in many[-6:]] == [
        [*"abcd"],
        ["psnr", *["22.3"] * 4],
        ["19.9..24.8"] * 4,
        ["fid", "to", "true", "try-ons", *["123"] * 4],
        ["kid", "to", "true", "try-ons", *["-0.0012"] * 4],
        ["-0.0014..-0.0011"] * 4,
    ]


def test_pairs_that_do_not_count_and_measures_that_one_method_lacks_are_seen():
    rows = pd.concat([rows_of("abcd", ("ssim", "psnr"), n=150), rows_of("e", ("ssim",))], ignore_index=True)
    lines = score_screen(rows, "ours").splitlines()
    assert lines[-4].split() == ["ssim", *["0.743", "n=150"] * 4, "0.743"]
    assert lines[-2].split() == ["psnr", *["22.3", "n=150"] * 4, "-"]


def test_names_too_long_for_a_line_have_a_table_each():
    methods = ["m" * 90, "n" * 90]
    text = score_screen(rows_of(methods, ("ssim",)), "ours")
    assert heads(text, methods) == [[name] for name in methods]


def test_what_is_absent_is_told_with_why_and_of_whom_and_moves_no_cursor():
    absent = {"value": np.nan, "low": np.nan, "high": np.nan, "n": 0}
    rows = rows_of("ab", ("ssim", "psnr"))
    rows.loc[rows["measure"] == "psnr", list(absent)] = list(absent.values())
    rows.loc[1, "note"], rows.loc[3, "note"] = "absent: \x1b[2Jwhy \x9b1m" + "word " * 40, "absent: other"
    text = score_screen(rows, "ours")
    assert "psnr (a): absent: ?[2Jwhy ?1mword word" in text
    assert "psnr (b): absent: other" in text
    assert max(map(len, text.splitlines())) <= WIDTH
    nothing = rows[rows["measure"] == "psnr"]
    assert "psnr (b): absent: other" in score_screen(nothing, "ours")


def test_the_command_prints_the_numbers_of_its_csv_and_where_the_rest_is(
    scored_world, truths, tmp_path, monkeypatch, capsys
):
    rng, data = np.random.default_rng(0), VitonHd(scored_world, "test")
    for pair in data.pairs("test_pairs.txt"):
        noise = rng.integers(-40, 41, (64, 48, 3))
        noisy = (load_rgb(truths / f"{pair.name}.png") + noise).clip(0, 255).astype(np.uint8)
        save_png(tmp_path / f"noisy/{pair.name}.png", noisy)
    torch.manual_seed(0)
    reader = AttributeReader(JudgeFeatures(4))
    StageFolder(tmp_path / "judge").finish({"judge": reader}, {"stage": "judge", "steps": 1})
    out, names = tmp_path / "scores.csv", ["truth", "noisy-1", "noisy-2", "noisy-3", "noisy-4", "noisy-5"]
    words = [word for name in names for word in ("--results", f"{name}={truths if name == 'truth' else 'noisy'}")]
    words += ["--judge", "judge", "--extractor", "judge=judge", "--out", str(out)]
    told = ["viton-eval", "score", "--data", str(scored_world), "--pairs", "test_pairs.txt", *words]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", told)
    with pytest.raises(SystemExit) as ended:
        console.run(app)
    assert ended.value.code == 0
    said = capsys.readouterr()
    assert max(map(len, said.out.splitlines())) <= WIDTH
    rows = pd.read_csv(out).set_index(["method", "measure"])
    lines = [line.split() for line in said.out.splitlines()]
    shown = [line[1:] for line in lines if line[:1] == ["l1_garment"]]
    values = [word for line in shown for word in line if not word.startswith("n=")]
    assert [float(word) for word in values] == pytest.approx(rows["value"].loc[names, "l1_garment"].tolist(), rel=5e-3)
    assert "lpips: absent: needs a backbone's weights" in said.out
    assert str(out.with_suffix(".md")) in said.err
    monkeypatch.setattr(sys, "argv", [*told, "--json"])
    with pytest.raises(SystemExit):
        console.run(app)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(printed) == len(rows)
    assert {*printed[0]} == {*ROW}
