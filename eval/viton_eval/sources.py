"""The source files that decide what each step makes, as patterns under the checkout: when one changes, the step runs.

They are every module that the step's command imports; a test walks the imports, so that a new one cannot be forgotten.
Left out is what cannot change what is made without changing the step's command or key, which count by themselves:
viton/cli.py, config.py, layout_names.py, settings.py, stage_config.py and stage_plan.py (names, checks and defaults;
the settings they arrive at are in the key), console.py and errors.py (what is said), digests.py (what is remembered),
provenance.py (what is written beside results, never into them), and of this suite the modules that find files and run
steps.

Trainings have no such list: a code change never trains anything again silently.
"""

from __future__ import annotations

from viton.provenance import installed

FILES = ("viton/images.py", "viton/coordinates.py", "viton/parsing.py", "viton/keypoints.py", "viton/files.py")
WORLD = (*FILES, "viton/synthetic/*.py")
SETTINGS = ("viton/synthetic/__init__.py", "viton/synthetic/config.py")  # come with viton/config.py
PICTURES = tuple(f"viton/{name}.py" for name in ("approximate_parsing", "background", "clothing_mask"))
DATA = (*FILES, "viton/data/*.py", *PICTURES)
CHECK = (*DATA, "viton/synthetic/*.py")  # a made-up world is checked by its digest too
NETWORKS = tuple(
    f"viton/{name}.py"
    for name in (
        *("adversarial", "cagan", "cascaded", "checkpoint", "coarse", "collar", "crn", "discriminators", "losses"),
        *("mirror", "networks", "perceptual", "prgan", "refine", "sharpness", "stage", "stage_warps", "trained"),
        *("training_data", "tryon", "vgg", "warp_map", "warp_targets"),
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
    *(f"viton/{name}.py" for name in ("checkpoint", "judge", "results", "warp_map")),
    *(f"eval/viton_eval/{name}.py" for name in ("judge", "measures", "regions", "scores", "scores_settings")),
    *(f"eval/viton_eval/{name}.py" for name in ("scoring", "sources", "csv_cells", "table_texts", "truth")),
)
FEATURES = (  # decides what a network says of a set of pictures
    *DATA,
    *(
        f"viton/{name}.py"
        for name in ("attributes", "checkpoint", "extractors", "judge", "stage", "synthetic/*", "vgg")
    ),
    *(
        f"eval/viton_eval/{name}.py"
        for name in ("features", "inception", "judge", "judge_features", "picture_sets", "resizing", "weights_file")
    ),
)
METRICS = tuple(
    f"eval/viton_eval/{name}.py"
    for name in (
        *("agreement", "features", "folder_*", "foreign", "frechet", "inception*", "kept_tables", "kernel_*"),
        *(
            "lpips",
            "matching",
            "metrics",
            "own_extractor",
            "pair_links",
            "paper_table",
            "picture_sets",
            "protocol*",
            "quantities",
        ),
        *("rank_correlation", "resizing", "result_files", "set_*", "ssim_variants", "verdicts", "weights_file"),
    )
)
ROBUSTNESS = (
    *TRY_ON,
    *SCORES,
    *(f"viton/synthetic/{name}.py" for name in ("noise", "canvas", "shapes")),
    *("eval/viton_eval/robustness.py", "eval/viton_eval/estimators.py"),
)
STUDY = (
    *DATA,
    *SETTINGS,
    *("viton/results.py", "eval/viton_eval/foreign.py", "eval/viton_eval/matching.py"),
    *("eval/viton_eval/result_files.py", "eval/viton_eval/csv_cells.py"),
    *(
        f"eval/viton_eval/study/{name}.py"
        for name in ("__init__", "design", "frozen", "make", "pictures", "request", "settings", "used")
    ),
)
FIGURES = tuple(
    f"viton/{name}.py"
    for name in (
        *("dataset_figures", "evaluation_figures", "failure_figures", "figures", "option_figures"),
        *("robustness_figures", "study_figures", "try_on_figures", "wild_figures"),
    )
)
NOTEBOOKS = (
    *ROBUSTNESS,
    *METRICS,
    *FIGURES,
    *(f"viton/{name}.py" for name in ("attributes", "extractors", "judge", "training_log", "synthetic/*")),
    *(
        f"eval/viton_eval/{name}.py"
        for name in (
            *(
                "experiment",
                "fail*",
                "floor",
                "garment*",
                "holm",
                "interval",
                "judge*",
                "likeness",
                "measure*",
                "necks",
            ),
            *("options", "page_names", "photo*", "regions", "results", "robustness_curves", "sco*", "sou*", "tables"),
            *("templates", "truth", "try_ons", "csv_cells", "table_texts", "notebook*", "wild*", "yardsticks"),
        )
    ),
    *("eval/viton_eval/people.py", "eval/viton_eval/human_study.py", "eval/viton_eval/study/*.py"),
    "eval/viton_eval/site/notebook.*",
)
COMPARISON = (*NOTEBOOKS, "eval/viton_eval/comparison*.py")


def measured_with() -> dict[str, str]:
    """Versions of the packages that compute scores: another one makes them anew."""
    return {name: installed(name) for name in ("numpy", "opencv-python", "torch")}
