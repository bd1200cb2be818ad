"""Files of an analysis: captions that a paper can print, notes with the rest, no table of what nobody was asked."""

import re

import pytest

from tests.viton_eval.study.made_up import answered, said, study_of
from viton_eval.study.analyse import MARK, analyse
from viton_eval.study.analysis_files import write_analysis
from viton_eval.study.captions import CAPTIONS, caption


def analysis_of(flashes=0, **more):
    study = study_of(("a", "b"), pairs=6, votes=2, per_rater=6, flashes=flashes)
    answers = answered(study, lambda trial: "a", **more)
    answers += [said(study, trial, "real", **more) for trial in study.trials if trial.task == "flash"]
    return analyse(study, answers, draws=100)


def test_every_table_has_a_caption_of_one_or_two_sentences(tmp_path):
    found = analysis_of(flashes=4)
    write_analysis(tmp_path, found)
    assert {name.removeprefix("all-") for name in found.tables()} == set(CAPTIONS)
    for name in found.tables():
        words = caption(name)
        assert len(words) < 180
        assert 1 <= len(re.findall(r"\.(?: |$)", words)) <= 2
        tex, md = ((tmp_path / name).with_suffix(suffix).read_text() for suffix in (".tex", ".md"))
        assert len(re.search(r"\\caption\{(.*)\}", tex)[1]) < 200
        assert md.endswith(f"\n\n{words}\n")
        assert "Davidson" not in md + tex


def test_the_notes_say_all_that_the_captions_do_not(tmp_path):
    found = analysis_of()
    write_analysis(tmp_path, found)
    lines = (tmp_path / "notes.md").read_text().splitlines()
    assert len(lines) == 2 + 1 + len(found.protocol)
    assert lines[2].startswith("- In 12 two-alternative votes of 2 raters")
    assert "Davidson" in "".join(lines)


def test_no_table_of_flashes_where_nobody_was_asked_one_and_none_of_an_earlier_analysis_stays(tmp_path):
    names = {f"{who}flashes{suffix}" for who in ("", "all-") for suffix in (".csv", ".tex", ".md")}
    written = write_analysis(tmp_path, analysis_of(flashes=4))
    assert names <= {path.name for path in tmp_path.iterdir()} == {path.name for path in written}
    written = write_analysis(tmp_path, analysis_of())
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in written}
    assert not names & {path.name for path in written}


@pytest.mark.parametrize("suffix", [".tex", ".md"])
def test_simulated_raters_are_said_in_every_caption_and_in_the_notes(tmp_path, suffix):
    write_analysis(tmp_path, analysis_of(source="simulated"))
    files = sorted(tmp_path.glob(f"*{suffix}"))
    assert len(files) > 8
    assert all(MARK in path.read_text() and path.name.startswith("simulated-") for path in files)
