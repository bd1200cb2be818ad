"""The pages for users name only what is there: links, files, make targets, commands."""

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
APPS = {
    "viton": ("viton.cli", ROOT / "viton/cli.py"),
    "viton-eval": ("viton_eval.cli", ROOT / "eval/viton_eval/cli.py"),
}

FENCE = re.compile(r"^ {0,3}```[^\n]*\n(.*?)^ {0,3}```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FOLDERS = {"viton", "eval", "notebooks", "tests", "configs", "benchmarks", "docs", "scripts", ".ci", ".github"}
ROOT_FILES = re.compile(r"^(Makefile|Snakefile|LICENSE|constraints\.txt|[\w.-]+\.(md|toml|yml|cff))$")
PLACEHOLDER = re.compile(r"[<>{}|=$\s]|\.\.\.|[A-Z]{4,}/")


def links(text: str) -> list[str]:
    """Return the relative links of a page, without their anchors."""
    targets = [target.split("#")[0] for target in LINK.findall(FENCE.sub("", text))]
    return [target for target in targets if target and not re.match(r"[a-z]+:", target)]


def named_files(text: str) -> list[str]:
    """Return what stands in backticks and looks like a file of this repository."""
    words = [word.split("::")[0] for word in INLINE.findall(FENCE.sub("", text)) if not PLACEHOLDER.search(word)]
    return [word for word in words if ROOT_FILES.match(word) or ("/" in word and word.split("/")[0] in FOLDERS)]


def commands(text: str) -> Iterator[list[str]]:
    """Yield each command line that a page shows, in a fenced block or in backticks, as words."""
    for block in [*FENCE.findall(text), *INLINE.findall(FENCE.sub("", text))]:
        for line in block.replace("\\\n", " ").splitlines():
            words = _words(line)
            while words and ("=" in words[0] or words[0] in {"$", "exec", "time"}):
                words = words[1:]
            if words:
                yield words


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:  # prose or code with a lone quote
        return line.split()


def make_targets(text: str) -> list[str]:
    return [
        word
        for words in commands(text)
        if words[0] == "make"
        for word in words[1:]
        if re.match(r"^[a-z][a-z-]*$", word)
    ]


def verbs(text: str) -> list[tuple[str, list[str]]]:
    """Return (app, words after it) of each call of viton or viton-eval."""
    found = []
    for words in commands(text):
        name = words[0].rsplit("/", 1)[-1]
        if name.startswith("python") and words[1:3] == ["-m", "viton"]:
            found.append(("viton", words[3:]))
        elif name in APPS and len(words) > 1:
            found.append((name, words[1:]))
    return found


def unknown_verb(command, words: list[str]) -> str | None:
    """Follow the words down the command's groups; return the first that names nothing there."""
    if not words or words[0].startswith("-") or not hasattr(command, "commands"):
        return None
    for verb in words[0].split("|"):
        if verb not in command.commands:
            return verb
        if (deeper := unknown_verb(command.commands[verb], words[1:])) is not None:
            return deeper
    return None


def missing(page: Path, names: list[str], base: Path) -> list[str]:
    def exists(name: str) -> bool:
        return any(base.glob(name)) if "*" in name else (base / name).exists()

    return [f"{page.relative_to(ROOT)}: {name} does not exist" for name in names if not exists(name)]


def _targets_of_makefile() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _command(app: str):
    module, path = APPS[app]
    if not path.exists():
        pytest.skip(f"NOT CHECKED: {path.relative_to(ROOT)} is not written yet")
    typer = importlib.import_module("typer")
    return typer.main.get_command(importlib.import_module(module).app)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_relative_link_leads_to_a_file(page):
    assert missing(page, links(_text(page)), page.parent) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_file_named_in_backticks_exists(page):
    assert missing(page, named_files(_text(page)), ROOT) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_make_target_named_exists(page):
    assert sorted(set(make_targets(_text(page))) - _targets_of_makefile()) == []


@pytest.mark.parametrize("app", APPS)
def test_each_command_shown_exists(app):
    command = _command(app)
    shown = [(page.name, words) for page in PAGES for name, words in verbs(_text(page)) if name == app]
    assert [(page, words) for page, words in shown if unknown_verb(command, words) is not None] == []


def test_the_readme_says_more_than_its_title():
    assert len(_text(ROOT / "README.md").splitlines()) > 20


PAGE = """\
# A page
See [data](docs/data.md#layouts "title"), [site](https://example.org), [below](#below) and `viton/images.py`,
`Makefile`, `runs/<experiment>/x`, `manifest.jsonl`, `configs/*.yaml`, `eval/viton_eval/`, `make dry`.
To make sure, read `viton doctor`.
```
$ make report CONFIG=configs/demo.yaml   # 15 min
PYTHON=python3.12 make test-slow
.venv/bin/viton try-on viton --run RUN \\
    --data ROOT
viton-eval study plan|make ...
python -m viton data check ROOT
```
"""


def test_a_page_is_read_as_its_reader_does():
    assert links(PAGE) == ["docs/data.md"]
    assert named_files(PAGE) == ["viton/images.py", "Makefile", "configs/*.yaml", "eval/viton_eval/"]
    assert make_targets(PAGE) == ["report", "test-slow", "dry"]
    assert [(app, words[:2]) for app, words in verbs(PAGE)] == [
        ("viton", ["try-on", "viton"]),
        ("viton-eval", ["study", "plan|make"]),
        ("viton", ["data", "check"]),
        ("viton", ["doctor"]),
    ]


def test_what_does_not_exist_is_found():
    page = ROOT / "README.md"
    assert missing(page, ["Makefile", "docs/no-such-page.md", "no-such/*.yaml"], ROOT) == [
        "README.md: docs/no-such-page.md does not exist",
        "README.md: no-such/*.yaml does not exist",
    ]


def test_an_unknown_verb_is_found_at_any_depth():
    typer = importlib.import_module("typer")
    app, study = typer.Typer(), typer.Typer()
    app.add_typer(study, name="study")
    app.command("score")(lambda: None)
    study.command("plan")(lambda: None)
    study.command("make")(lambda: None)
    command = typer.main.get_command(app)
    assert unknown_verb(command, ["score", "--results", "x"]) is None
    assert unknown_verb(command, ["study", "plan|make", "--out", "x"]) is None
    assert unknown_verb(command, ["study", "plan|serve"]) == "serve"
    assert unknown_verb(command, ["report"]) == "report"
    assert unknown_verb(command, ["--help"]) is None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_waits_for_a_figure(page: Path) -> None:
    assert "TODO" not in page.read_text()
