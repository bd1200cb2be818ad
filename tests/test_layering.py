"""What the two packages may import, and how they are written. Each rule is shown to catch what it forbids."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = sorted((ROOT / "viton").rglob("*.py"))
SUITE = sorted((ROOT / "eval" / "viton_eval").rglob("*.py"))
LIGHT = ["viton/__init__.py", "viton/cli.py", "eval/viton_eval/__init__.py", "eval/viton_eval/cli.py"]
HEAVY = {"torch", "torchvision", "torchmetrics", "cv2", "matplotlib", "pandas"}
FILE_LIMIT, FUNCTION_LIMIT = 300, 60

Rule = Callable[[str], Iterator[str]]


def _imported(nodes: list[ast.AST] | list[ast.stmt]) -> Iterator[tuple[int, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _imports_any_of(packages: set[str], nodes: list[ast.AST] | list[ast.stmt]) -> Iterator[str]:
    for line, name in _imported(nodes):
        if name.split(".")[0] in packages:
            yield f"line {line}: imports {name}"


def _when_imported(source: str) -> list[ast.AST]:
    """Return the statements that run when the module is imported, those under if and try too."""
    nodes: list[ast.AST] = []
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
            continue
        nodes.append(node)
        waiting.extend(ast.iter_child_nodes(node))
    return nodes


def imports_against_the_stream(source: str) -> Iterator[str]:
    return _imports_any_of(
        {"viton_eval", "eval", "notebooks", "tests", "benchmarks"}, list(ast.walk(ast.parse(source)))
    )


def imports_notebooks_or_tests(source: str) -> Iterator[str]:
    return _imports_any_of({"notebooks", "tests", "benchmarks"}, list(ast.walk(ast.parse(source))))


def imports_heavy_libraries(source: str) -> Iterator[str]:
    return _imports_any_of(HEAVY, _when_imported(source))


def is_too_long(source: str) -> Iterator[str]:
    if (lines := len(source.splitlines())) > FILE_LIMIT:
        yield f"{lines} lines, expected at most {FILE_LIMIT}"


def has_long_functions(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LIMIT:
                yield f"line {node.lineno}: {node.name} has {lines} lines, expected at most {FUNCTION_LIMIT}"


def converts_images_itself(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and node.value == 127.5:
            yield f"line {node.lineno}: 127.5 belongs in viton/images.py alone"


def loads_pickles(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
            if not any(k.arg == "weights_only" and ast.unparse(k.value) == "True" for k in node.keywords):
                yield f"line {node.lineno}: torch.load without weights_only=True"
        elif isinstance(node, ast.ImportFrom) and "load" in _names_from_torch(node):
            yield f"line {node.lineno}: write torch.load, so that this test sees it"


def _names_from_torch(node: ast.ImportFrom) -> list[str]:
    return [alias.name for alias in node.names] if node.module == "torch" else []


def swallows_errors(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        if node.type is None:
            yield f"line {node.lineno}: except without a kind of error"
        elif ast.unparse(node.type) in {"Exception", "BaseException"} and all(_does_nothing(s) for s in node.body):
            yield f"line {node.lineno}: swallows every error"


def _does_nothing(statement: ast.stmt) -> bool:
    is_ellipsis = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_ellipsis or isinstance(statement, ast.Pass | ast.Continue)


EVERYWHERE: list[Rule] = [is_too_long, has_long_functions, converts_images_itself, loads_pickles, swallows_errors]


def _faults(rule: Rule, paths: list[Path]) -> list[str]:
    return [f"{path.relative_to(ROOT)}: {fault}" for path in paths for fault in rule(path.read_text(encoding="utf-8"))]


def test_both_packages_are_looked_at():
    assert LIBRARY
    assert SUITE


def test_the_library_imports_nothing_of_the_suite():
    assert _faults(imports_against_the_stream, LIBRARY) == []


def test_the_suite_imports_neither_notebooks_nor_tests():
    assert _faults(imports_notebooks_or_tests, SUITE) == []


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
def test_no_file_breaks_the_rule(rule):
    paths = LIBRARY + SUITE
    if rule is converts_images_itself:
        paths = [path for path in paths if path != ROOT / "viton" / "images.py"]
    assert _faults(rule, paths) == []


def test_no_module_is_a_dumping_ground():
    names = {"utils", "util", "helpers", "helper", "common", "misc"}
    everything = [path for folder in ["viton", "eval", "tests", "scripts"] for path in (ROOT / folder).rglob("*")]
    assert [str(path.relative_to(ROOT)) for path in everything if path.stem in names] == []


@pytest.mark.parametrize("name", LIGHT)
def test_what_starts_the_command_line_imports_no_heavy_library(name):
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"NOT CHECKED: {name} is not written yet")
    assert _faults(imports_heavy_libraries, [path]) == []


@pytest.mark.parametrize("module", ["viton.cli", "viton_eval.cli"])
def test_importing_the_command_line_does_not_load_torch(module):
    folder = ROOT if module.startswith("viton.") else ROOT / "eval"
    if not (folder / f"{module.replace('.', '/')}.py").exists():
        pytest.skip(f"NOT CHECKED: {module} is not written yet")
    code = f"import sys, {module}; print(*sorted({{'torch', 'cv2', 'matplotlib', 'pandas'}} & set(sys.modules)))"
    path = [str(ROOT), str(ROOT / "eval")]
    program = f"import sys; sys.path[:0] = {path!r}; {code}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (imports_against_the_stream, "def f():\n    from viton_eval.tables import table"),
        (imports_notebooks_or_tests, "import tests.test_layering"),
        (imports_heavy_libraries, "import torch"),
        (imports_heavy_libraries, "try:\n    import cv2\nexcept ImportError:\n    raise"),
        (imports_heavy_libraries, "from matplotlib import pyplot"),
        (is_too_long, "x = 1\n" * (FILE_LIMIT + 1)),
        (has_long_functions, "class A:\n    def f(self):\n" + "        x = 1\n" * FUNCTION_LIMIT),
        (converts_images_itself, "y = x / 127.5 - 1"),
        (loads_pickles, "torch.load(path)"),
        (loads_pickles, "torch.load(path, weights_only=False)"),
        (loads_pickles, "from torch import load"),
        (swallows_errors, "try:\n    f()\nexcept:\n    g()"),
        (swallows_errors, "try:\n    f()\nexcept Exception:\n    pass"),
        (swallows_errors, "while x:\n    try:\n        f()\n    except BaseException as e:\n        continue"),
    ],
)
def test_a_rule_catches_what_it_forbids(rule, source):
    assert list(rule(source)) != []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (imports_against_the_stream, "import viton.images\nimport numpy"),
        (imports_heavy_libraries, "def f():\n    import torch"),
        (imports_heavy_libraries, "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch"),
        (is_too_long, "x = 1\n" * FILE_LIMIT),
        (has_long_functions, "def f():\n" + "    x = 1\n" * (FUNCTION_LIMIT - 1)),
        (loads_pickles, "torch.load(path, weights_only=True)"),
        (swallows_errors, "try:\n    f()\nexcept ValueError:\n    pass\nexcept Exception:\n    undo()\n    raise"),
    ],
)
def test_a_rule_lets_pass_what_it_allows(rule, source):
    assert list(rule(source)) == []
