"""From answers to a paper's table, as a pure function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from viton.errors import InputError
from viton_eval.study import bradley_terry
from viton_eval.study.agreement import agreement
from viton_eval.study.answers import FURTHER, Answer, first_votes
from viton_eval.study.flashes import flash_rates
from viton_eval.study.frozen import Study
from viton_eval.study.quality import exclusions, kept, quality, reasons, side_bias
from viton_eval.study.scale import bradley_terry_table
from viton_eval.study.sentence import number_of, sentence_of
from viton_eval.study.votes import flashes_of, is_simulated, votes_of
from viton_eval.study.win_rates import pairwise, win_rates

MARK = "SIMULATED raters, nobody was asked"
CLUSTERS = (
    "a pair is one person in one garment: votes on two pairs that share a person, or a garment, are taken for "
    "independent but for their raters; where they are alike, intervals are too narrow and p-values too small"
)


class Analysis(NamedTuple):
    """What a study says; every table of answers without and, named `all_...`, with those whom the rules leave out.

    Agreement has a row for either.
    """

    win_rates: pd.DataFrame
    pairwise: pd.DataFrame
    bradley_terry: pd.DataFrame
    flashes: pd.DataFrame
    all_win_rates: pd.DataFrame
    all_pairwise: pd.DataFrame
    all_bradley_terry: pd.DataFrame
    all_flashes: pd.DataFrame
    agreement: pd.DataFrame
    quality: pd.DataFrame  # a row a rater, with the rules that leave it out
    exclusions: pd.DataFrame  # a row a rule
    sentence: str  # for a paper
    protocol: tuple[str, ...]  # lines that go with every number
    simulated: bool

    def tables(self) -> dict[str, pd.DataFrame]:
        """By the names of their files."""
        return {
            name.replace("_", "-"): value for name, value in self._asdict().items() if isinstance(value, pd.DataFrame)
        }


def analyse(study: Study, answers: Sequence[Answer], seed: int = 0, draws: int = 2000) -> Analysis:
    """Everything that is made of a study's answers.

    draws: of raters and pairs, for the intervals of Bradley-Terry strengths.   Raises InputError where there are no
    choices among the answers, and where simulated answers are mixed with people's.
    """
    answers, further = first_votes(answers, study)
    simulated, votes = is_simulated(answers), votes_of(study, answers)
    if not (votes["kind"] == "main").any():
        raise InputError("answers", "at least one answer to a comparison", "none")
    rules, table = study.settings.exclusions, quality(votes)
    left_out = reasons(table, rules)
    table["left_out_by"] = [", ".join(left_out.get(rater, [])) for rater in table["rater"]]
    good = kept(votes, rules, left_out)
    counted, everything = good[good["kind"] == "main"], votes[votes["kind"] == "main"]
    flashes = flashes_of(study, answers)
    tables = [
        (
            win_rates(shown, study.methods),
            pairwise(shown, study.methods),
            bradley_terry_table(shown, study.methods, seed, draws),
            flash_rates(flashed),
        )
        for shown, flashed in ((counted, flashes[~flashes["rater"].isin(list(left_out))]), (everything, flashes))
    ]
    sentence = sentence_of(study, counted, everything, tables[0][0], len(left_out))
    return Analysis(
        *tables[0],
        *tables[1],
        _agreement(counted, everything),
        table,
        exclusions(votes, rules, left_out),
        f"{MARK}: {sentence}" if simulated else sentence,
        (*_protocol(study, votes, counted, seed, draws), *([f"{len(further)} {FURTHER}"] if further else [])),
        simulated,
    )


def _agreement(counted: pd.DataFrame, everything: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for name, votes in (("kept", counted), ("all", everything)):
        found = agreement(votes)
        left, of, p = side_bias(votes)
        rows.append((name, found.comparisons, found.votes, found.raw, found.alpha, left, of, p))
    columns = ["answers", "comparisons", "votes", "raw_agreement", "alpha", "left", "sided", "left_p"]
    return pd.DataFrame(rows, columns=columns)


def _protocol(study: Study, votes: pd.DataFrame, counted: pd.DataFrame, seed: int, draws: int) -> tuple[str, ...]:
    settings = study.settings
    labels = [f"{one['name']}: {one['label']}" for one in study.design.get("methods", []) if one.get("label")]
    return (
        f"study {study.id}: '{settings.texts.question}'",
        *labels,  # how far a method is trained is said wherever its numbers stand
        f"{number_of(len(votes), 'answer')} to choices (comparisons, gold trials, repeats); "
        f"{number_of(len(counted), 'vote')} counted",
        f"{number_of(settings.votes, 'vote')} a comparison planned; "
        f"{'ties count half' if settings.ties else 'no ties'}; "
        f"blocks of {settings.block_trials} in {settings.block_seconds} s",
        "win rate: mean over opponents of the share of votes won; intervals 95%, clustered by rater and by pair: "
        "Wilson's with Student's t, of as many independent votes as these are worth; wilson: as if votes were "
        "independent, which they are not",
        "clustered_p: of a share of one half, by the same statistic as the interval, the test that `study plan` plans "
        "for; it leads, adjusted by Holm over all pairs of methods, or, of win rates, over all methods "
        "(clustered_p_holm)",
        CLUSTERS,
        "sign_p: over people in garments, by the majority of their votes, and adjusted by Holm; it asks about these "
        "raters alone and says nothing of others",
        f"Bradley-Terry: log-odds, ridge {bradley_terry.RIDGE}, Davidson's ties; {draws} draws of raters and pairs, "
        f"seed {seed}; intervals are too narrow with fewer than five raters, and there are none with one",
        "alpha: Krippendorff's, nominal, chance a fair coin between the two methods; "
        f"rules: {settings.exclusions.model_dump_json()}",
    )
