"""An analysis for the eye, on a terminal."""

from __future__ import annotations

import numpy as np

from viton_eval.study.analyse import MARK, Analysis


def analysis_text(analysis: Analysis) -> str:
    """Win rates beside Bradley-Terry, then agreement, exclusions, flashes and the sentence; at most 100 columns."""
    scale = analysis.bradley_terry.set_index("method")
    everybody = analysis.all_win_rates.set_index("method")["value"]
    head = f"{'method':<20}{'won':>7}{'95%':>16}{'n':>7}{'everybody':>11}{'Bradley-Terry':>15}{'95%':>18}"
    lines = [*([MARK] if analysis.simulated else []), head]
    ordered = analysis.win_rates.sort_values("value", ascending=False, kind="stable")
    for row in ordered.to_dict("records"):
        method = str(row["method"])
        value, low, high = map(float, np.asarray(scale.loc[method, ["value", "low", "high"]], np.float64))
        lines.append(
            f"{method[:19]:<20}{_percent(row['value']):>7}{_between(row['low'], row['high'], 100, 1):>16}{row['n']:>7}"
            f"{_percent(float(everybody[method])):>11}{value:>+15.2f}{_between(low, high, 1, 2):>18}"
        )
    found = analysis.agreement.to_dict("records")[0]
    lines += [
        "",
        f"agreement: {100 * found['raw_agreement']:.1f}% of two votes on a comparison, alpha {found['alpha']:.3f}, "
        f"{found['comparisons']} comparisons",
        f"left chosen: {_percent(found['left'])} of {found['sided']} (p = {found['left_p']:.3g})",
    ]
    rules = analysis.exclusions[(analysis.exclusions["raters"] > 0) | (analysis.exclusions["answers"] > 0)]
    for row in rules.to_dict("records"):
        lines.append(f"left out, {row['rule']}: {row['raters']} raters, {row['answers']} answers")
    for row in analysis.flashes.to_dict("records"):
        shown = f"called real, {row['shown']}: {_percent(row['called_real'])} of {row['n']}"
        lines.append(shown + (f", shown {row['shown_ms']:.0f} ms" if row["shown_ms"] == row["shown_ms"] else ""))
    return "\n".join([*lines, "", analysis.sentence])


def _percent(value: float) -> str:
    return f"{100 * value:.1f}%" if value == value else "-"  # NaN alone is not itself


def _between(low: float, high: float, factor: float, digits: int) -> str:
    return f"[{factor * low:.{digits}f}, {factor * high:.{digits}f}]" if low == low else "-"
