"""Which option of `viton-eval score` a measure that is asked for by name needs, and has not been given."""

from __future__ import annotations

from typing import get_args

from viton.errors import UsageError
from viton_eval.lpips import Backbone
from viton_eval.metrics import ALL, Metrics, family_of, meant_by
from viton_eval.protocols import Protocol

JUDGE = "--judge FOLDER, a trained judge"
EXTRACTOR = "--extractor KIND=WHERE, such as inception-tf=FILE or judge=FOLDER"


def expect_networks(metrics: Metrics, judge: bool, lpips: str, extractor: bool, protocol: Protocol | None) -> None:
    """Raises UsageError for a name all of whose measures need a network that is not given.

    lpips: BACKBONE=FILE or "".   What a protocol has not got needs no network: its row says so. Nor is anything missed
    where all is asked for that there is.
    """
    for name in metrics.names if metrics is not ALL else ():
        families = {family_of(measure) for measure in meant_by(name)}
        if families == {"judge"} and not judge:
            raise _lacking(name, JUDGE)
        if families == {"lpips"}:
            _expect_backbone(name, lpips.partition("=")[0], protocol)
        if families <= _of_sets(protocol) and not extractor:
            raise _lacking(name, EXTRACTOR)


def _of_sets(protocol: Protocol | None) -> set[str]:
    """The families of sets that are measured by a protocol."""
    distances = {"fid", "kid"} if protocol is None or protocol.distribution else set()
    return distances | ({"inception_score"} if protocol is None or protocol.inception_score else set())


def _expect_backbone(name: str, given: str, protocol: Protocol | None) -> None:
    """Raises UsageError unless the backbone that is given is one that the name asks for, by the protocol."""
    theirs = (protocol.lpips.backbone,) if protocol else get_args(Backbone)
    wanted = [backbone for backbone in theirs if any(each.startswith(f"lpips_{backbone}") for each in meant_by(name))]
    if not wanted:
        raise UsageError(f"--metrics {name}: expected LPIPS by {theirs[0]}, by which this protocol measures")
    if given not in wanted:
        raise _lacking(name, f"--lpips {' or '.join(f'{each}=FILE' for each in wanted)}, its weights", given)


def _lacking(name: str, option: str, given: str = "") -> UsageError:
    return UsageError(f"--metrics {name}: expected {option}, got {given or 'none'}")
