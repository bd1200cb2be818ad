"""Make docs/images/try_on.jpg, the README's picture, from the demo's run: the first pairs of its list, none chosen."""

from pathlib import Path

import numpy as np

from viton.files import write_bytes
from viton.images import encode, load_rgb
from viton_eval.experiment import open_experiment

experiment = open_experiment("configs/demo.yaml")
rows = []
for pair in experiment.pairs[:2]:
    sample, truth, made = experiment.sample(pair), experiment.truth(pair), f"{pair.name}.png"
    warped, result = experiment.warps_folder / made, experiment.results_folder("non-parametric") / made
    shown = [sample.person.image, sample.clothing.image, load_rgb(warped), load_rgb(result), truth.image]
    rows.append(np.concatenate(shown, axis=1))
write_bytes(Path("docs/images/try_on.jpg"), encode(np.concatenate(rows), ".jpg", quality=88))
