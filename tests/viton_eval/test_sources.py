"""The lists of source files that make a step run again, against what its command imports."""

import ast
import json
from pathlib import Path

import pytest

from viton_eval import sources

ROOT = Path(__file__).resolve().parents[2]
SAID = [
    "config",
    "layout_names",
    "settings",
    "stage_config",
    "stage_plan",
    "console",
    "errors",
    "digests",
    "provenance",
]
OUTSIDE = {"viton/__init__.py", *(f"viton/{name}.py" for name in SAID)}
MACHINERY = {
    f"eval/viton_eval/{name}.py"
    for name in [
        "__init__",
        "clearing",
        "commands",
        "digests",
        "elsewhere",
        "imported",
        "lifeline",
        "plan",
        "shards",
        "states",
        "step",
        "templates",
        "trainings",
    ]
}


def file_of(module):
    for base in (ROOT, ROOT / "eval"):
        path = base.joinpath(*module.split("."))
        for found in (path.with_suffix(".py"), path / "__init__.py"):
            if found.is_file():
                return found.relative_to(ROOT).as_posix()
    return None


def imported(tree):
    """Names of modules, or of what may be one, that code imports anywhere but for its annotations alone."""
    if isinstance(tree, ast.If) and getattr(tree.test, "id", "") == "TYPE_CHECKING":
        return
    if isinstance(tree, ast.Import):
        yield from (alias.name for alias in tree.names)
    if isinstance(tree, ast.ImportFrom):
        yield from (f"{tree.module}.{alias.name}" for alias in tree.names)
    for child in ast.iter_child_nodes(tree):
        yield from imported(child)


def closure(modules):
    """Files of the checkout that are read when these modules are imported."""
    seen, left = set(), list(modules)
    while left:
        parts = left.pop().split(".")
        files = {file_of(".".join(parts[:end])) for end in range(1, len(parts) + 1)} - {None} - seen
        seen |= files
        for file in files:
            left += imported(ast.parse((ROOT / file).read_text()))
    return seen


def of_verb(name, file="viton/cli.py"):
    functions = ast.walk(ast.parse((ROOT / file).read_text()))
    return imported(next(one for one in functions if isinstance(one, ast.FunctionDef) and one.name == name))


def of_notebooks():
    yield "viton_eval.notebook"
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "code":
                yield from imported(ast.parse("".join(cell["source"])))


def listed(patterns):
    return {path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern)}


@pytest.mark.parametrize(
    ("verb", "patterns"),
    [("synth", sources.WORLD), ("check", sources.CHECK), ("warp", sources.WARP), ("try_on", sources.TRY_ON)],
)
def test_every_module_that_a_verb_imports_makes_its_step_run_again(verb, patterns):
    read = closure(of_verb(verb))
    assert len(read) > 10
    assert sorted(read - OUTSIDE - listed(patterns)) == []


def test_every_module_that_scoring_imports_makes_it_run_again():
    read = closure(of_verb("scores", "eval/viton_eval/cli.py"))
    assert "eval/viton_eval/measures.py" in read
    assert sorted(read - OUTSIDE - MACHINERY - listed(sources.SCORES)) == []


def test_every_module_that_the_comparison_imports_makes_it_run_again():
    read = closure(of_verb("compare", "eval/viton_eval/cli.py"))
    assert "eval/viton_eval/scores_table.py" in read
    assert sorted(read - OUTSIDE - MACHINERY - listed(sources.COMPARISON)) == []


def test_every_module_that_trying_with_noise_imports_makes_it_run_again():
    read = closure(of_verb("robustness", "eval/viton_eval/cli.py"))
    assert {"viton/synthetic/noise.py", "viton/methods/prgan.py", "eval/viton_eval/estimators.py"} <= read
    assert sorted(read - OUTSIDE - MACHINERY - listed(sources.ROBUSTNESS)) == []


def test_every_module_that_an_import_reads_pictures_with_makes_it_run_again():
    read = closure(["viton_eval.foreign", "viton_eval.matching", "viton.results", "viton.data.viton_hd"])
    assert "viton/images.py" in read
    assert sorted(read - OUTSIDE - MACHINERY - listed(sources.IMPORT)) == []


def test_every_module_that_a_notebook_imports_makes_it_run_again():
    read = closure(of_notebooks())
    assert "viton/person.py" in read
    assert sorted(read - OUTSIDE - MACHINERY - listed(sources.NOTEBOOKS)) == []


def test_every_module_that_describes_pictures_makes_their_features_anew():
    names = ("features", "inception", "judge_features", "resizing")
    read = closure([*(f"viton_eval.{name}" for name in names), "viton.data.framing"])
    assert {"viton/judge.py", "eval/viton_eval/inception.py"} <= read
    assert sorted(read - OUTSIDE - MACHINERY - listed(sources.FEATURES)) == []


def test_every_pattern_names_a_file():
    for pattern in {
        *sources.WORLD,
        *sources.SCORES,
        *sources.COMPARISON,
        *sources.IMPORT,
        *sources.ROBUSTNESS,
        *sources.FEATURES,
    }:
        assert listed([pattern]), pattern
