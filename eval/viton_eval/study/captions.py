"""What stands under the tables of an analysis: short enough for a paper; how all was reckoned is in a file of notes."""

from __future__ import annotations

CAPTIONS = {
    "win-rates": "Share of votes that each method won against the others, with 95% intervals clustered by rater and "
    "pair.",
    "pairwise": "How often the first method of each pair was preferred, with 95% intervals clustered by rater and pair "
    "and Holm-adjusted tests.",
    "bradley-terry": "Strengths of the methods on one scale (Bradley-Terry log-odds, mean 0), with 95% intervals over "
    "raters and pairs.",
    "flashes": "How often pictures shown for a moment were taken for real photos, with 95% intervals clustered by "
    "rater and picture.",
    "agreement": "How alike the votes on one comparison are: raw agreement and Krippendorff's alpha.",
    "quality": "What each rater did on gold trials, repeats and sides, and the rules that leave raters out.",
    "exclusions": "How many raters and answers each rule leaves out; the rules were fixed before the first answer.",
}
EVERYBODY = "all-"  # before the name of a table with those whom the rules leave out


def caption(name: str) -> str:
    """Of a table of an analysis: one sentence, or two.   Raises KeyError for another name."""
    text = CAPTIONS[name.removeprefix(EVERYBODY)]
    return f"{text} With those whom the rules leave out." if name.startswith(EVERYBODY) else text
