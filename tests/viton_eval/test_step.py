"""One step of the workflow: its log, its status, its last file."""

import json
import subprocess
import sys

import pytest

from viton.errors import UsageError
from viton_eval.step import CORES_A_JOB, Job, last_error, last_line, run_step


@pytest.fixture
def job(tmp_path):
    (tmp_path / "input.txt").write_text("in")

    def make(code, **more):
        command = (sys.executable, "-c", code)
        return Job("warps", tmp_path / "steps", command, tmp_path, (tmp_path / "input.txt",), key="k", **more)

    return make


def read(job, suffix):
    return json.loads(job.beside(suffix).read_text())


def test_a_step_that_is_done_says_so_in_its_last_file_with_the_same_bytes_each_time(job, capfd):
    one = job("print('hello'); open('made.txt', 'w').write('out')")
    one = one._replace(made=(one.directory / "made.txt",))
    assert run_step(one) == 0
    first = one.beside(".done.json").read_bytes()
    assert run_step(one) == 0
    assert one.beside(".done.json").read_bytes() == first
    assert list(read(one, ".done.json")["made"]) == ["made.txt"]
    assert list(read(one, ".done.json")["inputs"]) == ["input.txt"]
    status = read(one, ".status.json")
    assert (status["status"], status["error"]) == ("ok", "")
    assert status["peak_mib"] > 0
    assert "hello" in one.beside(".log").read_text()
    assert '"event": "ok"' in capfd.readouterr().err


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import sys; print('error: x: expected 1, got 2\\nand more'); sys.exit(1)", "x: expected 1, got 2"),
        ("raise ValueError('a fault of ours')", "ValueError: a fault of ours"),
        ("import sys; sys.exit(3)", "exit 3 without a word"),
        ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL (out of memory?)"),
    ],
)
def test_a_step_that_fails_says_why_and_leaves_no_last_file(job, code, error):
    one = job(code)
    one.folder.mkdir()
    one.beside(".done.json").write_text("from before")
    assert run_step(one) != 0
    assert not one.beside(".done.json").exists()
    status = read(one, ".status.json")
    assert (status["status"], status["error"]) == ("failed", error)


def test_a_step_that_made_nothing_has_failed(job, tmp_path):
    assert run_step(job("pass", made=(tmp_path / "made.txt",))) == 1
    assert "made.txt: expected to be made" in read(job("pass"), ".status.json")["error"]


def test_a_command_that_is_not_there_has_failed(job):
    one = job("")._replace(command=("no-such-program",))
    assert run_step(one) == 127
    assert read(one, ".status.json")["error"] == "no-such-program: No such file or directory"


def test_a_check_that_finds_errors_names_the_first(job, tmp_path):
    problem = {"severity": "error", "file": "a.jpg", "expected": "a picture", "got": "text"}
    one = job(f"import sys; print('''{json.dumps({'problems': [problem, problem]})}'''); sys.exit(1)")
    one = one._replace(stdout=tmp_path / "check.json")
    assert run_step(one) == 1
    assert read(one, ".status.json")["error"] == "2 errors, first: a.jpg: expected a picture, got text"
    assert json.loads((tmp_path / "check.json").read_text())["problems"][0] == problem


def test_a_folder_is_cleared_only_when_what_decides_it_has_changed(job, tmp_path):
    folder = tmp_path / "world"
    folder.mkdir()
    (folder / "old.txt").write_text("old")
    one = job("pass", clears=folder)
    run_step(one)
    run_step(one)
    assert (folder / "old.txt").exists(), "neither a first run nor an unchanged one clears anything"
    (tmp_path / "input.txt").write_text("changed")
    run_step(one)
    assert [path.name for path in folder.iterdir()] == [".lock"]


def test_a_step_without_a_command_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError):
        run_step(Job("warps", tmp_path, ()))


def test_a_long_step_tells_the_last_line_of_its_log_when_there_is_a_new_one(job, capfd):
    lines = "coarse: step 20 of 800, 14 images/s", "coarse: step 40 of 800, 14 images/s"
    code = (
        f"import time; print('hello'); time.sleep(.5); print({lines[0]!r}); time.sleep(.8); print({lines[1]!r}, end='')"
    )
    assert run_step(job(code, tells_every=0.2)) == 0
    told = [json.loads(line.removeprefix("@@step ")) for line in capfd.readouterr().err.splitlines()]
    says = [event["says"] for event in told if event["event"] == "alive"]
    assert says[-1] == lines[0], "no line that is not whole"
    assert says.count(lines[0]) == 1
    assert says in (["hello", lines[0]], [lines[0]])


def test_the_last_line_of_a_log_is_the_last_that_says_something(tmp_path):
    log = tmp_path / "x.log"
    for text, line in [
        ("$ viton train coarse\n", ""),
        ("$ viton\nmade: 3/9\rmade: 4/9\rmade: 5", "made: 4/9"),
        ("$ viton\none\n\n \n", "one"),
        ("x" * 9000 + "\nlast\n", "last"),
        ("", ""),
    ]:
        log.write_text(text)
        assert last_line(log) == line


def test_threads_are_those_of_the_jobs_that_a_step_counts_for(job, monkeypatch):
    one = job("import os; open('threads', 'w').write(os.environ.get('OMP_NUM_THREADS', 'none'))")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # as Snakemake sets it
    for cores, threads in [("4", "8"), (None, "2")]:
        monkeypatch.setenv(CORES_A_JOB, cores) if cores else monkeypatch.delenv(CORES_A_JOB)
        run_step(one)
        assert (one.directory / "threads").read_text() == threads


def test_the_last_error_line_counts_and_else_the_last_line():
    assert last_error("error: one\nerror: two\nmore") == "two"
    assert last_error("first\n\nTypeError: bad\n\n") == "TypeError: bad"
    assert last_error("") == ""


def test_the_command_line_of_a_step(tmp_path):
    command = [sys.executable, "-m", "viton_eval", "step", "one", "--dir", str(tmp_path), "--key", "k", "--"]
    done = subprocess.run([*command, "echo", "--key", "other"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "one.log").read_text() == "$ echo --key other\n--key other\n"
