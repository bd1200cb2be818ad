"""Late answers are counted where rules leave them out; those of raters who are out already are said."""

from tests.viton_eval.study.made_up import answered, study_of
from viton_eval.study.analyse import analyse
from viton_eval.study.analysis_text import analysis_text


def test_late_answers_of_raters_left_out_already_are_noted_and_not_counted_twice():
    study = study_of(("a", "b"), pairs=20, votes=2, per_rater=20, gold=4, flashes=0)
    answers = answered(study, lambda trial: "a" if trial.position % 2 else "b", late="0")
    gold = {trial.trial for trial in study.trials if trial.kind == "gold" and trial.rater == 1}
    other = {"left": "right", "right": "left"}
    answers = [one._replace(answer=other[one.answer]) if one.trial in gold else one for one in answers]
    mains = {rater: [t.trial for t in study.of_rater(rater) if t.kind == "main"][:3] for rater in (1, 2)}
    for late, rule, count in (
        (mains[1], "late answers (3 more are of raters left out already)", 0),
        (mains[2][:2], "late answers", 2),
        (mains[1] + mains[2][:2], "late answers (3 more are of raters left out already)", 2),
    ):
        found = analyse(study, [one._replace(late="1") if one.trial in late else one for one in answers], draws=100)
        rows = {row["rule"]: (row["raters"], row["answers"]) for row in found.exclusions.to_dict("records")}
        assert rows == {"gold right below 0.75": (1, 0), rule: (0, count)}
        assert f"left out, {rule}: 0 raters, {count} answers" in analysis_text(found)
