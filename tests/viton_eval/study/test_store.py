"""A database that is locked, full, read-only, moved away, or another's: nothing is acknowledged that is not stored."""

import sqlite3
import threading
from contextlib import closing

import pytest

from tests.viton_eval.study.visitor import Served
from viton.errors import InputError
from viton_eval.study import store as store_module
from viton_eval.study.sessions import stamp
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


def files_with(folder, name):
    """Files beside the database, and it, in which a rater's name can still be read."""
    return sorted(path.name for path in folder.iterdir() if path.is_file() and name.encode() in path.read_bytes())


@pytest.fixture
def withdrawn_under_a_reader(served, tmp_path, capsys):
    """A rater who withdraws while another program reads what the database was before; the rater's page and name."""
    visitor = served.visitor()
    visitor.walk(most=2)
    name = served.rows("sessions")[0]["name"]
    with closing(sqlite3.connect(tmp_path / "votes.sqlite3", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT name FROM sessions").fetchall() == [(name,)]
        response = visitor.post("withdraw")
        assert response.status_code == 503, "nothing is acknowledged that is not gone from all files"
        assert served.rows("sessions") == []
        assert files_with(tmp_path, name), "this is what it is about"
        said = capsys.readouterr().err
        assert "what was withdrawn is still in votes.sqlite3-wal: another program is reading" in said
        yield visitor, name, reader


def test_a_withdrawal_while_somebody_reads_is_acknowledged_once_it_is_gone_from_the_log(
    withdrawn_under_a_reader, tmp_path, capsys
):
    visitor, name, reader = withdrawn_under_a_reader
    assert visitor.post("withdraw").status_code == 503, "the page tries again, and again"
    assert capsys.readouterr().err == "", "which is said once"
    reader.execute("ROLLBACK")
    assert visitor.post("withdraw").json() == {"page": "withdrawn"}
    assert files_with(tmp_path, name) == []


def test_a_rater_who_does_not_stay_is_forgotten_with_the_next_write(served, withdrawn_under_a_reader, tmp_path):
    _, name, reader = withdrawn_under_a_reader
    other = served.visitor()
    assert other.answer(other.to_trial()).status_code == 200, "others go on while it is read"
    assert files_with(tmp_path, name)
    reader.execute("ROLLBACK")
    other.arrive()
    assert files_with(tmp_path, name) == []
    assert served.store._log_is_owed is False


def test_a_server_that_starts_anew_forgets_what_the_last_one_could_not(served, withdrawn_under_a_reader, tmp_path):
    _, name, reader = withdrawn_under_a_reader
    again = Store(tmp_path / "votes.sqlite3", 0.2)
    again.start(served.study, stamp(served.clock()))  # while it is read: the server starts all the same
    assert files_with(tmp_path, name)
    reader.execute("ROLLBACK")
    Store(tmp_path / "votes.sqlite3", 0.2).start(served.study, stamp(served.clock()))
    assert files_with(tmp_path, name) == []


def test_a_reader_who_is_soon_done_is_waited_for(study, tmp_path):
    served = Served(study, tmp_path, wait_s=5)
    visitor = served.visitor()
    visitor.walk(most=1)
    name = served.rows("sessions")[0]["name"]
    reader = sqlite3.connect(tmp_path / "votes.sqlite3", isolation_level=None, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM sessions").fetchall()
    done = threading.Timer(0.3, reader.close)
    done.start()
    assert visitor.post("withdraw").status_code == 200
    done.join()
    assert files_with(tmp_path, name) == []


class Counting(Failing):
    """Connections as the store opens them, counted."""

    def __init__(self):
        super().__init__("counted")
        self.opened = 0

    def connect(self, address, **options):
        self.opened += 1
        return sqlite3.connect(address, **options)


def test_a_refusal_opens_no_connection_and_leaves_nothing_half_done(served, monkeypatch):
    visitor, counting = served.visitor(), Counting()
    screen = visitor.to_trial()
    before = served.rows("events")
    monkeypatch.setattr(store_module, "sqlite3", counting)
    for _ in range(10):
        assert visitor.post("answer", trial="2-1", answer="left").status_code == 404
        assert visitor.post("answer", trial=screen["trial"], answer="neither").status_code == 422
        assert visitor.get("/picture/none.png").status_code == 404
    with pytest.raises(IndexError), served.store.writing() as db:
        db.execute("DELETE FROM events RETURNING session").fetchall()[1000]  # after they are deleted
    assert counting.opened == 0
    assert served.rows("events") == before
    assert visitor.answer(screen).status_code == 200
    with pytest.raises(sqlite3.OperationalError), served.store.writing() as db:
        db.execute("SELECT nothing FROM nowhere")
    assert visitor.arrive()["page"] == "choice"
    assert counting.opened == 1, "after an error of SQLite itself it is opened anew"
