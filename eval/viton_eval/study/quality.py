"""Did raters look? Gold trials, repeats, sides and times, and who is left out by the rules that the design fixed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from viton_eval.study.settings import Exclusions
from viton_eval.study.votes import TIE

SIDED = 10  # answers that a share of one side is asked of
SLACK_MS = 100.0  # by which two clocks may differ over one answer


def quality(votes: pd.DataFrame) -> pd.DataFrame:
    """A row a rater: votes, gold right, repeats answered as before, the share of left, median time, late answers.

    votes: of votes_of.   What a rater was not asked is NaN. A repeat counts where the same rater answered the first.
    Gold trials, repeats, sides and times count whether they were late or not: they tell whether a rater looked.
    median_ms: of time_ms, which is never longer than by the server's clock.   told_longer: how many answers took by the
    browser's clock longer, by more than SLACK_MS, than by the server's: no page of ours says so of itself.
    """
    before = votes.set_index(["rater", "trial"])["winner"]
    rows = [(rater, *_of_rater(own, before)) for rater, own in votes.groupby("rater", sort=True)]
    columns = ["rater", "votes", "gold", "gold_right", "repeats", "repeats_alike", "sided", "left", "median_ms"]
    return pd.DataFrame(rows, columns=[*columns, "late", "told_longer"])


def _of_rater(own: pd.DataFrame, before: pd.Series) -> tuple[float, ...]:
    gold, repeats, sided = own[own["kind"] == "gold"], own[own["kind"] == "repeat"], own[own["answer"] != TIE]
    first = [before.get((rater, trial)) for rater, trial in zip(repeats["rater"], repeats["repeats"], strict=True)]
    alike = [winner == was for winner, was in zip(repeats["winner"], first, strict=True) if was is not None]
    return (
        int((own["kind"] == "main").sum()),
        len(gold),
        (gold["answer"] == gold["expected"]).mean() if len(gold) else np.nan,
        len(alike),
        float(np.mean(alike)) if alike else np.nan,
        len(sided),
        (sided["answer"] == "left").mean() if len(sided) else np.nan,
        own["time_ms"].median() if own["time_ms"].notna().any() else np.nan,
        int(own["late"].sum()),
        int((own["response_ms"] > own["server_ms"] + SLACK_MS).sum()),
    )


def reasons(table: pd.DataFrame, rules: Exclusions) -> dict[str, list[str]]:
    """Who is left out, and by which rules; a rule about what a rater was not asked leaves nobody out."""
    found: dict[str, list[str]] = {}
    for row in table.to_dict("records"):
        side = max(row["left"], 1 - row["left"]) if row["sided"] >= SIDED else np.nan
        broken = {
            f"gold right below {rules.gold_least}": _below(row["gold_right"], rules.gold_least),
            f"repeats alike below {rules.repeat_least}": _below(row["repeats_alike"], rules.repeat_least),
            f"one side above {rules.one_side_most}": rules.one_side_most is not None and side > rules.one_side_most,
            f"median time below {rules.median_least_ms} ms": _below(row["median_ms"], rules.median_least_ms),
        }
        if told := [rule for rule, is_broken in broken.items() if is_broken]:
            found[str(row["rater"])] = told
    return found


def kept(votes: pd.DataFrame, rules: Exclusions, left_out: dict[str, list[str]]) -> pd.DataFrame:
    """The votes of raters that are not left out, without late ones where the rules leave these out."""
    good = ~votes["rater"].isin(list(left_out))
    return votes[good & ~(votes["late"] & rules.late)]


def exclusions(votes: pd.DataFrame, rules: Exclusions, left_out: dict[str, list[str]]) -> pd.DataFrame:
    """A row a rule: how many raters it leaves out, or votes of others; late gold trials are no votes, and count."""
    mains = votes[votes["kind"] == "main"]
    late = int((mains["late"] & ~mains["rater"].isin(list(left_out))).sum()) if rules.late else 0
    also = int(mains["late"].sum()) - late if rules.late else 0
    told = f"late answers ({also} more are of raters left out already)" if also else "late answers"
    counted = pd.Series([rule for broken in left_out.values() for rule in broken], dtype=object).value_counts()
    rows = [(rule, int(count), 0) for rule, count in sorted(counted.items())]
    rows.append((told, 0, late) if rules.late else ("late answers (kept)", 0, 0))
    return pd.DataFrame(rows, columns=["rule", "raters", "answers"])


def side_bias(votes: pd.DataFrame) -> tuple[float, int, float]:
    """The share of answers that were left, of how many, and the two-sided p of a fair coin (answers as independent)."""
    sided = votes[votes["answer"] != TIE]
    left = int((sided["answer"] == "left").sum())
    return (
        (left / len(sided), len(sided), float(binomtest(left, len(sided)).pvalue))
        if len(sided)
        else (np.nan, 0, np.nan)
    )


def _below(value: float, least: float | None) -> bool:
    return least is not None and value < least  # NaN is below nothing
