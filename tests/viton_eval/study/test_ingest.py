"""Answers from everywhere become one table: each once, checked, whatever order the files come in."""

import csv
import io
import re
import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.viton_eval.study.incoming import alternate, filled, results, table, verb  # noqa: F401
from tests.viton_eval.study.visitor import Served
from viton.errors import InputError
from viton_eval.study.answers import FURTHER, Answer, read_answers
from viton_eval.study.export import export_study
from viton_eval.study.frozen import read_study
from viton_eval.study.ingest import SALT, WITHDRAWN, Sources, ingest, summary
from viton_eval.study.sheets_pdf import printed
from viton_eval.study.store import Store


@pytest.fixture
def own(study, tmp_path):
    """A copy of the study that may be written to."""
    return read_study(shutil.copytree(study.folder, tmp_path / "study"))


@pytest.fixture
def write(tmp_path):
    def written(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return written


@pytest.fixture
def serve(tmp_path):
    """Serve the study from a database of its own."""
    served = []

    def serving(study, name="server"):
        served.append(Served(study, tmp_path / name))
        return served[-1]

    yield serving
    for one in served:
        one.store.close()


def by_trial(answers):
    return {(one.rater, one.trial): one.answer for one in answers}


def text_of(study):
    return (study.folder / "answers.csv").read_bytes()


def of_server(study, rater, name, answer="left"):
    return [
        Answer(study.id, name, trial.trial, answer if trial.task == "choice" else "fake", "server", "900", late="0")
        for trial in study.of_rater(rater)
    ]


def test_sheets_go_out_are_filled_and_come_back(own, write, tmp_path):
    out = tmp_path / "out"
    export_study(own, "pdf", out, [1, 2])
    for rater in (1, 2):
        (out / f"rater-{rater}.csv").write_text(table(filled(own, rater, alternate)))
    done = ingest(own, Sources(sheet=[out]))
    expected = {(f"sheet-{r}", one.trial): alternate(one.trial) for r in (1, 2) for one in printed(own, r)}
    assert by_trial(done.answers) == expected == by_trial(read_answers(own.folder / "answers.csv", own))
    assert {one.source for one in done.answers} == {"sheet"}
    assert done.added == len(expected)


def test_a_and_b_are_left_and_right_in_any_letters_and_nothing_is_no_answer(own, write):
    words = ["A", "b", " left ", "RIGHT", "l", "R", "", "  "]
    trials = [trial.trial for trial in printed(own, 1)]
    said = dict(zip(trials, words, strict=False))
    done = ingest(own, Sources(sheet=[write("a.csv", table(filled(own, 1, said.__getitem__)))]))
    sides = [one.answer for one in sorted(done.answers, key=lambda one: trials.index(one.trial))]
    assert sides == ["left", "right", "left", "right", "left", "right"]
    assert done.unanswered == Counter(sheet=2)


def test_ties_are_answers_where_the_study_has_them(make, own, write, tmp_path):
    tied = make(tmp_path / "tied", methods=("alpha", "beta"), limit=2, ties=True, gold=0, repeats=0)
    done = ingest(tied, Sources(sheet=[write("a.csv", table(filled(tied, 1, lambda trial: "Tie")))]))
    assert {one.answer for one in done.answers} == {"tie"}
    with pytest.raises(InputError, match=r"b.csv:2: answer: expected A, B, left, right, L, R or nothing, got 'Tie'"):
        ingest(own, Sources(sheet=[write("b.csv", table(filled(own, 1, lambda trial: "Tie")))]))


def test_a_batch_goes_out_is_worked_on_and_comes_back(own, write):
    done = ingest(own, Sources(mturk=[write("results.csv", table(results(own, alternate)))]))
    choices = [trial.trial for trial in own.trials if trial.task == "choice"]
    assert {one.trial: one.answer for one in done.answers} == {name: alternate(name) for name in choices}
    assert {(one.source, one.response_ms, one.answered_at, one.late) for one in done.answers} == {
        ("mturk", "1500", "2026-11-24T09:30:00Z", "0")
    }
    assert len({one.rater for one in done.answers}) == len(results(own, alternate))
    assert done.unanswered == Counter()  # the empty trials of a short block are none


def test_work_beyond_the_block_s_time_is_late(own, write):
    took = {"WorkTimeInSeconds": str(own.settings.block_seconds + 1)}
    done = ingest(own, Sources(mturk=[write("results.csv", table(results(own, alternate, **took)))]))
    assert {one.late for one in done.answers} == {"1"}


def test_workers_are_told_apart_but_not_named(own, write):
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


def test_a_worker_with_blocks_of_several_raters_has_one_vote_a_comparison(make, write, tmp_path):
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


def test_two_studies_give_one_worker_different_names(study, write, tmp_path):
    found = []
    for name in ("a", "b"):
        one = read_study(shutil.copytree(study.folder, tmp_path / name))
        found.append({a.rater for a in ingest(one, Sources(mturk=[write("r.csv", table(results(one, alternate)))]))[0]})
    assert not found[0] & found[1]


def test_without_the_salt_workers_would_be_doubled_so_it_is_asked_for(own, write):
    path = write("r.csv", table(results(own, alternate)))
    ingest(own, Sources(mturk=[path]))
    before = text_of(own)
    (own.folder / SALT).unlink()
    with pytest.raises(InputError, match=f"{SALT}: expected what the workers of answers.csv were named with"):
        ingest(own, Sources(mturk=[path]))
    assert text_of(own) == before
    assert not (own.folder / SALT).exists()


def test_rejected_assignments_are_left_out_and_taken_out(own, write):
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


def test_all_sources_together_in_any_order_and_again_give_the_same_bytes(own, write, serve):
    visited = serve(own)
    visited.visitor().walk()
    server = visited.store.path
    sheet, mturk = write("s.csv", table(filled(own, 2, alternate))), write("m.csv", table(results(own, alternate)))
    other = write("c.csv", table([one._asdict() | {"source": ""} for one in of_server(own, 3, "other")]))
    done = ingest(own, Sources([server], [mturk], [sheet], [other]))
    first = text_of(own)
    assert Counter(one.source for one in done.answers) == {
        "server": len(own.of_rater(1)),
        "mturk": sum(trial.task == "choice" for trial in own.trials),
        "sheet": len(printed(own, 2)),
        "csv": len(own.of_rater(3)),
    }
    again = ingest(own, Sources([server], [mturk], [sheet], [other]))
    assert (text_of(own), again.added) == (first, 0)
    (own.folder / "answers.csv").unlink()
    for part in (Sources(csv=[other]), Sources(sheet=[sheet]), Sources([server]), Sources(mturk=[mturk])):
        ingest(own, part)
    assert text_of(own) == first


def test_the_same_answer_of_two_files_is_one_and_the_fuller_one_stays(own, write):
    rows = [one._asdict() for one in of_server(own, 1, "abc")]
    poor = [{name: row[name] for name in ("study", "rater", "trial", "answer")} | {"source": "server"} for row in rows]
    a, b = write("a.csv", table(rows)), write("b.csv", table(poor))
    texts = []
    for files in ([a, b], [b, a], [a]):
        done = ingest(own, Sources(csv=files), anew=True)
        texts.append(text_of(own))
        assert len(done.answers) == len(rows)
        assert done.left_out.total() == len(rows) * (len(files) - 1)
    assert len(set(texts)) == 1
    assert {one.response_ms for one in done.answers} == {"900"}


def test_two_different_answers_are_an_error_that_names_both_rows(own, write):
    a, b = write("a.csv", table(filled(own, 1, alternate))), write("b.csv", table(filled(own, 1, lambda trial: "A")))
    ingest(own, Sources(sheet=[a]))
    before = text_of(own)
    second = "1-2"
    message = rf"b.csv:3: expected one answer of rater sheet-1 to trial {second}: right, as .*{{}} says .*, got left"
    with pytest.raises(InputError, match=message.format(r"answers.csv:\d+")):
        ingest(own, Sources(sheet=[b]))
    with pytest.raises(InputError, match=message.format(r"a.csv:3")):
        ingest(own, Sources(sheet=[a, b]), anew=True)
    assert text_of(own) == before
    assert {one.answer for one in ingest(own, Sources(sheet=[b]), anew=True).answers} == {"left"}


def test_who_withdraws_on_the_server_goes_and_others_stay(own, write, serve):
    server = serve(own)
    stays, goes = server.visitor(), server.visitor()
    kept, lost = stays.walk(), goes.walk(most=5)
    name = server.rows("sessions")[1]["name"]
    sheet = write("s.csv", table(filled(own, 3, alternate)))
    ingest(own, Sources([server.store.path], sheet=[sheet]))
    copy = write("copy.csv", text_of(own).decode())  # as the organiser may have it elsewhere
    assert name.encode() in text_of(own)
    goes.post("withdraw")
    done = ingest(own, Sources([server.store.path]))
    assert {one.trial for one in done.answers if one.source == "server"} == set(kept)
    assert {one.rater for one in done.answers if one.source != "server"} == {"sheet-3"}
    assert done.left_out[WITHDRAWN] == len(lost) == 5
    assert name.encode() not in text_of(own)
    ingest(own, Sources([server.store.path], csv=[copy]))
    assert name.encode() not in text_of(own)


def test_another_database_or_an_older_copy_takes_no_answers_away(own, serve, tmp_path):
    first, second = serve(own, "first"), serve(own, "second")
    early, late = first.visitor(), first.visitor()
    early.walk(most=4)
    first.store.close()
    older = shutil.copy(first.store.path, tmp_path / "older.sqlite3")
    late.walk(most=3)
    second.visitor().walk(most=2)
    ingest(own, Sources([first.store.path]))
    for path in (second.store.path, older):
        done = ingest(own, Sources([path]))
        assert len(done.answers) == 4 + 3 + 2
        assert done.left_out.total() == 0
    late.post("withdraw")
    assert len(ingest(own, Sources([second.store.path, older])).answers) == 9  # neither knows of it
    assert len(ingest(own, Sources([first.store.path, second.store.path])).answers) == 4 + 2


def test_a_database_is_closed_after_it_was_read(own, serve):
    server = serve(own)
    server.visitor().walk(most=1)
    server.store.close()
    with closing(Store(server.store.path)) as store:
        store.answers(own)
        assert opened(server.store.path)  # else this test shows nothing
    ingest(own, Sources([server.store.path]))
    assert not opened(server.store.path)


def opened(path):
    """Files of this process that are open and belong to a database."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.exists()]
    return [link for link in links if str(link.readlink()).startswith(str(path))]


def test_simulated_answers_come_in_when_asked_for_and_never_beside_people_s(own, write):
    rows = [one._asdict() | {"source": "simulated"} for one in of_server(own, 1, "robot")]
    simulated, sheet = write("a.csv", table(rows)), write("s.csv", table(filled(own, 2, alternate)))
    with pytest.raises(InputError, match=r"a.csv:2: expected answers of people .*, got a simulated one"):
        ingest(own, Sources(csv=[simulated]))
    with pytest.raises(InputError, match=r"a.csv:2: expected simulated answers alone, or people's alone"):
        ingest(own, Sources(csv=[simulated], sheet=[sheet]), simulated_ok=True)
    assert not (own.folder / "answers.csv").exists()
    ingest(own, Sources(csv=[simulated]), simulated_ok=True)
    with pytest.raises(InputError, match="a simulated one"):
        ingest(own, Sources(sheet=[sheet]))
    assert {one.source for one in read_answers(own.folder / "answers.csv", own)} == {"simulated"}


@pytest.mark.parametrize(("delimiter", "head"), [(";", ""), ("\t", ""), (",", "\ufeff"), (";", "\ufeff")])
def test_spreadsheets_of_other_countries_are_read(own, write, delimiter, head):
    text = table(filled(own, 1, alternate), delimiter) + f"{delimiter * 2}\r\n"
    done = ingest(own, Sources(sheet=[write("a.csv", head + text)]))
    assert len(done.answers) == len(printed(own, 1))


def test_the_template_for_other_programs_comes_back_with_what_was_filled_in(own, write, tmp_path):
    export_study(own, "csv", tmp_path / "out", [1])
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out/answers_template.csv").read_text())))
    for row in rows[:3]:
        row |= {"rater": "p-17", "answer": "left", "response_ms": "812.5"}
    done = ingest(own, Sources(csv=[write("back.csv", table(rows))]))
    assert [(one.rater, one.trial, one.source, one.response_ms) for one in done.answers] == [
        ("p-17", row["trial"], "csv", "812.5") for row in sorted(rows[:3], key=lambda row: row["trial"])
    ]
    assert done.unanswered == Counter(csv=len(rows) - 3)


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
    )


def test_a_count_of_nothing_is_said_too(own, write):
    done = ingest(own, Sources(sheet=[write("s.csv", table(filled(own, 1, lambda trial: "")))]))
    assert summary(own, done)[0] == f"study {own.id}: 0 answers (none), 0 of them new"
    assert done.unanswered == Counter(sheet=len(printed(own, 1)))
