"""What a study asks, of whom, and by which rules answers are left out: fixed before the first answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from viton.settings import Model
from viton_eval.study.consent import PAGE, Channel, consent_on

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=100_000)]
Positive = Annotated[int, Field(ge=1, le=100_000)]


class Exclusions(Model):
    """Which raters and answers are left out; results are given with and without. None: not asked."""

    gold_least: Share | None = 0.75  # share of gold trials that a rater has to get right
    repeat_least: Share | None = None  # share of repeats that a rater has to answer as before
    one_side_most: Share | None = 0.95  # share of answers on one side, of at least 10
    median_least_ms: Annotated[int, Field(ge=0)] | None = 700  # of a rater's response times
    late: bool = True  # answers after their block's time


class Texts(Model):
    """What a rater reads. Plain text: a page shows it as it is, whatever is in it; a blank line begins a paragraph."""

    title: str = "Which try-on is better?"
    question: str = "Which picture is more realistic and accurate in a virtual try-on situation?"
    instructions: str = (
        "You see a person, a garment, and two pictures in which a computer has dressed the person in the garment. "
        "Choose the picture that is more realistic and accurate.\n\n"
        "Look at both: is it the same garment, with its colours, pattern, print, sleeves and neck? Is it the same "
        "person, with face, hair, arms and hands as before? Does it look like a photograph?\n\n"
        "There is no right answer that you have to find: say what you see. If both look bad, choose the less bad one."
    )
    flash_question: str = "Was it a real photo, or made by a computer?"
    flash_instructions: str = (
        "Now single pictures are shown for a moment only. Some are photos, some are made by a computer. "
        "Look at the cross in the middle; after each picture say which it was."
    )
    consent: str = PAGE
    consent_paper: str = ""  # in booklets; "": `consent`, or, where that is the default, a text that is true of paper
    consent_mturk: str = ""  # on Mechanical Turk; "": likewise
    thanks: str = "Thank you. Your answers are stored."
    contact: str = ""  # whom a rater may ask; shown beside the consent

    def consent_on(self, channel: Channel) -> str:
        """What is agreed to where the study is answered on the page, on paper or on Mechanical Turk."""
        own = {"page": self.consent, "paper": self.consent_paper, "mturk": self.consent_mturk}[channel]
        return consent_on(channel, self.consent, own)


class StudySettings(Model):
    """The shape of a study; every default is the paper's where the paper tells."""

    per_pair: Positive | None = None  # pairs of methods shown for each person in garment; None: all of them
    votes: Positive = 3  # raters a trial
    per_rater: Positive = 40  # comparisons of a rater, before gold trials and repeats; the last may have fewer
    gold: Count = 5  # of a rater: one side is a picture whose tiles are shuffled
    repeats: Count = 5  # of a rater: a comparison once more, sides swapped
    block_trials: Positive = 5  # the paper's job: 5 trials ...
    block_seconds: Positive = 200  # ... in 200 seconds
    ties: bool = False  # whether "no difference" may be answered; the paper forces a choice
    flashes: Count = 12  # of a rater: real or fake, half of each
    flash_ms: Positive = 250  # how long a flash is shown
    seed: Count = 0
    exclusions: Exclusions = Exclusions()
    texts: Texts = Texts()
