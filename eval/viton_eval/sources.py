"""The source files that decide what each step makes, as patterns under the checkout: when one changes, the step runs.

They are every module that the step's command imports; a test walks the imports, so that a new one cannot be forgotten.
Left out is what cannot change what is made without changing the step's command or key, which count by themselves:
viton/cli.py, config.py, settings.py, stage_config.py and stage_plan.py (names, checks and defaults; the settings they
arrive at are in the key), console.py and errors.py (what is said), digests.py (what is remembered), provenance.py (what
is written beside results, never into them), and of this suite the modules that find files and run steps.

Trainings have no such list: a code change never trains anything again silently.
"""

from __future__ import annotations

from viton.provenance import installed

FILES = ("viton/images.py", "viton/coordinates.py", "viton/parsing.py", "viton/keypoints.py", "viton/files.py")
WORLD = (*FILES, "viton/synthetic/*.py")
SETTINGS = ("viton/synthetic/__init__.py", "viton/synthetic/config.py")  # come with viton/config.py
DATA = (*FILES, "viton/data/*.py")
CHECK = (*DATA, "viton/synthetic/*.py")  # a made-up world is checked by its digest too
NETWORKS = tuple(
    f"viton/{name}.py"
    for name in (
        *("adversarial", "cagan", "cascaded", "checkpoint", "coarse", "collar", "crn", "discriminators", "losses"),
        *("mirror", "networks", "perceptual", "prgan", "refine", "sharpness", "stage", "stage_warps", "trained"),
        *("training_data", "tryon", "vgg", "warp_targets"),
    )
)
TRY_ON = (
    *DATA,
    *NETWORKS,
    *("viton/person.py", "viton/warp.py", "viton/tps.py", "viton/shape_context.py"),
    *("viton/results.py", "viton/runs.py", "viton/methods/*.py"),
    *SETTINGS,
)
IMPORT = (*DATA, *SETTINGS, "viton/results.py", "eval/viton_eval/foreign.py", "eval/viton_eval/matching.py")
WARP = TRY_ON  # viton/runs.py imports the methods, whichever of its verbs is called
SCORES = (
    *DATA,
    *SETTINGS,
    *(f"viton/{name}.py" for name in ("checkpoint", "judge", "results")),
    *(f"eval/viton_eval/{name}.py" for name in ("judge", "measures", "regions", "scores", "scores_settings")),
    *("eval/viton_eval/scoring.py", "eval/viton_eval/sources.py"),
)
ROBUSTNESS = (
    *TRY_ON,
    *SCORES,
    *(f"viton/synthetic/{name}.py" for name in ("noise", "canvas", "shapes")),
    *("eval/viton_eval/robustness.py", "eval/viton_eval/estimators.py"),
)
NOTEBOOKS = (
    *ROBUSTNESS,
    *(
        "viton/figures.py",
        "viton/dataset_figures.py",
        "viton/try_on_figures.py",
        "viton/option_figures.py",
        "viton/failure_figures.py",
        "viton/robustness_figures.py",
        "viton/judge.py",
        "viton/training_log.py",
    ),
    *(f"eval/viton_eval/{name}.py" for name in ("experiment", "tables", "likeness", "interval", "truth", "floor")),
    *(
        f"eval/viton_eval/{name}.py"
        for name in ("fail*", "garment*", "results", "judge", "measure*", "necks", "options", "regions", "sco*", "sou*")
    ),
    *("eval/viton_eval/try_ons.py", "eval/viton_eval/photo*.py", "eval/viton_eval/page_names.py"),
    "eval/viton_eval/robustness_curves.py",
    "eval/viton_eval/templates.py",
    *("eval/viton_eval/notebook*.py", "eval/viton_eval/site/notebook.*"),
)
COMPARISON = (*NOTEBOOKS, "eval/viton_eval/comparison*.py")


def measured_with() -> dict[str, str]:
    """Versions of the packages that compute scores: another one makes them anew."""
    return {name: installed(name) for name in ("numpy", "opencv-python", "torch")}
