"""The benchmark of scoring: both ways agree, and where they did not it would say so instead of timing them."""

import pytest

from benchmarks.scoring import MEASURES, apart, make, ours, plain
from tests.viton_eval.oracles import torch_fidelity


def test_numbers_that_disagree_or_are_missing_are_no_benchmark():
    one = dict.fromkeys([("a", measure) for measure in MEASURES], 2.0)
    assert set(apart(one, one).values()) == {0}
    with pytest.raises(ValueError, match=r"judge: expected the same on both sides, got 1\.0e-03"):
        apart(one | {("a", "judge"): 2.002}, one)
    with pytest.raises(ValueError, match="nan"):
        apart(one | {("a", "fid"): float("nan")}, one)
    with pytest.raises(ValueError, match=r"got \{\('a', 'kid'\)\}"):
        apart({key: value for key, value in one.items() if key != ("a", "kid")}, one)


@pytest.mark.slow
def test_the_command_says_what_torch_fidelity_and_torchmetrics_say(tmp_path):
    torch_fidelity()
    made = make(tmp_path, methods=2, pairs=32)
    apart(ours(made), plain(made))
