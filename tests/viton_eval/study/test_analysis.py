"""Estimators of a study against what others publish, closed forms, and simulated studies whose truth is known."""

import itertools
import json

import choix
import numpy as np
import pandas as pd
import pytest

from tests.viton_eval.study.made_up import answered, said, study_of, tasteful_votes, true_share, votes_table
from viton.errors import InputError
from viton_eval.paper_table import TABLE_1
from viton_eval.study.agreement import agreement, nominal_alpha, raw_agreement
from viton_eval.study.analyse import MARK, analyse
from viton_eval.study.analysis_files import as_json, figures
from viton_eval.study.analysis_text import analysis_text, readable
from viton_eval.study.answers import read_answers, write_answers
from viton_eval.study.bradley_terry import groups, is_bounded, strengths
from viton_eval.study.flashes import flash_rates
from viton_eval.study.intervals import clustered, wilson
from viton_eval.study.simulate import simulated_answers
from viton_eval.study.votes import flashes_of, votes_of
from viton_eval.study.win_rates import pairwise, win_rates

METHODS = ("alpha", "beta", "gamma")


def test_the_papers_human_column_follows_from_answers_with_the_same_wins(tmp_path):
    human = {name: row.human / 100 for name, row in TABLE_1.items() if row.human is not None}
    study = study_of(list(human), pairs=100, votes=10, per_rater=150, gold=0, repeats=0, flashes=0)
    turns = {couple: itertools.count() for couple in itertools.combinations(sorted(human), 2)}

    def winner(trial):
        one, other = sorted((trial.left, trial.right))
        share = 0.5 + 5 / 6 * (human[one] - human[other])  # of 6 methods: its mean over five opponents is `human`
        return one if next(turns[one, other]) < round(1000 * share) else other

    path = tmp_path / "answers.csv"
    write_answers(path, answered(study, winner))
    rates = win_rates(votes_of(study, read_answers(path, study)), study.methods).set_index("method")
    for method, share in human.items():
        assert rates.loc[method, "value"] == pytest.approx(share, abs=0.0007)
    assert rates["value"].sum() == pytest.approx(6 * 0.5, abs=1e-12)
    assert set(rates["n"]) == {5000}


def test_shares_sum_to_half_the_methods_whatever_is_missing():
    study = study_of(METHODS, pairs=30, gold=0, repeats=0, flashes=0, votes=2)
    rng = np.random.default_rng(0)
    answers = answered(study, lambda trial: rng.choice([trial.left, trial.right]))
    some = [answer for answer in answers if rng.random() < 0.4]
    assert win_rates(votes_of(study, some), METHODS)["value"].sum() == pytest.approx(1.5, abs=1e-12)


def test_bradley_terry_is_choix_without_the_ridge():
    rng, done = np.random.default_rng(0), 0
    while done < 100:
        count = int(rng.integers(2, 9))
        wins = rng.integers(0, 12, (count, count)).astype(float)
        np.fill_diagonal(wins, 0)
        if not is_bounded(wins):
            continue
        done += 1
        data = [(i, j) for i in range(count) for j in range(count) for _ in range(int(wins[i, j]))]
        theirs = choix.ilsr_pairwise(count, data, alpha=0, tol=1e-12, max_iter=10_000)
        assert np.abs(strengths(wins, ridge=1e-10) - (theirs - theirs.mean())).max() < 1e-6


def test_bradley_terry_of_two_is_the_log_odds_and_davidsons_ties_leave_it():
    wins = np.array([[0.0, 30.0], [10.0, 0.0]])
    assert np.diff(strengths(wins, ridge=1e-9))[0] == pytest.approx(-np.log(3), abs=1e-8)
    ties = np.array([[0.0, 8.0], [8.0, 0.0]])
    assert np.diff(strengths(wins, ties, ridge=1e-9))[0] == pytest.approx(-np.log(3), abs=1e-7)


