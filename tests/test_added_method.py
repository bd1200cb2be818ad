"""The whole package of docs/methods.md, installed as a user would and called by name."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"```(toml|python)\n# (pyproject\.toml|viton_mean_colour\.py)\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds the package as pip installs it, beside this checkout's own packages."""
    source, target = tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("site")
    for _, name, text in BLOCK.findall((ROOT / "docs" / "methods.md").read_text()):
        (source / name).write_text(text)
    assert sorted(path.name for path in source.iterdir()) == ["pyproject.toml", "viton_mean_colour.py"]
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--target", str(target)]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


def viton(installed, *arguments):
    environment = {"PYTHONPATH": f"{installed}:{ROOT}:{ROOT / 'eval'}", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "viton", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=installed)


def test_the_example_of_the_docs_dresses_people_once_it_is_installed(installed, tiny_hd, tmp_path):
    options = ("--data", str(tiny_hd.root), "--pairs", "test_pairs.txt", "--size", "64x48")
    done = viton(installed, "try-on", "mean-colour", *options, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == ["p1__c1.png", "p1__c3.png", "p2__c2.png"]
    assert "viton-mean-colour" in (tmp_path / "out" / "settings.json").read_text()


def test_without_it_the_name_is_unknown(tiny_hd, tmp_path):
    options = ("--data", str(tiny_hd.root), "--pairs", "test_pairs.txt", "--size", "64x48")
    done = viton(tmp_path, "try-on", "mean-colour", *options, "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "expected one of viton, " in done.stderr
    assert "mean-colour'" in done.stderr
