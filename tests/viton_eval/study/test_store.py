"""A database that is locked, full, read-only, moved away, or another's: nothing is acknowledged that is not stored."""

import sqlite3

import pytest

from tests.viton_eval.study.visitor import Served
from viton.errors import InputError
from viton_eval.study import store as store_module
from viton_eval.study.store import Store


@pytest.fixture
def served(study, tmp_path):
    return Served(study, tmp_path)


def test_a_locked_database_acknowledges_nothing_and_the_server_goes_on(served, study, tmp_path):
    visitor = served.visitor()
    screen = visitor.to_trial()
    other = sqlite3.connect(tmp_path / "votes.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    response = visitor.answer(screen)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert visitor.get("/picture/" + screen["pictures"]["left"]).status_code == 200
    other.execute("ROLLBACK")
    other.close()
    assert served.store.answers(study) == []
    assert visitor.answer(screen).status_code == 200
    assert len(served.store.answers(study)) == 1


class Failing:
    """Connections as the store opens them, which then fail as a read-only file or a full disk does."""

    def __init__(self, how):
        self.how = how

    Row, Error, OperationalError = sqlite3.Row, sqlite3.Error, sqlite3.OperationalError

    def connect(self, address, **options):
        db = sqlite3.connect(address.replace("mode=rw", "mode=ro") if self.how == "read-only" else address, **options)
        if self.how == "full":
            db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")
        return db


@pytest.mark.parametrize("how", ["read-only", "full"])
def test_a_read_only_database_or_a_full_disk_loses_no_acknowledged_answer(study, tmp_path, monkeypatch, how):
    small = sqlite3.connect(tmp_path / "votes.sqlite3")
    small.execute("PRAGMA page_size = 512")  # so that few answers need a new page
    small.execute("VACUUM")
    small.close()
    served = Served(study, tmp_path)
    visitor = served.visitor()
    given = visitor.walk(most=2)
    screen = visitor.screen
    monkeypatch.setattr(store_module, "sqlite3", Failing(how))
    served.store.close()
    response = visitor.answer(screen)
    while response.status_code == 200:  # the last page had room for some
        given[screen["trial"]] = "left" if screen["page"] == "choice" else "real"
        screen = visitor.past_pauses(response.json())
        response = visitor.answer(screen)
    assert response.status_code == 503
    assert {answer.trial: answer.answer for answer in served.store.answers(study)} == given
    assert visitor.get("/").status_code == 200
    monkeypatch.undo()
    served.store.close()
    assert visitor.answer(screen).status_code == 200
    assert len(served.store.answers(study)) == len(given) + 1


def test_a_database_that_is_moved_away_under_the_server_acknowledges_nothing(served, study, tmp_path):
    visitor = served.visitor()
    screen = visitor.to_trial()
    (tmp_path / "votes.sqlite3").rename(tmp_path / "elsewhere")
    assert visitor.answer(screen).status_code == 503
    (tmp_path / "elsewhere").rename(tmp_path / "votes.sqlite3")
    assert visitor.answer(screen).status_code == 200


def test_a_design_that_changed_after_data_came_in_is_refused(served, make, tmp_path):
    served.visitor().walk(most=1)
    changed = make(tmp_path / "changed", limit=2)
    for use in (lambda store: store.start(changed, ""), lambda store: store.answers(changed)):
        with pytest.raises(InputError, match="a changed design is a new study") as caught:
            use(Store(tmp_path / "votes.sqlite3"))
        assert served.study.id in str(caught.value)
    assert len(served.store.answers(served.study)) == 1


def test_a_file_that_is_no_database_is_refused_in_one_line(study, tmp_path):
    path = tmp_path / "votes.sqlite3"
    with pytest.raises(InputError, match="no such file"):
        Store(path).answers(study)
    assert not path.exists()
    path.write_text("answers, answers, answers" * 100)
    for use in (lambda store: store.start(study, ""), lambda store: store.answers(study)):
        with pytest.raises(InputError, match="file is not a database"):
            use(Store(path))
    path.unlink()
    sqlite3.connect(path).execute("CREATE TABLE study (schema, digest)").connection.close()
    with pytest.raises(InputError, match="of none"):
        Store(path).start(study, "")
