"""An analysis as files: tables as CSV, LaTeX and Markdown, notes on them, two pictures, and all of it as JSON."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from viton.files import write_bytes, write_json, write_text
from viton.study_figures import matrix, preferences
from viton_eval.study.analyse import MARK, Analysis
from viton_eval.study.analysis_text import readable
from viton_eval.study.captions import caption
from viton_eval.table_texts import csv_text, latex_text, markdown_cell, markdown_text

DOTS = 160  # an inch
SUFFIXES = (".csv", ".tex", ".md")  # of each table


def write_analysis(folder: Path, analysis: Analysis) -> list[Path]:
    """Write all, the JSON last, and return what was written; names and words of simulated ones say so."""
    mark, said = ("simulated-", f"{MARK}. ") if analysis.simulated else ("", "")
    whole = folder / f"{mark}analysis.json"
    whole.unlink(missing_ok=True)
    written = []
    for name, table in analysis.tables().items():
        path, words, shown = folder / f"{mark}{name}", f"{said}{caption(name)}", readable(table)
        if table.empty and name.endswith("flashes"):  # nobody was asked: an earlier analysis may have had some
            for suffix in SUFFIXES:
                path.with_suffix(suffix).unlink(missing_ok=True)
            continue
        write_text(path.with_suffix(".csv"), csv_text(table.assign(note_on_raters=MARK) if said else table))
        write_text(path.with_suffix(".tex"), latex_text(shown, words, f"tab:study-{path.name}"))
        write_text(path.with_suffix(".md"), f"{markdown_text(shown)}\n\n{words}\n")
        written += [path.with_suffix(suffix) for suffix in SUFFIXES]
    for name, figure in figures(analysis).items():
        written.append(folder / f"{mark}{name}.png")
        write_bytes(written[-1], _png(figure))
    written.append(folder / f"{mark}notes.md")
    write_text(written[-1], notes(analysis))
    write_json(whole, as_json(analysis))
    return [*written, whole]


def notes(analysis: Analysis) -> str:
    """How the numbers of all tables came about, as Markdown."""
    lines = [*([MARK] if analysis.simulated else []), analysis.sentence, *analysis.protocol]
    return "# How these numbers came about\n\n" + "".join(f"- {markdown_cell(line)}\n" for line in lines)


def figures(analysis: Analysis) -> dict[str, Figure]:
    """The win rates, and who was preferred to whom; both say so where raters are simulated."""
    title = MARK if analysis.simulated else ""
    rates = analysis.win_rates.set_index("method")
    order = rates["value"].sort_values(ascending=False, kind="stable").index.tolist()
    everything = analysis.all_win_rates.set_index("method")
    kept, everybody = (table.loc[order, ["value", "low", "high"]].to_numpy(np.float64) for table in (rates, everything))
    shares = share_matrix(analysis.pairwise, order)
    return {"win-rates": preferences(order, kept, everybody, title), "pairwise": matrix(order, shares, title)}


def share_matrix(pairwise: pd.DataFrame, order: Sequence[str]) -> np.ndarray:
    """(M,M): how often the row's method was preferred to the column's; NaN where nobody was asked."""
    place = {method: number for number, method in enumerate(order)}
    shares = np.full((len(order), len(order)), np.nan)
    for row in pairwise.to_dict("records"):
        one, other = place[row["method"]], place[row["other"]]
        shares[one, other], shares[other, one] = row["value"], 1 - row["value"]
    return shares


def as_json(analysis: Analysis) -> dict[str, object]:
    """All tables, the sentence and the protocol; what is not known is null."""
    told: dict[str, object] = {
        name: table.astype(object).where(table.notna(), None).to_dict("records")
        for name, table in analysis.tables().items()
    }
    told |= {"simulated": analysis.simulated, "sentence": analysis.sentence, "protocol": list(analysis.protocol)}
    return told


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DOTS, metadata={"Software": None})
    return stream.getvalue()
