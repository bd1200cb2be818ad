# What depends on what in an experiment. `viton-eval report` starts it, in the folder runs/EXPERIMENT, with
# config["config"], the resolved configuration's path, config["data"] and config["data_digest"] where the data is a
# folder, config["training_digest"] where such a folder is trained on, and config["reference_digest"] where there is a
# reference. Steps come from viton_eval.plan, lists of source files from viton_eval.sources. A rule's output is a small
# file that its step writes last, so that a failed step loses nothing; executed notebooks are logs, so that a failed
# one can be read.
import os
import shlex
import sys
from contextlib import chdir
from pathlib import Path

from viton_eval.commands import resolved_run
from viton_eval.plan import plan
from viton_eval.sources import CHECK, COMPARISON, IMPORT, NOTEBOOKS, ROBUSTNESS, SCORES, STUDY, TRY_ON, WARP, WORLD

ROOT = Path(workflow.basedir)
DIGESTS = [config[f"{name}_digest"] for name in ("data", "reference", "training")]
CONFIG = Path(config["config"]).resolve()
with chdir(ROOT):  # what they look for, splits, truths and others' trained stages, is named from there
    RUN = resolved_run(CONFIG, config["data"], "runs", *DIGESTS)
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


def step(name):
    """A step's options: what it is told decides whether it runs again. (What is computed from `input` would not count.)"""
    told = PLAN[name]
    options = [name, "--dir", STEPS, "--cwd", os.path.relpath(ROOT, HERE), f"--key={told.key}"]
    options += [f"--made={path}" for path in made(*(told.folder / file for file in told.made))]
    options += [f"--stdout={STEPS}/{told.stdout}"] if told.stdout else []
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
        threads: 2
        params: step=step("data"), command=PLAN["data"].command, inputs=inputs
        shell: RUN_STEP


rule check:
    priority: 200  # what is wrong with the data is worth knowing before hours of training
    input: done(*PLAN["check"].needs), sources(CHECK)
    output: done("check")
    params: step=step("check"), command=PLAN["check"].command, inputs=inputs
    shell: RUN_STEP


rule train:
    # One at a time, on all cores, and before all else: what is left then, try-ons and notebooks, runs side by side; so
    # do trainings of a few steps. No source file is an input, for changed code never trains anything again silently.
    priority: 100
    threads: lambda w: workflow.cores if PLAN[f"train-{w.stage}"].alone else 1
    input: lambda w: done(*PLAN[f"train-{w.stage}"].needs)
    output: done("train-{stage}")
    params:
        step=lambda w: step(f"train-{w.stage}"),
        command=lambda w: PLAN[f"train-{w.stage}"].command,
        inputs=inputs,
    shell: RUN_STEP


rule warps:
    priority: 1
    input: done(*PLAN["warps"].needs), sources(WARP)
    output: done("warps")
    params: step=step("warps"), command=PLAN["warps"].command, inputs=inputs
    shell: RUN_STEP


rule shard:
    priority: 1
    input: lambda w: done(*PLAN[f"shard-{w.part}"].needs), sources(TRY_ON)
    output: done("shard-{part}")
    params:
        step=lambda w: step(f"shard-{w.part}"),
        command=lambda w: PLAN[f"shard-{w.part}"].command,
        inputs=inputs,
    shell: RUN_STEP


rule results:
    priority: 1
    input:
        lambda w: done(*PLAN[f"results-{w.method}"].needs),
        lambda w: sources(IMPORT if "imported" in PLAN[f"results-{w.method}"].command[:2] else TRY_ON),
    output: done("results-{method}")
    params:
        step=lambda w: step(f"results-{w.method}"),
        command=lambda w: PLAN[f"results-{w.method}"].command,
        inputs=inputs,
    shell: RUN_STEP


rule scores:
    priority: 1
    input: lambda w: done(*PLAN[f"scores-{w.method}"].needs), sources(SCORES)
    output: done("scores-{method}")
    params:
        step=lambda w: step(f"scores-{w.method}"),
        command=lambda w: PLAN[f"scores-{w.method}"].command,
        inputs=inputs,
    shell: RUN_STEP


if "comparison" in PLAN:
    rule comparison:
        input: done(*PLAN["comparison"].needs), sources(COMPARISON)
        output: done("comparison")
        params: step=step("comparison"), command=PLAN["comparison"].command, inputs=inputs
        shell: RUN_STEP


if "robustness" in PLAN:
    rule robustness:
        priority: 1
        input: done(*PLAN["robustness"].needs), sources(ROBUSTNESS)
        output: done("robustness")
        params: step=step("robustness"), command=PLAN["robustness"].command, inputs=inputs
        shell: RUN_STEP


if "study" in PLAN:
    rule study:
        input: done(*PLAN["study"].needs), sources(STUDY)
        output: done("study")
        params: step=step("study"), command=PLAN["study"].command, inputs=inputs
        shell: RUN_STEP


rule notebook:
    input:
        lambda w: done(*PLAN[f"notebook-{w.page}"].needs),
        lambda w: made(*PLAN[f"notebook-{w.page}"].reads),
        sources(NOTEBOOKS),
    output: done("notebook-{page}")
    log: *made(RUN.notebooks / "{page}.ipynb", RUN.notebooks / "{page}.html")
    params:
        step=lambda w: step(f"notebook-{w.page}"),
        command=lambda w: PLAN[f"notebook-{w.page}"].command,
        inputs=inputs,
    shell: RUN_STEP
