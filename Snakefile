# What depends on what in an experiment. `viton-eval report` starts it, in the folder runs/EXPERIMENT, with
# config["config"], the resolved configuration's path, config["data"] and config["data_digest"] where the data is a
# folder, and config["reference_digest"] where there is a reference. Commands and paths come from viton_eval.commands,
# lists of source files from viton_eval.sources. A rule's output is a small file that its step writes last, so that a
# failed step loses nothing; executed notebooks are logs, so that a failed one can be read.
import os
import shlex
import sys
from pathlib import Path

from viton_eval.commands import plan, resolved_run
from viton_eval.sources import CHECK, NOTEBOOKS, TRY_ON, WARP, WORLD

ROOT = Path(workflow.basedir)
RUN = resolved_run(Path(config["config"]), config["data"], "runs", config["data_digest"], config["reference_digest"])
PLAN = plan(RUN)
HERE = ROOT / RUN.folder  # where Snakemake works; all its paths are relative to it
STEPS = os.path.relpath(ROOT / RUN.steps, HERE)


def done(*names):
    return [f"{STEPS}/{name}.done.json" for name in names]


def made(*paths):
    return [os.path.relpath(ROOT / path, HERE) for path in paths]


def sources(patterns):
    """Files of the checkout: what is not listed changes nothing for a rule."""
    return sorted(os.path.relpath(path, HERE) for pattern in patterns for path in ROOT.glob(pattern))


def step(name, *products):
    """A step's options: what it is told decides whether it runs again. (What is computed from `input` would not count.)"""
    options = [name, "--dir", STEPS, "--cwd", os.path.relpath(ROOT, HERE), f"--key={PLAN[name].key}"]
    options += [f"--made={path}" for path in made(*products)]
    options += [f"--stdout={STEPS}/{PLAN[name].stdout}"] if PLAN[name].stdout else []
    return options + [f"--clears={path}" for path in made(RUN.data_root) if name == "data"]


def inputs(wildcards, input):
    return [f"--input={path}" for path in input]


shell.prefix(f"exec {shlex.quote(sys.executable)} -m viton_eval step ")
RUN_STEP = "{params.step:q} {params.inputs:q} -- {params.command:q}"


rule all:
    input: done(*PLAN)


if "data" in PLAN:
    rule data:
        input: sources(WORLD)
        output: done("data")
        params: step=step("data", RUN.data_root / "world.json"), command=PLAN["data"].command, inputs=inputs
        shell: RUN_STEP


rule check:
    priority: 2  # what is wrong with the data is worth knowing first
    input: done(*PLAN["check"].needs), sources(CHECK)
    output: done("check")
    params: step=step("check"), command=PLAN["check"].command, inputs=inputs
    shell: RUN_STEP


rule warps:
    priority: 1
    input: done(*PLAN["warps"].needs), sources(WARP)
    output: done("warps")
    params:
        step=step("warps", RUN.warps / "settings.json", RUN.warps / "warps.jsonl"),
        command=PLAN["warps"].command,
        inputs=inputs,
    shell: RUN_STEP


rule results:
    priority: 1
    input: lambda w: done(*PLAN[f"results-{w.method}"].needs), sources(TRY_ON)
    output: done("results-{method}")
    params:
        step=lambda w: step(f"results-{w.method}", *(RUN.results(w.method) / f for f in ("settings.json", "manifest.jsonl"))),
        command=lambda w: PLAN[f"results-{w.method}"].command,
        inputs=inputs,
    shell: RUN_STEP


rule notebook:
    input:
        lambda w: done(*PLAN[f"notebook-{w.page}"].needs),
        lambda w: made(PLAN[f"notebook-{w.page}"].notebook),
        sources(NOTEBOOKS),
    output: done("notebook-{page}")
    log: *made(RUN.notebooks / "{page}.ipynb", RUN.notebooks / "{page}.html")
    params:
        step=lambda w: step(f"notebook-{w.page}"),
        command=lambda w: PLAN[f"notebook-{w.page}"].command,
        inputs=inputs,
    shell: RUN_STEP