def test_davidsons_likelihood_is_at_its_most():
    rng = np.random.default_rng(1)
    wins, ties = rng.integers(1, 9, (4, 4)).astype(float), rng.integers(1, 5, (4, 4)).astype(float)
    ties = np.triu(ties, 1) + np.triu(ties, 1).T
    found = strengths(wins, ties, ridge=1e-9)

    def likelihood(theta, nu):
        total = 0.0
        for i, j in itertools.combinations(range(4), 2):
            parts = np.array([np.exp(theta[i]), np.exp(theta[j]), nu * np.exp((theta[i] + theta[j]) / 2)])
            total += (np.array([wins[i, j], wins[j, i], ties[i, j]]) * np.log(parts / parts.sum())).sum()
        return total

    best = max((likelihood(found, nu), nu) for nu in np.linspace(0.1, 3, 2000))
    for step in np.eye(4) * 0.02:
        assert likelihood(found + step, best[1]) < best[0]
        assert likelihood(found - step, best[1]) < best[0]


def test_who_wins_everything_stays_finite_and_it_is_said():
    wins = np.array([[0.0, 9.0], [0.0, 0.0]])
    assert np.isfinite(strengths(wins)).all()
    assert not is_bounded(wins)
    assert groups(np.diag([1.0, 1.0])) == 2


# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): four observers, twelve units, nominal data (C).
TWELVE = [
    [1, 1, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4], [4, 4, 4, 4], [1, 1, 2, 1],
    [2, 2, 2, 2], [5, 5, 5], [1, 1], [3],
]  # fmt: skip
# The same paper, binary data, two observers (A).
MEG = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
OWEN = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]


def test_alpha_is_that_of_published_examples():
    assert nominal_alpha(TWELVE) == pytest.approx(0.743, abs=5e-4)
    assert nominal_alpha(list(zip(MEG, OWEN, strict=True))) == pytest.approx(0.095, abs=5e-4)


def test_alpha_of_always_and_of_by_chance():
    assert nominal_alpha([["a", "a"], ["b", "b"]]) == 1
    rng = np.random.default_rng(0)
    assert abs(nominal_alpha(rng.integers(0, 2, (4000, 3)).tolist())) < 0.03
    assert np.isnan(nominal_alpha([["a"], ["b"]]))
    assert np.isnan(nominal_alpha([["a", "a"]]))
    assert raw_agreement([["a", "a", "b"]]) == pytest.approx(1 / 3)


def test_alpha_of_a_study_does_not_depend_on_how_methods_are_named_or_ordered():
    study = study_of(METHODS, pairs=12, votes=3, gold=0, repeats=0, flashes=0, ties=True)
    rng = np.random.default_rng(3)
    answers = answered(study, lambda trial: min(trial.left, trial.right) if rng.random() < 0.7 else "")
    votes = votes_of(study, answers)
    found = agreement(votes)
    for names in itertools.permutations(METHODS):
        renamed = votes.replace({side: dict(zip(METHODS, names, strict=True)) for side in ("left", "right", "winner")})
        assert agreement(renamed) == found
        swaps = study._replace(methods=names)
        assert analyse(swaps, answers, draws=10).agreement["alpha"].tolist() == pytest.approx([found.alpha] * 2)


def test_chance_is_a_fair_coin_between_the_two_methods():
    """Without ties, alpha is 2 raw - 1; of coins it is 0 in the mean, and where all say the same, 1."""
    rng = np.random.default_rng(4)

    def drawn(share, tied=0.0):
        said = rng.choice(["tie", "left", "right"], (40, 2), p=[tied, (1 - tied) * share, (1 - tied) * (1 - share)])
        rows = [(f"r{r}", f"p{i}", "alpha", "beta", said[i, r]) for i in range(40) for r in range(2)]
        return agreement(votes_table(rows))

    for share in (0.5, 0.9):
        found = drawn(share)
        assert found.alpha == pytest.approx(2 * found.raw - 1)
    assert np.mean([drawn(0.5).alpha for _ in range(200)]) == pytest.approx(0, abs=0.03)
    assert np.mean([drawn(0.5, 0.3).alpha for _ in range(200)]) == pytest.approx(0, abs=0.03)
    assert drawn(1.0).alpha == 1
    assert np.isnan(drawn(0.5, 1.0).alpha)


def coverage(studies, seed, **tastes):
    """How often the clustered and Wilson's intervals hold the truth."""
    rng, truth, held = np.random.default_rng(seed), true_share(**tastes), np.zeros(2)
    for _ in range(studies):
        who, what, won = tasteful_votes(rng, **tastes)
        near = clustered(won.mean(), (won - won.mean()) / len(won), who, what)
        plain = wilson(won.sum(), len(won))
        held += [near.low <= truth <= near.high, plain.low <= truth <= plain.high]
    return held / studies


