"""An experiment opened for a notebook: its configuration, its data, its pairs."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from viton.config import ExperimentConfig
from viton.data.sample import Pair, Sample, Truth
from viton.data.viton_hd import VitonHd
from viton.files import read_jsonl
from viton_eval.commands import open_run
from viton_eval.interval import Mean, mean_interval
from viton_eval.results import data_of, results_of, warps_of


class Experiment(NamedTuple):
    """What a notebook's parameters `config`, `data` and `runs` name; what is missing is made when it is asked for."""

    config: ExperimentConfig
    data: VitonHd
    pairs: list[Pair]
    arguments: tuple[Path, str, str]  # config, data, runs

    def sample(self, pair: Pair) -> Sample:
        return self.data.sample(pair, self.config.size)

    def truth(self, pair: Pair) -> Truth:
        return self.data.truth(pair, self.config.size)

    @property
    def pairs_with_truth(self) -> list[Pair]:
        return [pair for pair in self.pairs if self.data.has_truth(pair)]

    def warps(self) -> pd.DataFrame:
        """Rows of warps.jsonl, one a pair; pictures lie in `warps_folder`."""
        return pd.DataFrame(read_jsonl(self.warps_folder / "warps.jsonl"))

    @property
    def warps_folder(self) -> Path:
        return warps_of(*self.arguments)

    def results_folder(self, method: str) -> Path:
        return results_of(method, *self.arguments)

    def results(self, method: str) -> pd.DataFrame:
        """Rows of a method's manifest, one a pair."""
        return pd.DataFrame(read_jsonl(self.results_folder(method) / "manifest.jsonl"))


def open_experiment(config: str, data: str = "", runs: str = "runs") -> Experiment:
    """Open what a notebook's parameters name, making the world if the experiment has one."""
    opened = open_run(Path(config), data, runs).config
    folder = VitonHd(data_of(Path(config), data, runs), opened.split)
    return Experiment(opened, folder, folder.pairs(opened.pairs), (Path(config), data, runs))


def mean_over_pairs(table: pd.DataFrame, column: str) -> Mean:
    """The mean of a column with its interval clustered by person and garment; missing values are left out."""
    known = table.dropna(subset=[column])
    return mean_interval(known[column].tolist(), known["person"].tolist(), known["clothing"].tolist())
