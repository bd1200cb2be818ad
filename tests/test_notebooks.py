"""How notebooks are stored: thin, parameterised, without outputs. They are run elsewhere."""

import copy
import json
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LINE_LIMIT = 15
ABSOLUTE_PATH = re.compile(r"""["'(](/[A-Za-z]|~/|[A-Za-z]:[\\/]{1,2}[A-Za-z])|file:///""")
SHELL_OR_MAGIC = re.compile(r"^\s*[!%]|\bpip install\b")

GOOD = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "cells": [
        {"id": "a", "cell_type": "markdown", "metadata": {}, "source": "# Does it work?\n\nWhy we ask."},
        {
            "id": "b",
            "cell_type": "code",
            "metadata": {"tags": ["parameters"]},
            "execution_count": None,
            "outputs": [],
            "source": 'config = "configs/smoke.yaml"',
        },
    ],
}


def faults(notebook: dict) -> list[str]:
    """Return what is wrong with a notebook, [] when nothing is."""
    cells = notebook["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    found = [fault for number, cell in enumerate(code) for fault in _code_cell_faults(number, cell)]
    tagged = sum("parameters" in cell["metadata"].get("tags", []) for cell in code)
    if tagged != 1:
        found.append(f"cells tagged parameters: expected 1, got {tagged}")
    if not cells or cells[0]["cell_type"] != "markdown" or not re.match(r"# \S", _source(cells[0])):
        found.append("first cell: expected markdown that starts with '# title'")
    if (kernel := notebook["metadata"].get("kernelspec", {}).get("name")) != "python3":
        found.append(f"kernelspec: expected python3, got {kernel}")
    if (version := (notebook["nbformat"], notebook["nbformat_minor"])) != (4, 5):
        found.append(f"nbformat: expected 4.5, got {version}")
    identifiers = [cell.get("id") for cell in cells]
    if None in identifiers or len(set(identifiers)) != len(identifiers):
        found.append("cells: expected an id of its own for each")
    return found


def _code_cell_faults(number: int, cell: dict) -> list[str]:
    lines = _source(cell).splitlines()
    checks = {
        "has outputs": bool(cell["outputs"]),
        "has an execution count": cell["execution_count"] is not None,
        f"has {len(lines)} lines, expected at most {LINE_LIMIT}": len(lines) > LINE_LIMIT,
        "defines a function or class": any(re.match(r"\s*(async )?(def|class) ", line) for line in lines),
        "calls a shell, a magic or pip": any(SHELL_OR_MAGIC.search(line) for line in lines),
        "has an absolute path": any(ABSOLUTE_PATH.search(line) for line in lines),
    }
    return [f"code cell {number} {what}" for what, wrong in checks.items() if wrong]


def _source(cell: dict) -> str:
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


def test_there_are_notebooks():
    assert NOTEBOOKS, "notebooks/: expected *.ipynb, got none"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_thin_and_stored_without_outputs(path):
    assert faults(json.loads(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_valid(path):
    nbformat.validate(json.loads(path.read_text(encoding="utf-8")))


def test_nothing_is_wrong_with_a_good_notebook():
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("has outputs", {"outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}]}),
        ("has an execution count", {"execution_count": 1}),
        ("has 16 lines", {"source": ["x = 1\n"] * 16}),
        ("defines a function", {"source": "x = 1\ndef f():\n    return x"}),
        ("defines a function", {"source": ["class A:\n", "    x = 1\n"]}),
        ("calls a shell", {"source": "!pip install viton"}),
        ("calls a shell", {"source": "%matplotlib inline"}),
        ("has an absolute path", {"source": 'config = "/home/me/smoke.yaml"'}),
        ("has an absolute path", {"source": "config = '~/smoke.yaml'"}),
        ("has an absolute path", {"source": 'config = "C:\\\\data"'}),
        ("tagged parameters: expected 1, got 0", {"metadata": {}}),
        ("an id of its own", {"id": "a"}),
    ],
)
def test_a_fault_of_a_cell_is_found(what, change):
    notebook = copy.deepcopy(GOOD)
    notebook["cells"][1].update(change)
    assert any(what in fault for fault in faults(notebook)), faults(notebook)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("kernelspec: expected python3, got viton", {"metadata": {"kernelspec": {"name": "viton"}}}),
        ("nbformat: expected 4.5, got (4, 4)", {"nbformat_minor": 4}),
        ("first cell", {"cells": GOOD["cells"][1:]}),
        ("first cell", {"cells": []}),
    ],
)
def test_a_fault_of_a_notebook_is_found(what, change):
    assert any(what in fault for fault in faults(GOOD | change))