def test_the_clustered_interval_covers_the_truth_where_wilsons_does_not():
    near, plain = coverage(2000, seed=0)
    print(f"2,000 studies of correlated raters: clustered {near:.3f}, Wilson {plain:.3f}")
    assert 0.93 <= near <= 0.97
    assert plain < 0.75


def test_where_votes_are_independent_both_cover():
    near, plain = coverage(1000, seed=1, rater_sd=0.0, pair_sd=0.0)
    assert near >= 0.93
    assert 0.93 <= plain <= 0.97


def test_the_whole_analysis_covers_the_truth_of_simulated_studies():
    """Win rates against the pool, by the library's simulator: the truth is the mean over very many raters and pairs."""
    given = {"alpha": 0.5, "beta": 0.0, "gamma": -0.5}
    study = study_of(METHODS, pairs=40, votes=3, per_rater=24, gold=0, repeats=0, flashes=0)
    many = study_of(METHODS, pairs=600, votes=20, per_rater=30, gold=0, repeats=0, flashes=0)
    truth = win_rates(votes_of(many, simulated_answers(many, given, seed=9)), METHODS)["value"].to_numpy()
    held = np.zeros(3)
    for seed in range(150):
        rates = win_rates(votes_of(study, simulated_answers(study, given, seed=seed)), METHODS)
        held += (rates["low"] <= truth) & (truth <= rates["high"])
    assert 0.89 <= held.mean() / 150 <= 0.99


def test_rows_in_any_order_and_sides_exchanged_give_the_same():
    study = study_of(METHODS, pairs=12, votes=3)
    answers = simulated_answers(study, dict(zip(METHODS, [0.4, 0.0, -0.4], strict=True)), seed=2)
    assert votes_of(study, answers).equals(votes_of(study, answers[::-1]))
    votes = votes_of(study, answers).query("kind == 'main'").reset_index(drop=True)
    turned = {"left": "right", "right": "left"}
    swapped = votes.assign(left=votes["right"], right=votes["left"], answer=votes["answer"].map(turned))
    pd.testing.assert_frame_equal(win_rates(votes, METHODS), win_rates(swapped, METHODS))
    pd.testing.assert_frame_equal(pairwise(votes, METHODS), pairwise(swapped, METHODS))
    assert agreement(votes) == agreement(swapped)
    rates = pairwise(votes, METHODS)
    other = pairwise(votes, METHODS[::-1])
    assert rates["value"].tolist() == pytest.approx((1 - other["value"]).tolist()[::-1])


def test_a_tie_is_half_a_win_for_both():
    rows = [("r", f"p{i}", "alpha", "beta", "tie") for i in range(6)]
    rates = win_rates(votes_table(rows), ("alpha", "beta"))
    assert rates["value"].tolist() == [0.5, 0.5]
    assert pairwise(votes_table(rows), ("alpha", "beta"))["ties"].tolist() == [6]


def test_the_sign_test_is_over_pairs():
    rows = [(f"r{r}", f"p{i}", "alpha", "beta", "left" if i < 9 else "right") for r in range(3) for i in range(10)]
    row = pairwise(votes_table(rows), ("alpha", "beta")).iloc[0]
    assert (row["pairs_for"], row["pairs_against"]) == (9, 1)
    assert row["sign_p"] == pytest.approx(2 * (1 + 10) / 2**10)


def test_rules_leave_out_who_did_not_look_and_both_results_are_given():
    study = study_of(METHODS, pairs=40, votes=2, per_rater=30, gold=4)
    good = answered(study, lambda trial: min(trial.left, trial.right), response_ms="2500")
    sleeper = {f"r{study.raters}"}
    answers = [
        answer._replace(answer="left", response_ms="120") if answer.rater in sleeper else answer for answer in good
    ]
    found = analyse(study, answers, draws=100)
    told = found.quality.set_index("rater")["left_out_by"]
    rules = "gold right below 0.75, one side above 0.95, median time below 700 ms"
    assert told[next(iter(sleeper))] == rules
    assert (told.drop(list(sleeper)) == "").all()
    assert found.win_rates.set_index("method").loc["alpha", "value"] == 1
    assert found.all_win_rates.set_index("method").loc["alpha", "value"] < 1
    assert found.exclusions.set_index("rule")["raters"].to_dict() == {
        **dict.fromkeys(rules.split(", "), 1),
        "late answers": 0,
    }
    assert "1 rater was left out" in found.sentence


