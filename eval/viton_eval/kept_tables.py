"""Tables of notebooks as files to take away: CSV for programs, LaTeX and Markdown for papers and pages.

They lie in runs/EXPERIMENT/tables/NOTEBOOK, and the report offers those of its notebooks.
"""

from __future__ import annotations

import re

import pandas as pd

from viton.files import write_text
from viton_eval.experiment import Experiment
from viton_eval.table_texts import csv_text, latex_text, markdown_text
from viton_eval.trainings import label_of, labels_told
from viton_eval.try_ons import run_of

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def keep(
    experiment: Experiment,
    notebook: str,
    name: str,
    table: pd.DataFrame,
    caption: str,
    data: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Write a table in three forms and give it back to be shown.

    notebook: the page's name, as of viton_eval.plan.pages.   caption: what decided the numbers; the experiment is told
    behind it.   data: the same numbers for programs, which the CSV holds; None: it holds `table`.   Raises ValueError
    for a name that is no file's.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"keep: expected a name of small letters, digits and hyphens, got {name!r}")
    path, caption = run_of(experiment).tables / notebook / name, f"{caption}. {context(experiment)}"
    shown = table.rename_axis(columns=None)
    if shown.index.nlevels > 1:
        shown = shown.reset_index().set_index(str(table.index.names[0]))
    write_text(path.with_suffix(".csv"), csv_text(shown, index=True) if data is None else csv_text(data))
    write_text(path.with_suffix(".tex"), latex_text(shown, caption, f"tab:{name}"))
    write_text(path.with_suffix(".md"), f"{markdown_text(shown)}\n\n{caption}\n")
    return table


def context(experiment: Experiment) -> str:
    """What every table of an experiment is of: data, size, and which methods are not trained to the end."""
    config = experiment.config
    made_up = "MADE-UP people and garments" if experiment.pairs_with_truth else "no known truth"
    told = labels_told({method: label_of(config, method) for method in config.methods})
    size = f"{config.height}x{config.width}"
    return f"Experiment {config.name}: {len(experiment.pairs)} pairs at {size}, {made_up}" + (
        f"; {told}." if told else "."
    )
