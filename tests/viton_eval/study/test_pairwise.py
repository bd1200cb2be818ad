"""The clustered tests, of each method beside each and against all: the planner's own, their level, their intervals."""

import itertools

import numpy as np
import pytest

from tests.viton_eval.study.made_up import tasteful_votes, votes_table
from viton_eval.holm import holm_by_row
from viton_eval.study.analysis_text import readable
from viton_eval.study.clustered import clustered
from viton_eval.study.raters import Tastes, drawn_choices
from viton_eval.study.votes_needed import Wanted, _design, _test
from viton_eval.study.win_rates import pairwise, win_rates

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


def test_a_win_rate_has_the_planners_p_too_and_holms_over_methods():
    design, answers = drawn_studies(20, methods=3, strength=0.8, tie=0.3)
    found = [_test(design, answers, (method,)) for method in range(3)]
    shares, theirs = (np.stack(parts, axis=1) for parts in zip(*found, strict=True))
    for chosen, share, expected, adjusted in zip(answers, shares, theirs, holm_by_row(theirs), strict=True):
        table = win_rates(table_of(design, chosen, METHODS), METHODS)
        assert table["value"].tolist() == pytest.approx(share.tolist())
        assert table["clustered_p"].tolist() == pytest.approx(expected.tolist(), rel=1e-9)
        assert table["clustered_p_holm"].tolist() == pytest.approx(adjusted.tolist(), rel=1e-9)
    assert theirs.min() < 0.05 < theirs.max()


def test_of_two_methods_a_win_rate_is_the_pairs_and_one_test():
    design, answers = drawn_studies(3, strength=0.8)
    for chosen in answers:
        votes = table_of(design, chosen, METHODS)
        rates, row = win_rates(votes, METHODS[:2]), pairwise(votes, METHODS[:2]).iloc[0]
        for name in ("clustered_p", "clustered_p_holm"):
            assert rates[name].tolist() == pytest.approx([row["clustered_p"]] * 2)
        assert rates.loc[0, ["value", "low", "high"]].tolist() == row[["value", "low", "high"]].tolist()


def test_of_null_studies_a_win_rate_is_found_no_more_often_than_the_level():
    design, answers = drawn_studies(400, methods=3)
    tables = [win_rates(table_of(design, chosen, METHODS), METHODS) for chosen in answers]
    raw = np.mean([table["clustered_p"] < 0.05 for table in tables])
    any_of_them = np.mean([(table["clustered_p_holm"] < 0.05).any() for table in tables])
    print(f"400 null studies at 5%: a win rate {raw:.3f}, any after Holm {any_of_them:.3f}")
    assert 0.01 < raw <= 0.065
    assert any_of_them <= 0.065


def test_the_interval_leaves_out_one_half_just_where_p_is_below_the_level():
    """They are one statistic: at 5% in the tables, and of any study at any level; close calls are among them."""
    rng, near, refused = np.random.default_rng(8), 0, 0
    for _ in range(600):
        kind = {"raters": int(rng.integers(3, 9)), "pairs": 12, "seen": int(rng.integers(3, 12))}
        who, what, won = tasteful_votes(rng, **kind, gap=rng.choice([0.0, 0.6, 2.0, 4.0]), pair_sd=1.0)
        found = clustered(won[None], who, what)
        (p,) = found.p_values()
        for level in (0.01, 0.05, 0.3, p * 0.999, min(p * 1.001, 1.0)):
            (low,), (high,) = found.interval(level)
            assert (p < level) == (not low <= 0.5 <= high), (p, level, low, high)
        near += abs(p - 0.05) < 0.02
        refused += p < 0.05
    assert near > 10
    assert 100 < refused < 500
    design, answers = drawn_studies(100, methods=3, strength=0.9, tie=0.3)
    for chosen in answers:
        votes = table_of(design, chosen, METHODS)
        for table in (win_rates(votes, METHODS), pairwise(votes, METHODS)):
            outside = (table["low"] > 0.5) | (table["high"] < 0.5)
            assert (outside == (table["clustered_p"] < 0.05)).all()


def worth_of(won, raters, pairs, strata):
    """Written out: parts of the error, their sums by cluster, and how many independent votes are as sure as that."""
    rates = {one: won[strata == one].mean() for one in set(strata)}
    weights = np.array([1 / ((strata == one).sum() * len(rates)) for one in strata])
    parts = weights * (won - np.array([rates[one] for one in strata]))
    sums = [[parts[group == one].sum() for one in set(group)] for group in (raters, pairs)]
    by_rater, by_pair = (np.square(each).sum() * len(each) / (len(each) - 1) for each in sums)
    share, variance = np.mean(list(rates.values())), by_rater + by_pair - (parts**2).sum()
    most = 1 / (weights**2).sum()
    return share, min(most, share * (1 - share) / variance) if variance > 0 else most, most


def test_votes_are_worth_what_two_way_clustering_written_out_says_and_never_more_than_there_are():
    rng, capped = np.random.default_rng(6), 0
    for _ in range(200):
        raters, pairs, won = tasteful_votes(rng, raters=8, pairs=12, seen=9, rater_sd=rng.choice([0, 1.5]), pair_sd=1)
        strata = rng.choice([0, 0, 1, 2], len(won)) if rng.random() < 0.5 else np.zeros(len(won), int)
        found = clustered(won[None], raters, pairs, strata)
        share, worth, most = worth_of(won, raters, pairs, strata)
        assert found.share[0] == pytest.approx(share)
        assert found.worth[0] == pytest.approx(worth)
        assert found.degrees == 7
        capped += worth == most
    assert 20 < capped < 180, "both cases are met"


def test_more_votes_for_one_side_are_never_less_proof_up_to_all_of_them():
    """Where all agree nothing is seen of how raters differ: the test goes on from where some are lost, one by one."""
    who, what = np.repeat(np.arange(6), 20), np.tile(np.arange(20), 6)
    won = np.ones((7, 120))
    for lost in range(7):
        won[lost, 21 * np.arange(lost) % 120] = 0  # of different raters on different pairs
    found = clustered(won, who, what)
    assert (np.diff(found.p_values()) > 0).all()
    assert (np.diff(found.interval()[0]) < 0).all()
    assert found.worth[0] == pytest.approx(120)
    ties = clustered(np.full((1, 120), 0.5), who, what)
    assert ties.p_values().tolist() == [1]
    assert ties.interval()[0][0] == pytest.approx(1 - ties.interval()[1][0])


def test_the_clustered_variance_is_that_of_a_sum_over_all_that_share_a_rater_or_a_pair():
    """Without its corrections for few: sum over i, j of parts that share a rater or a pair (the definition)."""
    rng = np.random.default_rng(7)
    raters, pairs, won = tasteful_votes(rng, raters=40, pairs=60, seen=20, rater_sd=1.5, pair_sd=1.5)
    parts = (won - won.mean()) / len(won)
    alike = (raters[:, None] == raters) | (pairs[:, None] == pairs)
    variance = won.mean() * (1 - won.mean()) / clustered(won[None], raters, pairs).worth[0]
    assert np.sqrt(variance) == pytest.approx(np.sqrt(parts @ alike @ parts), rel=0.02)
