"""What extractors say of whole sets of an experiment's pictures: of each method, of the photos, of the true try-ons.

A picture is seen once by each extractor; what it said is kept in runs/EXPERIMENT/features, by what decided it, so that
several notebooks ask a slow network once. A method stands with its first seed; a pair that failed has no picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from viton.data.framing import fit_photo
from viton.data.sample import Pair
from viton.files import digest_of, locked, read_json, sha256_of, write_json, written_whole
from viton.images import Pixels, load_rgb
from viton.provenance import installed
from viton_eval.experiment import Experiment
from viton_eval.features import FeatureExtractor, Features, extract
from viton_eval.inception import inception_of_tensorflow, inception_of_torchvision
from viton_eval.judge_features import JudgeExtractor
from viton_eval.scores_settings import code_files
from viton_eval.sources import FEATURES, measured_with
from viton_eval.try_ons import done_pairs, judge_of, run_of

Matrix = NDArray[np.float64]
PHOTOS, TRUTHS = "real photos", "true try-ons"
PACKAGES = ("pillow", "scipy", "torch-fidelity", "torchvision")  # that a network or a resizing may be of


class PictureSet(NamedTuple):
    """A set of pictures, one a pair, and what each extractor says of it."""

    name: str  # of a method, PHOTOS or TRUTHS
    pairs: tuple[Pair, ...]
    features: tuple[Features, ...]  # one an extractor, rows as `pairs`


def extractors_of(experiment: Experiment) -> list[FeatureExtractor]:
    """The experiment's judge, where it is trained, and the networks whose weights `evaluation` names."""
    run = run_of(experiment)
    found: list[FeatureExtractor] = []
    if run.judge and judge_of(experiment):
        found.append(JudgeExtractor.of_stage(run.stage_folder(run.judge)))
    given = experiment.config.evaluation
    found += [inception_of_tensorflow(given.inception_tf)] if given.inception_tf else []
    found += [inception_of_torchvision(given.inception_torchvision)] if given.inception_torchvision else []
    return found


def picture_sets(experiment: Experiment, extractors: Sequence[FeatureExtractor]) -> dict[str, PictureSet]:
    """Every method that made a picture, the photos of the pairs' people, each once, and the true try-ons, if known."""
    found = {}
    for method in experiment.config.methods:
        if pairs := done_pairs(experiment, method):
            folder = experiment.results_folder(method)
            files = {pair: folder / f"{pair.name}.png" for pair in pairs}
            pictures = partial(_loaded, files)
            found[method] = _set(experiment, method, pairs, extractors, files, pictures)
    people = list({pair.person: pair for pair in experiment.pairs}.values())
    photos = {pair: experiment.data.people[pair.person] for pair in people}
    found[PHOTOS] = _set(experiment, PHOTOS, people, extractors, photos, lambda pair: photo_of(experiment, pair))
    if known := experiment.pairs_with_truth:
        truths = {pair: experiment.data.truth_path(pair, "image") for pair in known}
        found[TRUTHS] = _set(experiment, TRUTHS, known, extractors, truths, lambda pair: experiment.truth(pair).image)
    return found


def photo_of(experiment: Experiment, pair: Pair) -> Pixels:
    """The photo of a pair's person (H,W,3) as every method sees it, whatever else of the person can be read."""
    return fit_photo(experiment.data.photo(pair.person), experiment.config.size)


def _loaded(files: Mapping[Pair, Path], pair: Pair) -> Pixels:
    return load_rgb(files[pair])


def _set(
    experiment: Experiment,
    name: str,
    pairs: Sequence[Pair],
    extractors: Sequence[FeatureExtractor],
    files: Mapping[Pair, Path],
    picture: Callable[[Pair], Pixels],
) -> PictureSet:
    """A set whose pictures come from `files`, by whose digests it is known."""
    pictures = digest_of([[pair.name, sha256_of(files[pair])] for pair in pairs])
    folder = run_of(experiment).folder / "features"

    def of(extractor: FeatureExtractor) -> Features:
        decided = {
            "pictures": pictures,
            "size": list(experiment.config.size),
            "extractor": [extractor.name, extractor.sha256, extractor.input_size, extractor.resize],
            "code": digest_of([sha256_of(path) for path in code_files(FEATURES)]),
            "versions": measured_with() | {name: installed(name) for name in PACKAGES},
        }
        path = folder / f"{name.replace(' ', '-')}.{extractor.sha256[:16]}.{extractor.resize}.npz"
        shown = ((pair.name, picture(pair)) for pair in pairs)
        values = _kept(path, digest_of(decided), lambda: extract(shown, [extractor])[0].values)
        told = extractor.name, extractor.sha256, extractor.input_size, extractor.resize
        return Features(tuple(pair.name for pair in pairs), values, *told)

    return PictureSet(name, tuple(pairs), tuple(of(extractor) for extractor in extractors))


def _kept(path: Path, decided: str, make: Callable[[], dict[str, Matrix]]) -> dict[str, Matrix]:
    """Arrays as they lie at `path` if `decided` is what decided them, made anew and written there if not."""
    beside = path.with_suffix(".json")
    with locked(path.with_suffix(".lock")):  # notebooks that run side by side ask for the same
        told = read_json(beside) if beside.is_file() else None
        if told != {"decided": decided} or not path.is_file():
            beside.unlink(missing_ok=True)
            with written_whole(path) as temporary, temporary.open("wb") as stream:
                np.savez(stream, **make())  # type: ignore[arg-type]
            write_json(beside, {"decided": decided})
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
