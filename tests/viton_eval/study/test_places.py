"""Places are split between sheets and the server: which go out where, and what is said where both have one."""

import re
import shutil
from types import SimpleNamespace

import pytest

from tests.viton_eval.study.incoming import verb  # noqa: F401
from tests.viton_eval.study.visitor import ORGANISER, Served
from viton.errors import UsageError
from viton_eval.study import serve as serving
from viton_eval.study.export import EXPORTED, export_study, raters_of
from viton_eval.study.frozen import read_study
from viton_eval.study.options import Options
from viton_eval.study.places import on_sheets, spans


@pytest.fixture
def own(study, tmp_path):
    return read_study(shutil.copytree(study.folder, tmp_path / "study", ignore=shutil.ignore_patterns(EXPORTED)))


@pytest.mark.parametrize("numbers", [[], [3], [1, 2, 3], [1, 3, 4, 7], [2, 1, 2]])
def test_spans_are_read_back_as_the_same_numbers(study, numbers):
    many = study._replace(trials=(*study.trials, study.trials[0]._replace(rater=9)))
    if numbers:
        assert raters_of(spans(numbers), many) == sorted(set(numbers))
    assert spans([1, 2, 3, 5, 8, 9]) == "1-3,5,8-9"


def test_the_server_gives_out_the_places_that_it_is_told_and_no_other(study, tmp_path):
    served = Served(study, tmp_path, places=(2, 4))
    assert [served.visitor().to_trial()["trial"] for _ in range(2)] == ["2-1", "4-1"]
    assert served.visitor().join()["page"] == "full"
    assert sorted(row["rater"] for row in served.rows("sessions")) == [2, 4]


def test_who_holds_a_place_that_is_given_out_no_more_goes_on_there(study, tmp_path):
    first = Served(study, tmp_path)
    visitor = first.visitor()
    visitor.walk(most=2)
    first.store.close()
    again = Served(study, tmp_path, places=(3,)).visitor(cookie=visitor.cookie)
    assert again.arrive()["trial"] == "1-3"


def test_the_organisers_page_lists_the_places_that_are_given_out_and_those_that_are_held(study, tmp_path):
    first = Served(study, tmp_path)
    first.visitor().walk(most=2)
    first.store.close()
    client = Served(study, tmp_path, places=(3, 4)).visitor().client
    client.post("/organiser", content=f"token={ORGANISER}")
    page = client.get("/organiser").text
    assert re.findall(r'<th scope="row">(\d+)</th>', page) == ["1", "3", "4"]
    assert "places 3-4 are given out here" in page


@pytest.fixture
def told(own, monkeypatch, capsys):
    """Start serving without ever listening to anybody; returns what is said."""
    monkeypatch.setattr(serving.uvicorn, "Server", lambda config: SimpleNamespace(run=lambda sockets: None))

    def start(raters=""):
        serving.serve(own.folder, "127.0.0.1", 0, Options(ORGANISER), False, raters)
        return capsys.readouterr().err

    return start


def test_sheets_that_are_out_are_said_where_the_server_gives_the_same_places(own, told, tmp_path):
    assert "sheets" not in told()
    export_study(own, "pdf", tmp_path / "a", [1])
    export_study(own, "csv", tmp_path / "b", [2, 4])
    assert on_sheets(own) == {1, 2, 4}
    rest = spans(set(range(1, own.raters + 1)) - {1, 2, 4})
    assert f"sheets of places 1-2,4 are out, which are given out here as well: --raters {rest} gives out the" in told()
    assert "sheets" not in told(rest)
    assert f"places {rest} of {own.raters}" in told(rest)


def test_the_organisers_token_is_printed_beside_the_address_and_never_in_it(own, capsys, monkeypatch):
    monkeypatch.setattr(serving.uvicorn, "Server", lambda config: SimpleNamespace(run=lambda sockets: None))
    for tell, said in ((True, f"/organiser, token {ORGANISER}\n"), (False, "/organiser\n")):
        serving.serve(own.folder, "127.0.0.1", 0, Options(ORGANISER), tell)
        told = capsys.readouterr().err
        assert said in told
        assert "?" not in told


@pytest.mark.parametrize("words", ["0", "99", "3-1", "x", "1-99"])
def test_places_that_the_design_does_not_have_are_refused(own, verb, words):  # noqa: F811
    done = verb("serve", own.folder, "--port", 0, "--raters", words)
    assert done.code == 2
    assert f"--raters: expected numbers from 1 to {own.raters}" in done.err
    with pytest.raises(UsageError):
        raters_of(words, own)
