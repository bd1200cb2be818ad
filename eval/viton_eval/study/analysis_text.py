"""An analysis for the eye: its tables, and all of it on a terminal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from viton_eval.study.analyse import MARK, Analysis
from viton_eval.study.sentence import number_of

SHARES = ("value", "called_real")  # that have an interval beside them
LABELS = {
    "wilson_low": "if votes were independent",
    "clustered_p": "p, clustered",
    "clustered_p_holm": "p, clustered, Holm",
    "sign_p": "p, sign test, these raters alone",
    "sign_p_holm": "p, sign test, these raters alone, Holm",
}
ENDS = ("low", "high", "wilson_high")  # which are told with the share, and with wilson_low


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """A table for the eye: its first column names the rows, an interval stands in one cell, what is not known is -."""
    cells = {_label(str(name)): _cells(table, str(name)) for name in table.columns[1:] if name not in ENDS}
    return pd.DataFrame(cells, index=pd.Index(table[table.columns[0]], name=table.columns[0]))


def _label(name: str) -> str:
    return LABELS.get(name, name.replace("_", " "))


def _cells(table: pd.DataFrame, name: str) -> list[str]:
    if name == "wilson_low":
        return [_interval(low, high) or "-" for low, high in table[["wilson_low", "wilson_high"]].to_numpy(np.float64)]
    if name in SHARES:
        rows = table[[name, "low", "high"]].to_numpy(np.float64)
        return [f"{_number(value, '.3f')} {_interval(low, high)}".strip() for value, low, high in rows]
    if not pd.api.types.is_float_dtype(table[name]):
        return table[name].astype(str).tolist()
    form = ".0f" if name.endswith("_ms") or "_ms_" in name else ".2g" if name.endswith(("_p", "_holm")) else ".3f"
    return [_number(float(value), form) for value in table[name]]


def _interval(low: float, high: float) -> str:
    return f"[{low:.3f}, {high:.3f}]" if np.isfinite(low) else ""


def _number(value: float, form: str) -> str:
    return f"{value:{form}}" if np.isfinite(value) else "-"


def analysis_text(analysis: Analysis) -> str:
    """Win rates beside Bradley-Terry, then agreement, exclusions, flashes and the sentence; at most 100 columns."""
    scale = analysis.bradley_terry.set_index("method")
    everybody = analysis.all_win_rates.set_index("method")["value"]
    head = f"{'method':<19}{'won':>7}{'95%':>15}{'p, Holm':>9}{'n':>7}{'everybody':>10}{'Bradley-Terry':>14}{'95%':>17}"
    lines = [*([MARK] if analysis.simulated else []), head]
    ordered = analysis.win_rates.sort_values("value", ascending=False, kind="stable")
    for row in ordered.to_dict("records"):
        method = str(row["method"])
        value, low, high = map(float, np.asarray(scale.loc[method, ["value", "low", "high"]], np.float64))
        lines.append(
            f"{method[:18]:<19}{_percent(row['value']):>7}{_between(row['low'], row['high'], 100, 1):>15}"
            f"{_number(row['clustered_p_holm'], '.2g'):>9}{row['n']:>7}{_percent(float(everybody[method])):>10}"
            f"{_number(value, '+.2f'):>14}{_between(low, high, 1, 2):>17}"
        )
    found = analysis.agreement.to_dict("records")[0]
    alpha = _number(found["alpha"], ".3f")
    lines += [
        "",
        f"agreement: {_percent(found['raw_agreement'])} of two votes on a comparison, alpha {alpha}, "
        f"{number_of(found['comparisons'], 'comparison')}",
        f"left chosen: {_percent(found['left'])} of {found['sided']} (p = {_number(found['left_p'], '.3g')})",
    ]
    table = analysis.exclusions
    rules = table[(table["raters"] > 0) | (table["answers"] > 0) | table["rule"].str.contains("left out already")]
    for row in rules.to_dict("records"):
        raters, answers = number_of(row["raters"], "rater"), number_of(row["answers"], "answer")
        lines.append(f"left out, {row['rule']}: {raters}, {answers}")
    for row in analysis.flashes.to_dict("records"):
        shown = f"called real, {row['shown']}: {_percent(row['called_real'])} of {row['n']}"
        lines.append(shown + (f", shown {row['shown_ms']:.0f} ms" if row["shown_ms"] == row["shown_ms"] else ""))
    return "\n".join([*lines, "", analysis.sentence])


def _percent(value: float) -> str:
    return f"{100 * value:.1f}%" if value == value else "-"  # NaN alone is not itself


def _between(low: float, high: float, factor: float, digits: int) -> str:
    return f"[{factor * low:.{digits}f}, {factor * high:.{digits}f}]" if low == low else "-"
