"""The front door: the Makefile's targets, and scripts/set_up.sh with made-up Pythons, so that nothing is installed."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TARGETS = ["help", "report", "dry", "test", "test-slow", "lint", "bench", "soak", "gpu-check", "clean"]
NEEDING_VENV = ["report", "dry", "test", "test-slow", "lint", "bench", "soak", "gpu-check"]
TOOLS = ["bash", "sh", "cat", "cksum", "rm", "mv", "cp", "mkdir", "chmod", "ln", "dirname", "readlink", "df", "awk"]
TOOLS += ["grep", "head", "tail", "flock", "sleep", "find", "make"]

# Answers what set_up.sh asks of a Python, and writes each call to the file calls of the folder that it is called in.
FAKE_PYTHON = """\
#!/bin/sh
echo "$*" | head -n 1 >> calls
case "$1 $2" in
    "-m venv")
        mkdir -p .venv/bin && rm -f .venv/.made_by && cp "$0" .venv/bin/python
        echo "version = {version}" > .venv/pyvenv.cfg ;;
    "-m pip") sleep {pip_seconds}; exit {pip_exit} ;;
    "-c import sys"*) echo "{answer}" ;;
    "-c import torch"*) echo "{import_error}" >&2; [ -z "{import_error}" ] ;;
esac
"""


@pytest.fixture
def checkout(tmp_path):
    """Return a folder with what set_up.sh reads, and an empty folder bin for made-up Pythons."""
    folder = tmp_path / "a checkout"
    (folder / "scripts").mkdir(parents=True)
    for name in ["pyproject.toml", "constraints.txt", "Makefile", "scripts/set_up.sh"]:
        shutil.copy(ROOT / name, folder / name)
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in TOOLS:
        if path := shutil.which(tool):
            (tools / tool).symlink_to(path)
    (tmp_path / "bin").mkdir()
    return folder


def add_python(checkout, name, version="3.12.4", have="venv", pip_seconds=0, pip_exit=0, import_error=""):
    answer = f"{version.replace('.', ' ')} {have}"
    text = FAKE_PYTHON.format(
        version=version, answer=answer, pip_seconds=pip_seconds, pip_exit=pip_exit, import_error=import_error
    )
    path = checkout.parent / "bin" / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def environment(checkout, **more):
    parent = checkout.parent
    return {"PATH": f"{parent / 'bin'}:{parent / 'tools'}", "HOME": str(parent), "LC_ALL": "C", **more}


def set_up(checkout, **more):
    return subprocess.run(
        ["bash", "scripts/set_up.sh"], cwd=checkout, env=environment(checkout, **more), capture_output=True, text=True
    )


def calls(checkout):
    path = checkout / "calls"
    return path.read_text().splitlines() if path.exists() else []


def pip_calls(checkout):
    return [call for call in calls(checkout) if call.startswith("-m pip install")]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`make` as a person calls it, also where these tests are themselves run by a make, which tells its children so."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    return subprocess.run(["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("target", TARGETS)
def test_each_target_can_be_made(target):
    done = make("-n", target)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("target", NEEDING_VENV)
def test_a_target_that_needs_the_environment_sets_it_up_first(target):
    lines = make("-n", target).stdout.splitlines()
    assert lines[0] == "bash scripts/set_up.sh"


def test_make_alone_lists_every_target():
    text = make().stdout
    assert re.findall(r"^  make (\S+)", text, re.MULTILINE) == TARGETS


def test_report_passes_the_data_folder_on_only_when_it_is_named():
    def command(*arguments):
        return make("-n", *arguments).stdout.splitlines()[-1]

    assert command("report") == '.venv/bin/viton-eval report --config "configs/demo.yaml"  --jobs 2'
    with_data = command("dry", "CONFIG=c.yaml", "DATA=my data", "JOBS=3")
    assert with_data == '.venv/bin/viton-eval report --config "c.yaml" --data "my data" --jobs 3 --dry-run'
    compared = command("report", "DATA=d", "REFERENCE=my photos")
    assert compared.endswith(""" --data "d" --jobs 2 --set "reference.root='my photos'\"""")


def test_clean_keeps_the_runs_and_the_page_about_reports(checkout):
    kept = ["runs/demo/weights.safetensors", "runs/demo/__pycache__/x.pyc", "reports/README.md", "viton/a.py"]
    removed = [".venv/bin/python", "reports/demo/index.html", "viton/__pycache__/a.pyc", "build/x", ".mypy_cache/x"]
    for name in kept + removed:
        path = checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    subprocess.run(["make", "clean"], cwd=checkout, env=environment(checkout), check=True, capture_output=True)
    assert [name for name in kept if not (checkout / name).exists()] == []
    assert [name for name in removed if (checkout / name).exists()] == []


