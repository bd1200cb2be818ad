"""What decided the numbers of `viton-eval score`: all whose change may change one of them, by value or by digest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch

from viton.data.dataset import data_digest
from viton.data.sample import Pair
from viton.files import digest_of, sha256_of
from viton.provenance import code_digest, installed, provenance
from viton.results import pairs_digest
from viton_eval.features import FeatureExtractor
from viton_eval.folder_regions import photo_files, truth_files
from viton_eval.interval import DRAWS
from viton_eval.score_folders import BATCH, Asked, Passed

SCHEMA = 1
PACKAGES = ("torch", "torchvision", "torchmetrics", "numpy", "scipy", "opencv-python", "pillow", "pandas")


def decided_by(asked: Asked, passed: Passed, pairs_file: str, against: str) -> dict[str, object]:
    """Protocol, pairs, data, results, networks, draws and versions; equal ones give equal numbers on one machine.

    pairs_file, against: as they were asked for.
    """
    return {
        "schema": SCHEMA,
        "mode": passed.mode,
        "size": list(passed.size),
        "protocol": _protocol(asked),
        "metrics": list(asked.how.metrics.names),
        "against": against,
        "pairs": {"file": pairs_file, "count": len(asked.pairs), "digest": pairs_digest(asked.pairs)},
        "data": {"root": str(asked.data.root), "split": asked.data.split, **_data(asked, passed)},
        "results": {name: _results(name, asked, passed) for name in asked.results},
        "networks": _networks(asked),
        "intervals": {"seed": asked.seed, "draws": DRAWS, "level": 0.95},
        "runs_on": {"device": asked.how.device, "threads": torch.get_num_threads(), "batch": BATCH},
        "versions": {name: installed(name) for name in PACKAGES},
        "code": {"viton": code_digest()[:12], "viton_eval": code_digest(Path(__file__).parent)[:12]},
        "made_by": provenance(),
    }


def _protocol(asked: Asked) -> dict[str, object]:
    protocol = asked.protocol
    return {
        "name": protocol.name if protocol else "ours",
        "source": protocol.source if protocol else "ours",
        "differs": list(protocol.differs) if protocol else [],
        "ssim": asked.how.ssim,
        "regions": asked.how.regions,
        "true_pictures": protocol.resize if protocol else "averaged over area",
        "missing_ok": asked.missing_ok,
    }


def _data(asked: Asked, passed: Passed) -> dict[str, str]:
    """Digests of the dataset's files of these pairs, and of those that results stand beside."""
    data, files = asked.data, list[Path]()
    for pair in asked.pairs if passed.mode == "truth" else ():
        files += [data.truth_path(pair, "image"), *truth_files(data, pair)]
    for person in {pair.person: None for pair in asked.pairs} if passed.mode != "truth" else ():
        files += [data.people[person], *photo_files(data, person)]
    return {"digest": data_digest(data, list(asked.pairs)), "true_pictures": _digest(files)}


def _results(name: str, asked: Asked, passed: Passed) -> dict[str, object]:
    """A method's folder, and a digest of the very pictures that were measured."""
    found: dict[Pair, Path] = passed.files[name]
    digest = digest_of([[*pair, sha256_of(path)] for pair, path in found.items()])[:32]
    return {
        "folder": str(asked.results[name]),
        "pattern": asked.pattern,
        "count": len(found),
        "failed": {reason: len(pairs) for reason, pairs in passed.failed[name].items()},
        "failed_pairs": {reason: [list(pair) for pair in pairs] for reason, pairs in passed.failed[name].items()},
        "left_out": passed.extra[name],  # pictures of no pair
        "digest": digest,
    }


def _networks(asked: Asked) -> dict[str, object]:
    how = asked.how
    return {
        "judge": how.judge.sha256 if how.judge else None,
        "lpips": {"name": how.lpips.name, "sha256": how.lpips.sha256} if how.lpips else None,
        "extractors": [_extractor(use.extractor) for use in asked.uses],
    }


def _extractor(extractor: FeatureExtractor) -> dict[str, object]:
    size = list(extractor.input_size) if extractor.input_size else None
    return {"name": extractor.name, "sha256": extractor.sha256, "size": size, "resize": extractor.resize}


def _digest(files: Iterable[Path]) -> str:
    return digest_of([[path.name, sha256_of(path) if path.is_file() else "missing"] for path in files])[:32]
