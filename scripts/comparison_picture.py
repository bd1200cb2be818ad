"""Make docs/images/comparison.jpg from the benchmark's run: every method on the first garments of its list."""

from pathlib import Path

from viton import try_on_figures as figures
from viton_eval import try_ons
from viton_eval.experiment import open_experiment

experiment = open_experiment("configs/benchmark.yaml")
pairs = try_ons.first_garments(experiment.pairs, 4)
results = {
    method: [try_ons.result_of(experiment, method, pair) for pair in pairs] for method in experiment.config.methods
}
truths = [experiment.truth(pair).image for pair in pairs]
figure = figures.comparison_sheet([experiment.sample(pair) for pair in pairs], results, truths)
figure.savefig(Path("docs/images/comparison.jpg"), dpi=110, pil_kwargs={"quality": 88})