def test_every_table_is_given_with_those_whom_the_rules_leave_out_as_well():
    """Of everybody it is what an analysis by no rules gives, and without them what one of the others' answers does."""
    given = {"pairs": 40, "votes": 2, "per_rater": 30, "gold": 4, "flashes": 4}
    study = study_of(METHODS, **given)
    none = study_of(METHODS, **given, exclusions={"gold_least": None, "one_side_most": None, "median_least_ms": None})
    assert none.trials == study.trials
    answers = simulated_answers(study, dict(zip(METHODS, [0.8, 0.0, -0.8], strict=True)), seed=3)
    quick = {"simulated-1", "simulated-2"}
    assert quick < {one.rater for one in answers}
    answers = [one._replace(response_ms="90" if one.rater in quick else "2000") for one in answers]
    found, unruled = analyse(study, answers, draws=50), analyse(none, answers, draws=50)
    others = analyse(study, [one for one in answers if one.rater not in quick], draws=50)
    for name in ("win_rates", "pairwise", "bradley_terry", "flashes"):
        whole, ruled = getattr(found, f"all_{name}"), getattr(found, name)
        pd.testing.assert_frame_equal(whole, getattr(unruled, name))
        pd.testing.assert_frame_equal(ruled, getattr(others, name))
        assert not whole.equals(ruled), name
    assert {f"all-{name}" for name in ("win-rates", "pairwise", "bradley-terry", "flashes")} < set(found.tables())


def test_where_nobody_is_left_it_is_said_and_no_number_is_made_up():
    study = study_of(METHODS, pairs=40, votes=2, per_rater=30, gold=4)
    answers = answered(study, lambda trial: trial.left, response_ms="120")
    found = analyse(study, answers, draws=50)
    raters, votes = len({one.rater for one in answers}), found.quality["votes"].sum()
    assert (found.quality["left_out_by"] != "").all()
    assert found.sentence == (
        f"No answers left: of {votes} two-alternative votes of {raters} raters none is counted; {raters} raters were "
        "left out by rules fixed beforehand, and late answers where the rules say so."
    )
    text = analysis_text(found)
    assert "nan" not in text
    assert "agreement: - of two votes on a comparison, alpha -, 0 comparisons" in text
    assert "left chosen: - of 0 (p = -)" in text
    for name, table in found.tables().items():
        assert "nan" not in readable(table).to_csv(), name
    json.dumps(as_json(found), allow_nan=False)
    assert set(figures(found)) == {"win-rates", "pairwise"}


def test_late_answers_are_left_out_where_the_design_says_so():
    for late, kept in ((True, 0), (False, 1)):
        study = study_of(METHODS, pairs=8, votes=1, gold=0, repeats=0, exclusions={"late": late})
        answers = answered(study, lambda trial: min(trial.left, trial.right))
        answers[0] = answers[0]._replace(late="1")
        found = analyse(study, answers, draws=100)
        assert found.win_rates["n"].sum() == 2 * (len(answers) - 1 + kept)


def test_flashes():
    study = study_of(METHODS, pairs=20, votes=2, flashes=6)
    answers = [
        said(study, trial, "real" if trial.shown in ("photo", "alpha") else "fake", shown_ms="258.3")
        for trial in study.trials
        if trial.task == "flash"
    ]
    rates = flash_rates(flashes_of(study, answers)).set_index("shown")
    mixed = rates.loc["alpha", "n"] / rates.loc["all results", "n"]
    assert rates["called_real"].to_dict() == pytest.approx(
        {
            "alpha": 1,
            "beta": 0,
            "gamma": 0,
            "all results": mixed,
            "photo": 1,
        }
    )
    assert rates["shown_ms"].unique().tolist() == [258.3]
    assert rates.loc["photo", "low"] < 1


