"""The source files that decide what each step makes, as patterns under the checkout: when one changes, the step runs.

They are every module that the step's command imports; a test walks the imports, so that a new one cannot be forgotten.
Left out is what cannot change what is made without changing the step's command or key, which count by themselves:
viton/cli.py and config.py (names, checks and defaults; the settings they arrive at are in the key), console.py and
errors.py (what is said), provenance.py (what is written beside results, never into them), and of this suite the
modules that find files and run steps.
"""

from __future__ import annotations

FILES = ("viton/images.py", "viton/coordinates.py", "viton/parsing.py", "viton/keypoints.py", "viton/files.py")
WORLD = (*FILES, "viton/synthetic/*.py")
DATA = (*FILES, "viton/data/*.py")
CHECK = (*DATA, "viton/synthetic/*.py")  # a made-up world is checked by its digest too
TRY_ON = (
    *DATA,
    *("viton/warp.py", "viton/tps.py", "viton/shape_context.py", "viton/results.py", "viton/runs.py"),
    "viton/methods/*.py",
)
WARP = TRY_ON  # viton/runs.py imports the methods, whichever of its verbs is called
NOTEBOOKS = (
    *TRY_ON,
    *("viton/person.py", "viton/figures.py", "viton/dataset_figures.py"),
    *(f"eval/viton_eval/{name}.py" for name in ("experiment", "tables", "likeness", "interval", "truth", "floor")),
    "eval/viton_eval/results.py",
    *("eval/viton_eval/notebook*.py", "eval/viton_eval/site/notebook.*"),
)
