"""From the words of `viton-eval score` to its files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import pandas as pd

from viton.data.layouts import open_dataset
from viton.errors import UsageError
from viton.files import write_json, write_text
from viton.runs import checked_device
from viton_eval.features import FeatureExtractor
from viton_eval.folder_measures import Beside
from viton_eval.inception import inception_of_tensorflow, inception_of_torchvision
from viton_eval.judge import Judge
from viton_eval.judge_features import JudgeExtractor
from viton_eval.lpips import Backbone, Lpips
from viton_eval.metrics import SETS, Metrics, metrics_of
from viton_eval.own_extractor import own_extractor
from viton_eval.protocols import Protocol, protocol_of
from viton_eval.resizing import Resize
from viton_eval.score_folders import Asked, pass_over
from viton_eval.score_networks import expect_networks
from viton_eval.score_provenance import decided_by
from viton_eval.score_tables import tables
from viton_eval.score_texts import score_latex, score_markdown
from viton_eval.set_measures import Use, Verdicts
from viton_eval.table_texts import csv_text

OURS = "ours"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # of a method: it stands in tables of every kind
KINDS = ("inception-tf", "inception-torchvision", "judge", "own")


class Request(NamedTuple):
    """What the command line was told."""

    results: Sequence[str]
    data: Path
    pairs: str
    split: str
    pattern: str
    protocol: str
    judge: Path | None
    lpips: str
    extractors: Sequence[str]
    against: str
    missing_ok: bool
    device: str
    metrics: str = ""  # of metrics.KNOWN, with commas; "": all
    seed: int = 0
    layout: str | None = None  # of the data; None: told by its folders


def score_folders(request: Request, out: Path) -> pd.DataFrame:
    """Score, and write OUT and what belongs to it, the provenance last; returns OUT's rows."""
    if out.suffix != ".csv":
        raise UsageError(f"--out: expected a .csv file, beside which the others go, got '{out}'")
    asked = asked_of(request)
    against = request.against or next(iter(asked.results))
    if against not in asked.results:
        raise UsageError(f"--against: expected one of {', '.join(asked.results)}, got '{against}'")
    passed = pass_over(asked)
    found = tables(asked, passed, against)
    told = decided_by(asked, passed, request.pairs, against)
    texts = {
        ".csv": csv_text(found.rows),
        ".pairs.csv": csv_text(passed.pairs),
        ".differences.csv": csv_text(found.differences),
        ".md": score_markdown(found.rows, request.protocol),
        ".tex": score_latex(found.rows, request.protocol),
    }
    out.with_suffix(".json").unlink(missing_ok=True)
    for suffix, text in texts.items():
        write_text(out.with_suffix(suffix), text)
    write_json(out.with_suffix(".json"), told)
    return found.rows


def asked_of(request: Request) -> Asked:
    """Everything opened; raises UsageError for words that mean nothing, InputError for files that do not fit."""
    device, metrics = checked_device(request.device), metrics_of(request.metrics)
    protocol = None if request.protocol == OURS else protocol_of(request.protocol)
    expect_networks(metrics, request.judge is not None, request.lpips, bool(request.extractors), protocol)
    data, families = open_dataset(request.data, request.split, request.layout), metrics.families()
    judge = Judge.of_stage(request.judge) if request.judge and "judge" in families else None
    lpips = _lpips(request.lpips, protocol) if "lpips" in families else None
    how = Beside(
        ssim=protocol.ssim if protocol else Beside().ssim,
        lpips=lpips.to(device) if lpips else None,
        lpips_at=protocol.lpips if protocol else None,
        judge=judge,
        device=device,
        metrics=metrics,
        regions=protocol is None,
    )
    words = request.extractors if metrics.families(SETS) else ()
    uses = [use for word in words for use in _uses(word, protocol, device) if _wanted(use, metrics)]
    folders, pairs = named_results(request.results), data.pairs(request.pairs)
    return Asked(folders, data, pairs, how, uses, protocol, request.pattern, request.missing_ok, request.seed)


def named_results(words: Sequence[str]) -> dict[str, Path]:
    """Folders by the names of their methods; raises UsageError for a word of another form, and a name given twice."""
    results = dict(_named(word, "--results", NAME) for word in words)
    if len(results) < len(words):
        raise UsageError("--results: expected names that differ, got one twice")
    return {name: Path(folder) for name, folder in results.items()}


def _wanted(use: Use, metrics: Metrics) -> bool:
    """Whether anything that an extractor is used for is asked for."""
    distances = metrics.wants("fid") or metrics.wants("kid")
    return (use.distances and distances) or (use.verdicts is not None and "inception_score" in metrics.families())


def _named(word: str, option: str, name: re.Pattern[str]) -> tuple[str, str]:
    """The two sides of NAME=VALUE."""
    left, equals, right = word.partition("=")
    if not (equals and right and name.fullmatch(left)):
        raise UsageError(f"{option}: expected NAME=VALUE, the name of letters, digits, '.', '_' and '-', got {word!r}")
    return left, right


def _lpips(word: str, protocol: Protocol | None) -> Lpips | None:
    if not word:
        return None
    backbone, path = _named(word, "--lpips", NAME)
    wanted = (protocol.lpips.backbone,) if protocol else get_args(Backbone)
    for known in wanted:
        if known == backbone:
            return Lpips.of_file(known, Path(path))
    raise UsageError(f"--lpips: expected {' or '.join(wanted)}, got '{backbone}'")


def _uses(word: str, protocol: Protocol | None, device: str) -> list[Use]:
    """An extractor for each thing that it is used for: a protocol resizes for FID otherwise than for verdicts."""
    kind, where = _named(word, "--extractor", NAME)
    if kind not in KINDS:
        raise UsageError(f"--extractor: expected one of {', '.join(KINDS)}, got '{kind}'")
    if protocol is None:
        return [Use(_extractor(kind, where, None, device))]
    uses, theirs = list[Use](), set[str]()
    if sets := protocol.distribution:
        theirs.add(name := sets.extractor.replace("-v3", ""))
        subsets = sets.kernel_subsets, sets.kernel_subset_size, sets.kernel_factor
        if kind == name:
            uses.append(Use(_extractor(kind, where, sets.resize, device), True, None, subsets))
    if score := protocol.inception_score:
        theirs.add(name := score.extractor.replace("-v3", ""))
        verdicts = Verdicts(score.protocol, score.splits, score.seed, score.output)
        if kind == name:
            uses.append(Use(_extractor(kind, where, score.resize, device), False, verdicts))
    if not uses:
        expected = " or ".join(sorted(theirs)) or "none"
        raise UsageError(f"--extractor: expected {expected}, which {protocol.name} measures with, got '{kind}'")
    return uses


def _extractor(kind: str, where: str, resize: Resize | None, device: str) -> FeatureExtractor:
    match kind:
        case "inception-tf":
            return inception_of_tensorflow(Path(where), resize or "tf1-bilinear").to(device)
        case "inception-torchvision":
            return inception_of_torchvision(Path(where), resize or "pil-bilinear").to(device)
        case "judge":
            return JudgeExtractor.of_stage(Path(where)).to(device)
    return own_extractor(where)
