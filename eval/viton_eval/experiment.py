"""An experiment opened for a notebook: its configuration, its data, its pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import pandas as pd

from viton.config import ExperimentConfig, FolderData
from viton.data.dataset import Dataset
from viton.data.framing import fit_labels, padded
from viton.data.layouts import open_dataset
from viton.data.sample import Pair, Sample, Truth
from viton.errors import InputError
from viton.files import read_jsonl
from viton.images import Pixels, load_labels
from viton_eval.commands import open_run
from viton_eval.interval import Mean, mean_interval
from viton_eval.results import data_of, results_of, warps_of

T = TypeVar("T")


class Experiment(NamedTuple):
    """What a notebook's parameters `config`, `data` and `runs` name; what is missing is made when it is asked for."""

    config: ExperimentConfig
    data: Dataset
    pairs: list[Pair]
    arguments: tuple[Path, str, str]  # config, data, runs
    folders: dict[str, Path] | None = None  # of results, as far as they were asked for: to ask takes a second

    def sample(self, pair: Pair) -> Sample:
        return self.data.sample(pair, self.config.size)

    def truth(self, pair: Pair) -> Truth:
        return self.data.truth(pair, self.config.size)

    @property
    def splits(self) -> list[Dataset]:
        """Every split of a world that the experiment makes; of a folder that is there only the one that it is about."""
        if isinstance(self.config.data, FolderData):
            return [self.data]
        return [type(self.data)(self.data.root, name) for name in self.data.splits_in(self.data.root)]

    @property
    def reference(self) -> Dataset | None:
        """The photographs that the data are compared with, where the configuration names some."""
        given = self.config.reference
        return open_dataset(given.root, given.split, given.layout) if given else None

    def true_parsing(self, pair: Pair) -> Pixels:
        """The labels of a pair's true try-on, (H,W); only a made-up world has them."""
        labels = load_labels(self.data.truth_path(pair, "parse"))
        return fit_labels(padded(labels, self.config.size, 0), self.config.size)

    @property
    def pairs_with_truth(self) -> list[Pair]:
        return [pair for pair in self.pairs if self.data.has_truth(pair)]

    def warps(self) -> pd.DataFrame:
        """Rows of warps.jsonl, one a pair; pictures lie in `warps_folder`."""
        return _table(self.warps_folder / "warps.jsonl")

    @property
    def warps_folder(self) -> Path:
        return warps_of(*self.arguments)

    def results_folder(self, method: str) -> Path:
        """Where a method's results lie; what is missing of them is made when it is first asked for."""
        if self.folders is None:
            return results_of(method, *self.arguments)
        if method not in self.folders:
            self.folders[method] = results_of(method, *self.arguments)
        return self.folders[method]

    def results(self, method: str) -> pd.DataFrame:
        """Rows of a method's manifest, one a pair."""
        return _table(self.results_folder(method) / "manifest.jsonl")


def open_experiment(config: str, data: str = "", runs: str = "runs") -> Experiment:
    """Open what a notebook's parameters name, making the world if the experiment has one."""
    path, runs = _located(config, runs)
    run = open_run(path, data, runs)
    folder = open_dataset(data_of(path, data, runs), run.config.split, run.layout)
    return Experiment(run.config, folder, folder.pairs(run.pairs_path), (path, data, runs), {})


def readable(
    splits: Iterable[Dataset], names: Callable[[Dataset], Iterable[str]], read: Callable[[Dataset, str], T]
) -> Iterator[T]:
    """The samples of some splits, by name, one after another; those whose files are bad are named and left out."""
    for split in splits:
        for name in names(split):
            try:
                yield read(split, name)
            except InputError as error:
                print(f"left out: {error}")


def _table(manifest: Path) -> pd.DataFrame:
    """A manifest's rows; raises InputError with the reasons when no pair succeeded: there is no story to tell."""
    table = pd.DataFrame(read_jsonl(manifest))
    if not (table["status"] == "ok").any():
        reasons = ", ".join(f"{count} x {reason}" for reason, count in table["status"].value_counts().items())
        raise InputError(manifest, "at least one pair that succeeded", reasons)
    return table


def _located(config: str, runs: str) -> tuple[Path, str]:
    """Both paths as given, or, where Jupyter started in the notebooks' folder, as the checkout above it has them."""
    if not Path(config).is_file() and not Path(config).is_absolute():
        for folder in Path.cwd().parents:
            if (folder / "Snakefile").is_file():
                return folder / config, str(folder / runs)
    return Path(config), runs


def mean_over_pairs(table: pd.DataFrame, column: str) -> Mean:
    """The mean of a column with its interval clustered by person and garment; missing values are left out."""
    known = table.dropna(subset=[column])
    return mean_interval(known[column].tolist(), known["person"].tolist(), known["clothing"].tolist())
