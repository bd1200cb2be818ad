"""The tests of each method beside each: the planner's own, its level, and what it is not asked of."""

import itertools

import numpy as np
import pytest
from scipy.stats import t as student

from tests.viton_eval.study.made_up import tasteful_votes, votes_table
from viton_eval.study.analysis_text import readable
from viton_eval.study.clustered import holm_by_row, share_and_p
from viton_eval.study.intervals import clustered_error
from viton_eval.study.raters import Tastes, drawn_choices
from viton_eval.study.votes_needed import Wanted, _design, _test
from viton_eval.study.win_rates import pairwise

METHODS = ("alpha", "beta", "gamma")


def drawn_studies(studies, methods=2, pairs=40, votes=3, strength=0.0, tie=0.0):
    """The planner's design of few raters who differ in taste, and the answers of many studies (S,n)."""
    tastes = Tastes(rater_sd=0.7, pair_sd=0.7, tie=tie)
    design = _design(Wanted(methods), pairs, votes, per_rater=20)
    strengths = np.linspace(strength, 0, methods)
    return design, drawn_choices(strengths, design, tastes, studies, np.random.default_rng(5))


def table_of(design, answers, methods):
    """Of one study, its votes as the analysis has them."""
    told = np.array(["right", "left", "tie"])[answers]
    asked = zip(design.rater, design.pair, design.left, design.right, told, strict=True)
    return votes_table([(f"r{r}", f"p{p}", methods[i], methods[j], answer) for r, p, i, j, answer in asked])


def test_the_clustered_p_is_the_planners_test_and_holms_too():
    design, answers = drawn_studies(20, methods=3, strength=0.8, tie=0.3)
    theirs = np.stack([_test(design, answers, of)[1] for of in itertools.combinations(range(3), 2)], axis=1)
    for chosen, expected, adjusted in zip(answers, theirs, holm_by_row(theirs), strict=True):
        table = pairwise(table_of(design, chosen, METHODS), METHODS)
        assert table["clustered_p"].tolist() == pytest.approx(expected.tolist(), rel=1e-9)
        assert table["clustered_p_holm"].tolist() == pytest.approx(adjusted.tolist(), rel=1e-9)
    assert theirs.min() < 0.05 < theirs.max()


def test_of_null_studies_of_few_raters_the_clustered_test_finds_no_more_than_its_level():
    design, answers = drawn_studies(400)
    assert design.rater.max() + 1 == 6
    tables = [pairwise(table_of(design, chosen, METHODS), METHODS[:2]).iloc[0] for chosen in answers]
    clustered_level, sign_level = (np.mean([row[name] < 0.05 for row in tables]) for name in ("clustered_p", "sign_p"))
    print(f"400 null studies of 6 raters at 5%: clustered {clustered_level:.3f}, sign test {sign_level:.3f}")
    assert clustered_level <= 0.065
    assert sign_level > 0.1, "which is why it does not lead"


def test_one_rater_or_one_pair_has_no_clustered_p():
    for rows in (
        [("r", f"p{i}", "alpha", "beta", "left") for i in range(9)],
        [(f"r{i}", "p", "alpha", "beta", "left") for i in range(9)],
    ):
        row = pairwise(votes_table(rows), ("alpha", "beta")).iloc[0]
        assert np.isnan(row["clustered_p"])
        assert np.isnan(row["clustered_p_holm"])


def test_heads_of_the_table_say_which_test_asks_what():
    rows = [(f"r{r}", f"p{i}", "alpha", "beta", "left") for r in range(3) for i in range(4)]
    heads = list(readable(pairwise(votes_table(rows), ("alpha", "beta"))).columns)
    assert heads.index("p, clustered, Holm") < heads.index("p, sign test, these raters alone")


def test_the_variance_of_the_test_is_that_of_the_intervals():
    """Recovered from p-values; only where votes are less alike than independent ones do they differ."""
    rng, above = np.random.default_rng(6), 0
    for _ in range(200):
        raters, pairs, won = tasteful_votes(rng, raters=8, pairs=12, seen=9, rater_sd=rng.choice([0, 1.5]), pair_sd=1)
        share, p = (float(one[0]) for one in share_and_p(won[None], raters, pairs))
        error, degrees = clustered_error((won - share) / len(won), raters, pairs)
        assert share == won.mean()
        assert degrees == 7
        tested = abs(share - 0.5) / student.isf(p / 2, degrees) if share != 0.5 else np.nan
        least = np.sqrt(0.25 / len(won))
        if share != 0.5:
            assert tested == pytest.approx(max(error, least), rel=1e-6)
            above += error > least
    assert 50 < above < 200, "both cases are met"


def test_the_clustered_variance_is_that_of_a_sum_over_all_that_share_a_rater_or_a_pair():
    """Without its corrections for few: sum over i, j of parts that share a rater or a pair (the definition)."""
    rng = np.random.default_rng(7)
    raters, pairs, won = tasteful_votes(rng, raters=40, pairs=60, seen=20, rater_sd=1.5, pair_sd=1.5)
    parts = (won - won.mean()) / len(won)
    alike = (raters[:, None] == raters) | (pairs[:, None] == pairs)
    error, _ = clustered_error(parts, raters, pairs)
    assert error == pytest.approx(np.sqrt(parts @ alike @ parts), rel=0.02)
