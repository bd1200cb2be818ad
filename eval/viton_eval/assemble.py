"""The report's site: one folder that opens from disk, made from whatever an experiment has on disk by now."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import NamedTuple

from viton.digests import Digests
from viton_eval.commands import Run, page_title
from viton_eval.facts import as_csv, failures, header, summaries, versions
from viton_eval.grid import make_grid
from viton_eval.manifests import manifests
from viton_eval.pair_pages import make_pair_pages
from viton_eval.plan import pages, plan
from viton_eval.published import Published
from viton_eval.states import FAILED, MISSING, OK, STALE, State, states
from viton_eval.templates import inlined_json, render, url
from viton_eval.training_facts import methods, runtime, trained_stages

SHOWN_FAILURES = 200
ROWS_A_PAGE = 24
COMPARISON = "comparison"  # the notebook with the table of all methods
COMPARED = {
    "comparison.csv": "methods (CSV)",
    "options.csv": "options (CSV)",
    "seeds.csv": "each training of viton alone (CSV)",
    "floor.csv": "the photos as they are (CSV)",
    "provenance.json": "what it was made of (JSON)",
}
FORMS = {".csv": "CSV", ".tex": "LaTeX", ".md": "Markdown"}  # of a notebook's tables

ROBUSTNESS = {"robustness.csv": "every picture's scores (CSV)", "settings.json": "what decided them (JSON)"}


class NotebookCard(NamedTuple):
    """A notebook as the page shows it."""

    name: str
    title: str
    method: str  # "" for one that is about no method
    state: State
    html: str | None
    ipynb: str | None


class Download(NamedTuple):
    """A file to take away."""

    label: str
    link: str
    state: State | None  # of the step that made it
    others: tuple[tuple[str, str], ...] = ()  # the same in other forms, each with its link


def assemble(run: Run, reports: Path, found: list[State] | None = None) -> Path:
    """Write reports/EXPERIMENT and return its index.html; an unchanged experiment changes nothing there."""
    found = states(run) if found is None else found
    digests = Digests(run.folder / ".pictures.json")
    out = Published(reports / run.config.name, digests)
    grid = make_grid(run, found, out)
    links = make_pair_pages(run, found, grid, out, digests)
    broken = failures(run, found)
    cards = [_card(run, out, page, found) for page in pages(run.config)]
    config_path = run.folder / "config.yaml"
    values = {
        "config": run.config,
        "header": header(run, grid, found),
        "summaries": summaries(run, found),
        "methods": methods(run, found),
        "trained": trained_stages(run, found),
        "runtime": runtime(run, found),
        "steps": found,
        "logs": {state.name: out.link(state.log, f"logs/{state.name}.txt") for state in found},
        "wrong": [state for state in found if state.status != OK],
        "cards": cards,
        "measured": {card.method: card.html for card in cards if card.method and card.state.status == OK and card.html},
        "compared": next((card for card in cards if card.name == COMPARISON and card.html), None),
        "commands": [shlex.join(step.command) for step in plan(run).values()],
        "failures": broken[:SHOWN_FAILURES],
        "num_failures": len(broken),
        "versions": versions(run, found),
        "config_text": config_path.read_text() if config_path.is_file() else "",
        "downloads": _downloads(run, out, found),
        "grid": inlined_json(grid.as_json(run.config.size) | {"page": ROWS_A_PAGE, "links": links}),
        "num_pairs": len(grid.rows),
        "total_seconds": sum(state.seconds or 0 for state in found),
        "status": {"ok": OK, "failed": FAILED, "stale": STALE, "missing": MISSING},
    }
    out.text("index.html", render("index.html.j2", **values))
    out.finish()
    digests.save()
    return out.root / "index.html"


def _card(run: Run, out: Published, page: tuple[str, str, str], found: list[State]) -> NotebookCard:
    """The pages of a notebook; those that a killed run would leave behind from an earlier one are not shown."""
    name, notebook, method = page
    state = next(state for state in found if state.name == f"notebook-{name}")
    title = page_title(notebook, method)
    sources = [run.notebooks / f"{name}{suffix}" for suffix in (".html", ".ipynb")]
    if state.status == MISSING or (state.status == FAILED and not all(state.wrote(path) for path in sources)):
        return NotebookCard(notebook, title, method, state, None, None)
    html, ipynb = (out.link(path, f"notebooks/{path.name}") for path in sources)
    return NotebookCard(notebook, title, method, state, html and url(html), ipynb and url(ipynb))


def _downloads(run: Run, out: Published, found: list[State]) -> list[Download]:
    """Files to take away, each with the state of the step that made it."""
    states = {state.name: state for state in found}
    links: list[tuple[str, str | None, State | None]] = [
        ("Configuration (YAML)", out.link(run.folder / "config.yaml", "downloads/config.yaml"), None)
    ]
    for one in manifests(run):
        state, name = states[one.step], one.name
        links.append((f"{one.title}: {one.path.name}", out.link(one.path, f"downloads/{name}.jsonl"), state))
        if one.path.is_file():
            links.append((f"{one.title} (CSV)", out.text(f"downloads/{name}.csv", as_csv(one.path)), state))
    for name, label in COMPARED.items() if "comparison" in states else ():
        link = out.link(run.comparison / name, f"downloads/{name}")
        links.append((f"Comparison: {label}", link, states["comparison"]))
    for name, label in ROBUSTNESS.items() if "robustness" in states else ():
        link = out.link(run.robustness / name, f"downloads/robustness{Path(name).suffix}")
        links.append((f"Noise in pose and parsing: {label}", link, states["robustness"]))
    return [Download(label, url(link), state) for label, link, state in links if link] + _tables(run, out, states)


def _tables(run: Run, out: Published, states: dict[str, State]) -> list[Download]:
    """The tables that the last run of each notebook kept, a line each, first as CSV and then in its other forms."""
    found = []
    for page, notebook, method in pages(run.config):
        state = states[f"notebook-{page}"]
        for path in sorted((run.tables / page).glob("[!.]*.csv")):
            files = {form: path.with_suffix(suffix) for suffix, form in FORMS.items()}
            links = {
                form: out.link(file, f"downloads/{page}-{file.name}")
                for form, file in files.items()
                if state.wrote(file)
            }
            csv, *others = [(form, url(link)) for form, link in links.items() if link] or [("", "")]
            if csv[0] == FORMS[".csv"]:
                label = f"{page_title(notebook, method)}: {path.stem.replace('-', ' ')} (CSV)"
                found.append(Download(label, csv[1], state, tuple(others)))
    return found
