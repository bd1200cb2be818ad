"""Answers from everywhere become one table: each once, checked, whatever order the files come in."""

import csv
import io
import shutil
from collections import Counter

import pytest

from tests.viton_eval.study.incoming import alternate, by_trial, filled, own, results, table, text_of, write  # noqa: F401
from viton.errors import InputError
from viton_eval.study.answers import FURTHER, read_answers
from viton_eval.study.export import export_study
from viton_eval.study.frozen import read_study
from viton_eval.study.ingest import SALT, Sources, ingest, summary
from viton_eval.study.sheets_pdf import printed


def test_sheets_go_out_are_filled_and_come_back(own, write, tmp_path):  # noqa: F811
    out = tmp_path / "out"
    export_study(own, "pdf", out, [1, 2])
    for rater in (1, 2):
        (out / f"rater-{rater}.csv").write_text(table(filled(own, rater, alternate)))
    done = ingest(own, Sources(sheet=[out]))
    expected = {(f"sheet-{r}", one.trial): alternate(one.trial) for r in (1, 2) for one in printed(own, r)}
    assert by_trial(done.answers) == expected == by_trial(read_answers(own.folder / "answers.csv", own))
    assert {one.source for one in done.answers} == {"sheet"}
    assert done.added == len(expected)


def test_a_and_b_are_left_and_right_in_any_letters_and_nothing_is_no_answer(own, write):  # noqa: F811
    words = ["A", "b", " left ", "RIGHT", "l", "R", "", "  "]
    trials = [trial.trial for trial in printed(own, 1)]
    said = dict(zip(trials, words, strict=False))
    done = ingest(own, Sources(sheet=[write("a.csv", table(filled(own, 1, said.__getitem__)))]))
    sides = [one.answer for one in sorted(done.answers, key=lambda one: trials.index(one.trial))]
    assert sides == ["left", "right", "left", "right", "left", "right"]
    assert done.unanswered == Counter(sheet=2)


def test_ties_are_answers_where_the_study_has_them(make, own, write, tmp_path):  # noqa: F811
    tied = make(tmp_path / "tied", methods=("alpha", "beta"), limit=2, ties=True, gold=0, repeats=0)
    done = ingest(tied, Sources(sheet=[write("a.csv", table(filled(tied, 1, lambda trial: "Tie")))]))
    assert {one.answer for one in done.answers} == {"tie"}
    with pytest.raises(InputError, match=r"b.csv:2: answer: expected A, B, left, right, L, R or nothing, got 'Tie'"):
        ingest(own, Sources(sheet=[write("b.csv", table(filled(own, 1, lambda trial: "Tie")))]))


def test_a_batch_goes_out_is_worked_on_and_comes_back(own, write):  # noqa: F811
    done = ingest(own, Sources(mturk=[write("results.csv", table(results(own, alternate)))]))
    choices = [trial.trial for trial in own.trials if trial.task == "choice"]
    assert {one.trial: one.answer for one in done.answers} == {name: alternate(name) for name in choices}
    assert {(one.source, one.response_ms, one.answered_at, one.late) for one in done.answers} == {
        ("mturk", "1500", "2026-11-24T09:30:00Z", "0")
    }
    assert len({one.rater for one in done.answers}) == len(results(own, alternate))
    assert done.unanswered == Counter()  # the empty trials of a short block are none


def test_work_beyond_the_block_s_time_is_late(own, write):  # noqa: F811
    took = {"WorkTimeInSeconds": str(own.settings.block_seconds + 1)}
    done = ingest(own, Sources(mturk=[write("results.csv", table(results(own, alternate, **took)))]))
    assert {one.late for one in done.answers} == {"1"}


def test_the_time_since_begin_decides_where_the_page_tells_it(own, write):  # noqa: F811
    limit = own.settings.block_seconds
    for spent, late in ((limit * 1000, "0"), (limit * 1000 + 1, "1")):
        took = {"WorkTimeInSeconds": str(limit + 300), "Answer.block_ms": str(spent)}
        done = ingest(own, Sources(mturk=[write("r.csv", table(results(own, alternate, **took)))]), anew=True)
        assert {one.late for one in done.answers} == {late}


def test_workers_are_told_apart_but_not_named(own, write):  # noqa: F811
    rows = results(own, alternate, worker=lambda number: f"AWORKER{number // 2}")
    done = ingest(own, Sources(mturk=[write("results.csv", table(rows))]))
    named = {one.trial: one.rater for one in done.answers}
    by_worker = {row["WorkerId"]: {named[row["Input.trial_1"]]} for row in rows}
    for row in rows:
        by_worker[row["WorkerId"]].add(named[row["Input.trial_1"]])
    assert all(len(raters) == 1 for raters in by_worker.values())
    assert len(set.union(*by_worker.values())) == len(by_worker)
    for path in own.folder.iterdir():
        assert path.is_dir() or b"AWORKER" not in path.read_bytes()
    assert (own.folder / SALT).stat().st_mode & 0o077 == 0


