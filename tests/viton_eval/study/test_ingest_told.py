"""What `study ingest` says: counts, blank files, questions left, and places that two have answered."""

import re
from collections import Counter

from tests.viton_eval.study.incoming import alternate, filled, own, results, serve, table, verb, write  # noqa: F401
from viton_eval.study.answers import read_answers
from viton_eval.study.ingest import Sources, ingest, summary
from viton_eval.study.sheets_pdf import printed


def test_what_came_in_is_told(own, write, verb):  # noqa: F811
    rows = results(own, lambda trial: "" if trial.endswith("-1") else "left")
    rows[1]["AssignmentStatus"] = "Rejected"
    sheet = write("s.csv", table(filled(own, 1, lambda trial: "A" if trial == "1-1" else "")))
    done = verb("ingest", own.folder, "--mturk", write("m.csv", table(rows)), "--sheet", sheet)
    assert done.code == 0
    blocks = own.settings.block_trials
    choices = sum(trial.task == "choice" for trial in own.trials)
    rejected = sum(bool(rows[1][f"Answer.answer_{k}"]) for k in range(1, blocks + 1))
    count = choices - own.raters - rejected
    assert re.sub(r"\s+", " ", done.out) == (
        f"study {own.id}: {count + 1} answers (mturk {count}, sheet 1), {count + 1} of them new "
        f"raters: mturk {len(rows) - 1}, sheet 1 "
        f"not answered: mturk {own.raters}, sheet {len(printed(own, 1)) - 1} "
        f"left out: {rejected} of rejected assignments "
        "place 1 was answered by 2 raters: sheet-1 (sheet), workers of mturk; all of their answers count, so that its "
        "comparisons have more votes than others "
    )


def test_blank_files_are_no_success_and_nothing_is_written(own, write, verb):  # noqa: F811
    blank = [write(f"{name}.csv", table(filled(own, 1, lambda trial: ""))) for name in "ab"]
    done = verb("ingest", own.folder, "--sheet", blank[0], "--sheet", blank[1])
    asked = 2 * len(printed(own, 1))
    assert (done.code, done.out) == (1, "")
    assert "a.csv and 1 more: expected at least one answer (nothing was written)" in done.err
    assert f"got {asked} questions, none of them answered" in done.err
    assert not (own.folder / "answers.csv").exists()


def test_a_server_that_nobody_has_answered_is_no_success_either(own, serve, verb):  # noqa: F811
    served = serve(own)
    served.visitor().to_trial()
    done = verb("ingest", own.folder, "--server", served.store.path)
    assert (done.code, "expected at least one answer (nothing was written), got none" in done.err) == (1, True)


def test_blank_files_beside_others_are_named(own, write):  # noqa: F811
    good, blank = (write(f"{n}.csv", table(filled(own, n, lambda trial, n=n: "A" * (n == 1)))) for n in (1, 2))
    done = ingest(own, Sources(sheet=[good, blank]))
    assert done.blank == [str(blank)]
    assert f"blank: 1: {blank}" in summary(own, done)
    assert {one.rater for one in done.answers} == {"sheet-1"}


def test_who_withdraws_last_leaves_an_empty_table(own, serve):  # noqa: F811
    served = serve(own)
    visitor = served.visitor()
    visitor.walk(most=2)
    ingest(own, Sources([served.store.path]))
    visitor.post("withdraw")
    assert ingest(own, Sources([served.store.path])).answers == []
    assert read_answers(own.folder / "answers.csv", own) == []


def test_what_is_not_answered_is_counted_over_all_answers_whatever_call_brought_them(own, write, serve):  # noqa: F811
    first = write("s.csv", table(filled(own, 1, lambda trial: "A" if trial in ("1-1", "1-2") else "")))
    served = serve(own)
    for _ in range(2):
        served.visitor().walk(most=3)
    left = len(printed(own, 1)) - 2
    assert ingest(own, Sources(sheet=[first])).unanswered == Counter(sheet=left)
    ingest(own, Sources(sheet=[first]), anew=True)
    asked = sum(trial.rater in (1, 2) for trial in own.trials)  # on the page flashes are asked too
    done = ingest(own, Sources([served.store.path]))
    assert done.unanswered == Counter(sheet=left, server=asked - 6)
    assert f"not answered: server {asked - 6}, sheet {left}" in summary(own, done)


def test_a_place_that_two_have_answered_is_named_with_both(own, write, serve):  # noqa: F811
    served = serve(own)
    for _ in range(2):
        served.visitor().walk(most=4)
    names = [row["name"] for row in served.rows("sessions")]
    sheets = [write(f"{n}.csv", table(filled(own, n, alternate))) for n in (2, 3)]
    ingest(own, Sources([served.store.path]))
    done = ingest(own, Sources(sheet=sheets))  # another call: what came in before counts
    assert done.doubled == {2: sorted([f"{names[1]} (server)", "sheet-2 (sheet)"])}
    told = [line for line in summary(own, done) if line.startswith("place")]
    assert len(told) == 1
    assert told[0].startswith("place 2 was answered by 2 raters: ")


def test_workers_who_share_a_place_are_as_designed(own, write):  # noqa: F811
    done = ingest(own, Sources(mturk=[write("m.csv", table(results(own, alternate)))]))
    assert len({one.rater for one in done.answers}) > own.raters
    assert done.doubled == {}


def test_an_analysis_before_there_are_answers_says_how_they_come_in(own, serve, verb):  # noqa: F811
    done = verb("analyse", own.folder)
    assert done.code == 1
    assert f"run `viton-eval study ingest {own.folder} --server, --mturk, --sheet or --csv` first" in done.err
    votes = own.folder / "votes.sqlite3"
    votes.write_bytes(serve(own).store.path.read_bytes())
    done = verb("analyse", own.folder)
    assert (done.code, f"study ingest {own.folder} --server {votes}` first" in done.err) == (1, True)
    assert not (own.folder / "analysis").exists()


def test_a_folder_in_the_place_of_a_database_is_told_which_was_meant(own, serve, verb):  # noqa: F811
    served = serve(own)
    folder = served.store.path.parent
    done = verb("ingest", own.folder, "--server", folder)
    assert (done.code, f"got a folder (did you mean {served.store.path}?)" in done.err) == (1, True)
    done = verb("ingest", own.folder, "--server", own.folder)
    assert (
        done.code,
        done.err.endswith("expected the database of a study's server, votes.sqlite3, got a folder\n"),
    ) == (
        1,
        True,
    )