@pytest.mark.parametrize(
    ("name", "answers_of"),
    [
        ("one rater", lambda study: [a for a in answered(study, lambda t: t.left) if a.rater == "r1"]),
        ("one answer", lambda study: answered(study, lambda t: t.left)[:1]),
        ("all ties", lambda study: answered(study, lambda t: "")),
        ("one wins all", lambda study: answered(study, lambda t: min(t.left, t.right))),
        (
            "unlinked",
            lambda study: [
                a
                for a in answered(study, lambda t: t.left)
                if "gamma" not in study.by_name[a.trial].left + study.by_name[a.trial].right
            ],
        ),
    ],
)
def test_thin_answers_are_analysed_and_what_cannot_be_said_is_absent(name, answers_of):
    study = study_of(METHODS, pairs=9, votes=2, per_rater=20, gold=1, ties=True)
    answers = [answer for answer in answers_of(study) if study.by_name[answer.trial].kind != "gold"]
    found = analyse(study, answers, draws=100)
    rates = found.win_rates.set_index("method")["value"]
    assert ((rates >= 0) & (rates <= 1) | rates.isna()).all()
    notes = set(found.bradley_terry["note"])
    if name == "unlinked":
        assert notes == {"no votes link all methods"}
        assert found.bradley_terry["value"].isna().all()
    if name == "one wins all":
        assert notes == {"a ridge alone keeps it finite"}
        assert np.isfinite(found.bradley_terry["value"]).all()
    if name == "one rater":
        assert found.win_rates["low"].isna().all()


def test_no_answers_and_mixed_ones_are_refused():
    study = study_of(METHODS)
    with pytest.raises(InputError, match="at least one answer to a comparison, got none"):
        analyse(study, [])
    people = answered(study, lambda trial: trial.left)
    simulated = people[:1] + [answer._replace(source="simulated") for answer in people[1:]]
    with pytest.raises(InputError, match="got both"):
        analyse(study, simulated)


def test_from_the_command_line_every_file_of_simulated_raters_says_so(command, study, tmp_path):
    answers = simulated_answers(study, dict(zip(study.methods, [0.5, 0.0, -0.5], strict=True)), seed=1)
    write_answers(tmp_path / "simulated.csv", answers)
    words = ("analyse", study.folder, "--answers", tmp_path / "simulated.csv", "--out", tmp_path / "out")
    code, out, error = command(*words, "--draws", 200)
    assert code == 0, error
    assert out.startswith(MARK)
    assert max(map(len, out.splitlines()[:6])) <= 100
    files = sorted((tmp_path / "out").iterdir())
    assert len(files) == 36
    assert all(path.name.startswith("simulated-") for path in files)
    assert all("SIMULATED" in path.read_text() for path in files if path.suffix in (".csv", ".md", ".tex"))
    assert json.loads((tmp_path / "out" / "simulated-analysis.json").read_text())["simulated"] is True
    before = {path: path.read_bytes() for path in files}
    assert command(*words, "--draws", 200)[0] == 0
    assert before == {path: path.read_bytes() for path in files}


def test_people_are_not_called_simulated(command, study, tmp_path):
    write_answers(tmp_path / "answers.csv", answered(study, lambda trial: min(trial.left, trial.right)))
    words = ("analyse", study.folder, "--answers", tmp_path / "answers.csv", "--out", tmp_path / "out", "--json")
    code, out, error = command(*words)
    assert code == 0, error
    assert json.loads(out)["simulated"] is False
    assert not [path for path in (tmp_path / "out").iterdir() if "imulated" in path.name]
    assert "SIMULATED" not in (tmp_path / "out" / "win-rates.md").read_text()


def test_a_design_that_was_changed_after_the_answers_came_is_refused(command, study, tmp_path):
    other = study._replace(digest="7" * 64)
    write_answers(tmp_path / "answers.csv", answered(other, lambda trial: trial.left))
    code, _, error = command("analyse", study.folder, "--answers", tmp_path / "answers.csv")
    assert code == 1
    assert f"answers to study {study.id}" in error
    assert len(error.strip().splitlines()) == 1


def test_one_person_in_three_places_is_one_vote_and_agrees_with_nobody():
    study = study_of(("a", "b"), pairs=10, votes=3, per_rater=10, gold=0, repeats=0, flashes=0)
    alone = answered(study, lambda trial: "a", rater="mturk-1", source="mturk")
    found = analyse(study, alone)
    assert len(alone) == 30
    row = found.agreement.set_index("answers").loc["kept"]
    assert (row["comparisons"], row["votes"]) == (0, 0)  # nothing to compare
    assert np.isnan(row["raw_agreement"])
    assert "In 10 two-alternative votes of 1 raters on 10 comparisons" in found.sentence
    assert found.protocol[-1].startswith("20 further votes of a rater on a comparison")
    assert not any("further" in line for line in analyse(study, answered(study, lambda trial: "a")).protocol)
