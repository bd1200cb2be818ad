"""The sentence for a paper, word by word: plurals, ties, p-values, and what is said of one vote."""

import pandas as pd
import pytest

from tests.viton_eval.study.made_up import answered, said, study_of
from viton_eval.study.analyse import CLUSTERS, analyse
from viton_eval.study.analysis_files import as_json, write_analysis
from viton_eval.study.analysis_text import analysis_text
from viton_eval.study.sentence import number_of


def test_one_vote_of_one_rater_on_one_comparison():
    study = study_of(("a", "b"), pairs=2, votes=1, gold=0, repeats=0, flashes=0)
    found = analyse(study, answered(study, lambda trial: "a")[:1], draws=10)
    assert found.sentence == (
        "In 1 two-alternative vote of 1 rater on 1 comparison (2 methods, unpaired), a was preferred in 100.0% of its "
        "trials against the others (no interval: fewer than two raters or pairs); no raters were left out by rules "
        "fixed beforehand."
    )
    assert found.protocol[1] == "1 answer to choices (comparisons, gold trials, repeats); 1 vote counted"
    assert found.protocol[2].startswith("1 vote a comparison planned; no ties")


def test_several_votes_an_interval_and_a_p_value():
    study = study_of(("a", "b", "c"), pairs=20, votes=2, per_rater=30, gold=0, repeats=0, flashes=0)
    found = analyse(study, answered(study, lambda trial: min(trial.left, trial.right)), draws=10)
    row = found.win_rates.set_index("method").loc["a"]
    assert found.sentence == (
        f"In 120 two-alternative votes of 4 raters on 60 comparisons (3 methods, unpaired), a was preferred in 100.0% "
        f"[{100 * row['low']:.1f}, {100 * row['high']:.1f}] of its trials against the others (95% interval clustered "
        f"by rater and pair, of this method alone, not adjusted for its being the best; chance 50%, "
        f"p = {row['clustered_p_holm']:.2g} by the same after Holm's adjustment over 3 "
        "methods); no raters were left out by rules fixed beforehand."
    )
    two = study_of(("a", "b"), pairs=20, votes=2, per_rater=10, gold=0, repeats=0, flashes=0)
    told = analyse(two, answered(two, lambda trial: "a"), draws=10).sentence
    assert "by the same); no raters" in told, "of two methods there is one test"


@pytest.mark.parametrize("allowed", [True, False])
def test_ties_are_spoken_of_where_they_may_be_answered(allowed):
    study = study_of(("a", "b"), pairs=6, votes=2, per_rater=6, gold=0, repeats=0, flashes=0, ties=allowed)
    answers = answered(study, lambda trial: "a")
    answers[:3] = [one._replace(answer="tie") for one in answers[:3]] if allowed else answers[:3]
    told = analyse(study, answers, draws=10).sentence
    text = "of 2 raters (ties allowed, each half a vote for both: 3) on 6 comparisons"
    assert (text in told) == allowed
    assert ("tie" in told) == allowed


def test_on_the_terminal_one_is_one():
    study = study_of(("a", "b"), pairs=2, votes=2, per_rater=2, gold=0, repeats=0, flashes=0)
    answers = [one for one in answered(study, lambda trial: "a") if one.trial != "2-1"]
    answers[0] = answers[0]._replace(late="1")
    lines = analysis_text(analyse(study, answers, draws=10)).splitlines()
    assert "left out, late answers: 0 raters, 1 answer" in lines
    kept = analyse(study, answers[1:], draws=10)
    assert any(line.endswith(", 1 comparison") for line in analysis_text(kept).splitlines())


def test_where_nobody_is_left_one_rater_is_one():
    study = study_of(("a", "b"), pairs=4, votes=1, gold=0, repeats=0, flashes=0)
    answers = answered(study, lambda trial: "a", response_ms="100")[:1]
    assert analyse(study, answers, draws=10).sentence == (
        "No answers left: of 1 two-alternative vote of 1 rater none is counted; 1 rater was left out by rules fixed "
        "beforehand, and late answers where the rules say so."
    )


def test_numbers_of_things():
    assert [number_of(count, "vote") for count in (0, 1, 2)] == ["0 votes", "1 vote", "2 votes"]


def test_that_pairs_which_share_a_person_count_as_independent_is_noted_beside_the_tables(tmp_path):
    study = study_of(("a", "b"), pairs=6, votes=2, per_rater=6, gold=0, repeats=0, flashes=0)
    found = analyse(study, [said(study, trial, "left") for trial in study.trials], draws=100)
    assert CLUSTERS in found.protocol
    assert "share a person, or a garment, are taken for independent" in CLUSTERS
    write_analysis(tmp_path, found)
    assert CLUSTERS in as_json(found)["protocol"]
    assert CLUSTERS in (tmp_path / "notes.md").read_text()


def test_the_test_of_win_rates_stands_wherever_the_pairwise_one_does(tmp_path):
    study = study_of(("a", "b", "c"), pairs=20, votes=2, per_rater=30, gold=0, repeats=0, flashes=0)
    found = analyse(study, answered(study, lambda trial: min(trial.left, trial.right)), draws=100)
    write_analysis(tmp_path, found)
    for name in ("win-rates", "pairwise", "all-win-rates", "all-pairwise"):
        table = pd.read_csv(tmp_path / f"{name}.csv")
        assert table["clustered_p_holm"].notna().all()
        assert "p, clustered, Holm" in (tmp_path / f"{name}.md").read_text()
        assert r"p,\\clustered,\\Holm" in (tmp_path / f"{name}.tex").read_text(), "broken into lines"
        assert all(row["clustered_p_holm"] >= row["clustered_p"] for row in as_json(found)[name])
    text = analysis_text(found).splitlines()
    assert "p, Holm" in text[0]
    expected = found.win_rates.set_index("method").loc["a", "clustered_p_holm"]
    assert f"{expected:.2g}" in text[1].split()
    assert max(map(len, text[:4])) <= 100


def test_how_far_a_method_is_trained_is_noted_beside_its_numbers(tmp_path):
    study = study_of(("a", "b"), pairs=6, votes=2, per_rater=6, gold=0, repeats=0, flashes=0)
    methods = [{"name": "a", "label": "undertrained: 10 steps"}, {"name": "b", "label": ""}]
    study = study._replace(design={**study.design, "methods": methods})
    found = analyse(study, answered(study, lambda trial: "a"), draws=10)
    assert "a: undertrained: 10 steps" in found.protocol
    assert not any(line.startswith("b:") for line in found.protocol)
    write_analysis(tmp_path, found)
    assert "- a: undertrained: 10 steps\n" in (tmp_path / "notes.md").read_text()