def test_a_worker_with_blocks_of_several_raters_has_one_vote_a_comparison(make, write, tmp_path):  # noqa: F811
    tripled = make(tmp_path / "tripled", limit=3, votes=3, per_rater=9, flashes=0, repeats=2)
    rows = results(tripled, alternate, worker=lambda number: "AWORKER" if number % 3 else f"AOTHER{number}")
    for number, row in enumerate(rows):  # what comes later in the design was answered first
        row["SubmitTime"] = f"Tue Nov 24 01:{59 - number:02d}:00 PST 2026"
    path, backwards = write("m.csv", table(rows)), write("b.csv", table(rows[::-1]))
    done = ingest(tripled, Sources(mturk=[path]))
    whose = {row[f"Input.trial_{k}"]: row["WorkerId"] for row in rows for k in range(1, 6)}
    main = [trial for trial in tripled.trials if trial.kind == "main"]
    last = {(whose[trial.trial], trial.comparison): trial.trial for trial in main}
    assert {one.trial for one in done.answers if tripled.by_name[one.trial].kind == "main"} == set(last.values())
    assert done.left_out[FURTHER] == len(main) - len(last) > 0
    assert f"{len(main) - len(last)} further votes of a rater" in summary(tripled, done)[-1]
    other = {trial.trial for trial in tripled.trials if trial.kind in ("gold", "repeat")}
    assert other <= {one.trial for one in done.answers}
    before = text_of(tripled)
    for half in (rows[::2], rows[1::2]):
        ingest(tripled, Sources(mturk=[write("half.csv", table(half))]))
        assert text_of(tripled) == before
    ingest(tripled, Sources(mturk=[backwards]), anew=True)
    assert text_of(tripled) == before


def test_two_studies_give_one_worker_different_names(study, write, tmp_path):  # noqa: F811
    found = []
    for name in ("a", "b"):
        one = read_study(shutil.copytree(study.folder, tmp_path / name))
        found.append({a.rater for a in ingest(one, Sources(mturk=[write("r.csv", table(results(one, alternate)))]))[0]})
    assert not found[0] & found[1]


def test_without_the_salt_workers_would_be_doubled_so_it_is_asked_for(own, write):  # noqa: F811
    path = write("r.csv", table(results(own, alternate)))
    ingest(own, Sources(mturk=[path]))
    before = text_of(own)
    (own.folder / SALT).unlink()
    with pytest.raises(InputError, match=f"{SALT}: expected what the workers of answers.csv were named with"):
        ingest(own, Sources(mturk=[path]))
    assert text_of(own) == before
    assert not (own.folder / SALT).exists()


def test_rejected_assignments_are_left_out_and_taken_out(own, write):  # noqa: F811
    rows = results(own, alternate)
    ingest(own, Sources(mturk=[write("r.csv", table(rows))]))
    rows[0]["AssignmentStatus"], rows[1]["AssignmentStatus"] = "Rejected", "Approved"
    rows[0]["Answer.answer_1"] = ""  # no answer, and so none that is left out
    lost = [rows[0][f"Input.trial_{k}"] for k in range(1, own.settings.block_trials + 1)]
    for path in [write("r.csv", table(rows))] * 2:
        done = ingest(own, Sources(mturk=[path]))
        assert not {one.trial for one in done.answers} & set(lost)
        assert done.left_out["of rejected assignments"] == sum(map(bool, lost)) - 1
    assert rows[1]["Input.trial_1"] in {one.trial for one in done.answers}


@pytest.mark.parametrize(("delimiter", "head"), [(";", ""), ("\t", ""), (",", "\ufeff"), (";", "\ufeff")])
def test_spreadsheets_of_other_countries_are_read(own, write, delimiter, head):  # noqa: F811
    text = table(filled(own, 1, alternate), delimiter) + f"{delimiter * 2}\r\n"
    done = ingest(own, Sources(sheet=[write("a.csv", head + text)]))
    assert len(done.answers) == len(printed(own, 1))


def test_the_template_for_other_programs_comes_back_with_what_was_filled_in(own, write, tmp_path):  # noqa: F811
    export_study(own, "csv", tmp_path / "out", [1])
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out/answers_template.csv").read_text())))
    for row in rows[:3]:
        row |= {"rater": "p-17", "answer": "left", "response_ms": "812.5"}
    done = ingest(own, Sources(csv=[write("back.csv", table(rows))]))
    assert [(one.rater, one.trial, one.source, one.response_ms) for one in done.answers] == [
        ("p-17", row["trial"], "csv", "812.5") for row in sorted(rows[:3], key=lambda row: row["trial"])
    ]
    choices = {trial.trial for trial in own.of_rater(1) if trial.task == "choice"}
    assert done.unanswered == Counter(csv=len(choices) - 3)
