"""Answers of several files and calls: each once, in any order, and gone where a rater has withdrawn."""

import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.viton_eval.study.incoming import alternate, filled, of_server, own, results, serve, table, text_of, write  # noqa: F401
from viton.errors import InputError
from viton_eval.study.answers import read_answers
from viton_eval.study.ingest import WITHDRAWN, Sources, ingest
from viton_eval.study.sheets_pdf import printed
from viton_eval.study.store import Store


def test_all_sources_together_in_any_order_and_again_give_the_same_bytes(own, write, serve):  # noqa: F811
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


def test_the_same_answer_of_two_files_is_one_and_the_fuller_one_stays(own, write):  # noqa: F811
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


def test_two_different_answers_are_an_error_that_names_both_rows(own, write):  # noqa: F811
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


def test_who_withdraws_on_the_server_goes_and_others_stay(own, write, serve):  # noqa: F811
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


def test_another_database_or_an_older_copy_takes_no_answers_away(own, serve, tmp_path):  # noqa: F811
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


def test_a_database_is_closed_after_it_was_read(own, serve):  # noqa: F811
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


def test_simulated_answers_come_in_when_asked_for_and_never_beside_people_s(own, write):  # noqa: F811
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