def test_clean_works_when_there_is_nothing_to_clean(checkout):
    done = subprocess.run(["make", "clean"], cwd=checkout, env=environment(checkout), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_set_up_says_the_size_installs_and_then_does_nothing(checkout):
    add_python(checkout, "python3")
    first = set_up(checkout)
    assert first.returncode == 0, first.stderr
    assert "6.6 GiB" in first.stderr
    assert pip_calls(checkout) == ["-m pip install --disable-pip-version-check --no-input -e .[dev] -c constraints.txt"]
    before = calls(checkout)
    second = set_up(checkout)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert calls(checkout) == before, "a matching stamp must not start any Python"


def test_set_up_with_a_matching_stamp_is_quick(checkout):
    add_python(checkout, "python3")
    set_up(checkout)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        set_up(checkout)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.1, seconds


def test_set_up_finds_python_under_a_versioned_name_and_passes_by_an_old_one(checkout):
    add_python(checkout, "python3", version="3.9.2")
    newer = add_python(checkout, "python3.12")
    done = set_up(checkout)
    assert done.returncode == 0, done.stderr
    assert (checkout / ".venv/.made_by").read_text().strip() == str(newer)


def test_set_up_passes_by_a_shim_without_a_python_behind_it(checkout):
    shim = checkout.parent / "bin" / "python3.11"
    shim.write_text("#!/bin/sh\necho 'python3.11: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    other = add_python(checkout, "python3.13", version="3.13.0")
    set_up(checkout)
    assert (checkout / ".venv/.made_by").read_text().strip() == str(other)


def test_set_up_refuses_an_old_python_in_one_line(checkout):
    add_python(checkout, "python3", version="3.9.2")
    add_python(checkout, "python", version="2.7.18")
    done = set_up(checkout)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "3.11 or newer" in done.stderr
    assert "python3 is 3.9.2" in done.stderr
    assert not (checkout / ".venv").exists()


def test_set_up_names_the_package_that_debian_keeps_venv_in(checkout):
    add_python(checkout, "python3", version="3.11.2", have="no-venv")
    done = set_up(checkout)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["set-up: python3 lacks venv; on Debian: apt-get install python3.11-venv"]


def test_set_up_does_not_fall_back_when_the_python_named_is_too_old(checkout):
    add_python(checkout, "python3")
    add_python(checkout, "old", version="3.8.1")
    done = set_up(checkout, PYTHON="old")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["set-up: PYTHON=old: expected Python 3.11 or newer, got 3.8.1"]


def test_set_up_says_when_the_python_named_does_not_run(checkout):
    add_python(checkout, "python3")
    done = set_up(checkout, PYTHON="no-such-python")
    assert done.returncode == 1
    assert "PYTHON=no-such-python" in done.stderr
    assert "nothing that runs" in done.stderr


def test_set_up_makes_the_environment_anew_for_another_python(checkout):
    add_python(checkout, "python3")
    other = add_python(checkout, "mine", version="3.13.1")
    set_up(checkout)
    assert set_up(checkout, PYTHON="mine").returncode == 0
    assert (checkout / ".venv/.made_by").read_text().strip() == str(other)
    assert len(pip_calls(checkout)) == 2


def test_set_up_brings_the_environment_up_to_date_when_a_pin_changes(checkout):
    add_python(checkout, "python3")
    set_up(checkout)
    with (checkout / "constraints.txt").open("a") as constraints:
        constraints.write("# one more line\n")
    done = set_up(checkout)
    assert "up to date" in done.stderr
    assert len(pip_calls(checkout)) == 2
    assert sum(call.startswith("-m venv") for call in calls(checkout)) == 1


def test_set_up_makes_the_environment_anew_in_a_folder_that_was_moved(checkout):
    add_python(checkout, "python3")
    set_up(checkout)
    moved = checkout.rename(checkout.parent / "moved")
    done = set_up(moved)
    assert "was moved" in done.stderr
    assert sum(call.startswith("-m venv") for call in calls(moved)) == 2
    assert set_up(moved).stderr == ""


def test_set_up_after_a_kill_during_pip_starts_afresh(checkout):
    add_python(checkout, "python3", pip_seconds=1)
    process = subprocess.Popen(
        ["bash", "scripts/set_up.sh"], cwd=checkout, env=environment(checkout), stderr=subprocess.PIPE, text=True
    )
    while not pip_calls(checkout):
        assert process.poll() is None
        os.sched_yield()
    process.kill()
    process.communicate()
    assert not (checkout / ".venv/.stamp").exists()
    done = set_up(checkout)
    assert done.returncode == 0, done.stderr
    assert sum(call.startswith("-m venv") for call in calls(checkout)) == 2
    assert set_up(checkout).stderr == ""


def test_set_up_leaves_no_stamp_when_pip_fails(checkout):
    add_python(checkout, "python3", pip_exit=1)
    done = set_up(checkout)
    assert done.returncode == 1
    assert "pip failed" in done.stderr
    assert not list((checkout / ".venv").glob(".stamp*"))


@pytest.mark.skipif(shutil.which("flock") is None, reason="flock is not on this machine; set_up.sh goes without it")
def test_two_set_ups_at_once_install_once(checkout):
    add_python(checkout, "python3", pip_seconds=1)
    both = [
        subprocess.Popen(
            ["bash", "scripts/set_up.sh"], cwd=checkout, env=environment(checkout), stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert len(pip_calls(checkout)) == 1
    assert any("another set-up is running" in text for text in said)


def test_set_up_names_the_line_that_installs_a_missing_system_library(checkout):
    missing = "ImportError: libGL.so.1: cannot open shared object file: No such file or directory"
    add_python(checkout, "python3", import_error=missing)
    done = set_up(checkout)
    assert done.returncode == 1
    assert "apt-get install libgl1 libglib2.0-0" in done.stderr.splitlines()[-1]
    assert "libGL.so.1" in done.stderr.splitlines()[-1]
    again = set_up(checkout)
    assert again.returncode == 1
    assert len(pip_calls(checkout)) == 1, "what is installed stays; only the imports are tried again"


def test_set_up_tells_of_any_other_failure_to_import(checkout):
    add_python(checkout, "python3", import_error="RuntimeError: operator torchvision::nms does not exist")
    done = set_up(checkout)
    assert done.returncode == 1
    assert "torchvision::nms" in done.stderr


def test_shell_scripts_parse():
    for script in ["scripts/set_up.sh", ".ci/run"]:
        done = subprocess.run(["bash", "-n", script], cwd=ROOT, capture_output=True, text=True)
        assert done.stderr == ""
        assert os.access(ROOT / script, os.X_OK), f"{script} is not executable"
