"""Methods, settings and people of an experiment that asks for a human study."""

from viton_eval.study.settings import StudySettings

METHODS = ("non-parametric", "one", "two")
SETTINGS = StudySettings(votes=2, per_rater=8, gold=1, repeats=1, flashes=2)
SIZE = (64, 48)
SURE = {"non-parametric": 40.0, "one": 0.0, "two": -40.0}  # log-odds: the stronger always wins


def others(run, **more):
    return run.__class__(**{**vars(run), "config": run.config.model_copy(update=more)})


def by_people(study, answers):
    """The same answers, as if people had given them to the study's server."""
    return [one._replace(source="server", rater=one.rater.replace("simulated", "person")) for one in answers]
