"""The report's site: one folder that opens from disk, made from whatever an experiment has on disk by now."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from viton_eval.commands import Run, page_title, pages
from viton_eval.digests import Digests
from viton_eval.facts import as_csv, failures, header, summaries, versions
from viton_eval.grid import make_grid
from viton_eval.published import Published
from viton_eval.states import FAILED, MISSING, OK, STALE, State, states
from viton_eval.templates import inlined_json, render, url

SHOWN_FAILURES = 200
ROWS_A_PAGE = 24


class NotebookCard(NamedTuple):
    """A notebook as the page shows it."""

    title: str
    state: State
    html: str | None
    ipynb: str | None


def assemble(run: Run, reports: Path, found: list[State] | None = None) -> Path:
    """Write reports/EXPERIMENT and return its index.html; an unchanged experiment changes nothing there."""
    found = states(run) if found is None else found
    digests = Digests(run.folder / ".pictures.json")
    out = Published(reports / run.config.name, digests)
    grid = make_grid(run, found, out)
    broken = failures(run, found)
    config_path = run.folder / "config.yaml"
    values = {
        "config": run.config,
        "header": header(run, grid, found),
        "summaries": summaries(run),
        "steps": found,
        "logs": {state.name: out.link(state.log, f"logs/{state.name}.txt") for state in found},
        "wrong": [state for state in found if state.status != OK],
        "cards": [_card(run, out, page, found) for page in pages(run.config)],
        "failures": broken[:SHOWN_FAILURES],
        "num_failures": len(broken),
        "versions": versions(run),
        "config_text": config_path.read_text() if config_path.is_file() else "",
        "downloads": _downloads(run, out),
        "grid": inlined_json(grid.as_json(run.config.size) | {"page": ROWS_A_PAGE}),
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
    if state.status == MISSING or (state.status == FAILED and not all(_is_newer(path, state) for path in sources)):
        return NotebookCard(title, state, None, None)
    html, ipynb = (out.link(path, f"notebooks/{path.name}") for path in sources)
    return NotebookCard(title, state, html and url(html), ipynb and url(ipynb))


def _is_newer(path: Path, state: State) -> bool:
    """Whether the last run of the step has written the file."""
    if not path.is_file() or not state.started:
        return False
    return path.stat().st_mtime >= datetime.fromisoformat(state.started).timestamp()


def _downloads(run: Run, out: Published) -> list[tuple[str, str]]:
    """(label, link) of files to take away."""
    links: list[tuple[str, str | None]] = [
        ("Configuration (YAML)", out.link(run.folder / "config.yaml", "downloads/config.yaml"))
    ]
    tables = {"warps": run.warps / "warps.jsonl"}
    tables |= {method: run.results(method) / "manifest.jsonl" for method in run.config.methods}
    for name, path in tables.items():
        links.append((f"{name}: {path.name}", out.link(path, f"downloads/{name}.jsonl")))
        if path.is_file():
            links.append((f"{name} (CSV)", out.text(f"downloads/{name}.csv", as_csv(path))))
    return [(label, url(link)) for label, link in links if link]
