"""A made-up checkout: the real Snakefile and suite, and in place of `viton` a quick stand-in for its command line."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from PIL import Image

from tests.viton_eval.browser import chromium, chromium_there, open_page  # noqa: F401
from viton_eval.assemble import assemble
from viton_eval.commands import resolved_run
from viton_eval.plan import plan
from viton_eval.trainings import try_ons

ROOT = Path(__file__).resolve().parents[2]
LIGHT = [
    *("__init__", "config", "console", "digests", "errors", "files", "provenance", "settings", "stage_config"),
    *(
        "stage_plan",
        "layout_names",
        "synthetic/__init__",
        "synthetic/config",
        "data/__init__",
        "data/pairs",
        "data/sample",
    ),
]
WORLD = {"people": 3, "garments": 0, "seed": 0, "height": 64, "width": 48}
# Settings of an experiment that trains what viton, encoder-decoder and cagan need, on a proxy's features, and a judge.
TRAINED = {
    "perceptual": {"weights": "proxy"},
    "stages": {
        "coarse": {"steps": 20},
        "refine": {"steps": 10},
        "cagan": {"steps": 20},
        "proxy": {"steps": 5, "world": WORLD | {"seed": 1}},
        "judge": {"steps": 5, "world": WORLD | {"seed": 2}},
    },
}
HOSTILE = "a'b<i>&#38;"

# Stand-ins for the modules that read and frame photographs, which would bring torch along.
FAKE_IMAGES = """
import io
import numpy as np
from PIL import Image
from viton.errors import InputError

def load_rgb(path):
    try:
        return np.array(Image.open(path).convert("RGB"))
    except OSError as error:
        raise InputError(path, "a picture", "none") from error

def encode(pixels, suffix):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()
"""
FAKE_FRAMING = """
import numpy as np
from PIL import Image

def fit_photo(pixels, size):
    return np.array(Image.fromarray(pixels).resize(size[::-1]))
"""

FAKE_HD = """
from viton.errors import InputError

class VitonHd:
    def __init__(self, root, split, layout=None):
        pass

    def pairs(self, path):
        return []

    def person(self, person, size):
        raise InputError(person, "a parsing", "none")
"""

# Writes what the real one would, in a blink. `fail` holds the names of verbs that fail, `slow` seconds that they take,
# `bad` the status that pairs fail with, each with two garments more. A training is told by its stage and seed.
FAKE_VITON = """
import json, os, sys, time
from pathlib import Path
from PIL import Image
from viton.files import sha256_of, write_json, write_text, written_whole

PAIRS = [("p1", "c1"), ("p2", "c2"), ("p3", "c3")]
arguments = sys.argv[1:]
verb = arguments[1] if arguments[0] == "data" else arguments[0]
option = lambda name: arguments[arguments.index(name) + 1]
told = f"train-{arguments[1]}-{option('--seed')}" if verb == "train" else verb
with open("calls", "a") as calls:
    calls.write(told + "\\n")
if Path("slow").is_file():
    time.sleep(float(Path("slow").read_text()))
if Path("fail").is_file() and {verb, told} & set(Path("fail").read_text().split()):
    sys.exit("error: world: expected a quiet day, got rain")

def draw(path, colour):
    with written_whole(path) as temporary:
        Image.new("RGB", (48, 64), colour).save(temporary)

if verb == "synth":
    root = Path(arguments[2])
    if not (root / "world.json").is_file():
        for person, clothing in PAIRS:
            draw(root / "test/image" / f"{person}.jpg", "navy")
            draw(root / "test/cloth" / f"{clothing}.jpg", "crimson")
            draw(root / "test/image-truth" / f"{person}__{clothing}.png", "purple")
        write_text(root / "test_pairs.txt", "".join(f"{p} {c}\\n" for p, c in PAIRS))
        write_json(root / "world.json", {"people": option("--people")})
elif verb == "train":
    folder = Path(option("--run")) / "stages" / arguments[1] / option("--seed")
    threads = os.environ.get("OMP_NUM_THREADS")
    write_text(folder / "weights.safetensors", sha256_of(Path(option("--config"))))
    write_text(folder / "config.yaml", f"stage: {arguments[1]}\\nsteps: 20\\n")
    row = {"step": 20, "seconds": 3, "loss": {}, "images_per_second": 14}
    write_text(folder / "log.jsonl", json.dumps(row) + "\\n")
    write_json(folder / "provenance.json", {"commit": "trained by", "threads": threads})
    write_json(folder / "done.json", {"weights": sha256_of(folder / "weights.safetensors")})
elif verb == "check":
    print(json.dumps({"people": 3, "clothings": 3, "pairs": 3, "problems": []}))
else:
    out = Path(option("--out"))
    for person, clothing in PAIRS:
        draw(out / f"{person}__{clothing}.png", "teal")
    rows = [{"person": p, "clothing": c, "file": f"{p}__{c}.png", "status": "ok", "iou": 0.9} for p, c in PAIRS]
    if Path("bad").is_file():
        bad = {"status": Path("bad").read_text(), "message": "of no use"}
        rows = [{"person": p, "clothing": c + more} | bad for p, c in PAIRS for more in ("", "-2")]
    write_json(out / "settings.json", {"verb": verb})
    manifest = "warps.jsonl" if verb == "warp" else "manifest.jsonl"
    write_text(out / manifest, "".join(json.dumps(row) + "\\n" for row in rows))
"""


def write_notebook(path, *cells, parameters="config = ''\ndata = ''\nruns = ''", kernel="python3"):
    """Write a notebook with a title, a parameters cell and these code cells."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
    tagged = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    code = [nbformat.v4.new_code_cell(cell) for cell in cells]
    notebook.cells = [nbformat.v4.new_markdown_cell(f"# {path.stem}"), tagged, *code]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


class Checkout:
    """A folder in which `viton-eval report` can be run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ["data", "synthetic"]:
            (folder / "viton" / name).mkdir(parents=True)
        for name in LIGHT:
            (folder / "viton" / f"{name}.py").symlink_to(ROOT / "viton" / f"{name}.py")
        (folder / "viton" / "__main__.py").write_text(FAKE_VITON)
        (folder / "viton" / "images.py").write_text(FAKE_IMAGES)
        (folder / "viton" / "data" / "framing.py").write_text(FAKE_FRAMING)
        (folder / "viton" / "data" / "viton_hd.py").write_text(FAKE_HD)
        (folder / "viton" / "data" / "layouts.py").write_text(
            "from viton.data.viton_hd import VitonHd as open_dataset\n"
        )
        read = ("person", "parsing", "keypoints", "try_on_figures", "coordinates", "data/loader", "data/dataset")
        for name in ("warp", "figures", *read):
            (folder / "viton" / f"{name}.py").write_text("# version 1\n")
        (folder / "Snakefile").write_text((ROOT / "Snakefile").read_text())
        (folder / "configs").mkdir()

    def config(self, name="tiny", notebooks=(), methods=("non-parametric",), **more):
        """Write configs/NAME.yaml; returns its path under the checkout."""
        content = {"name": name, "purpose": f"To test {HOSTILE}.", "data": {"kind": "world", "world": WORLD}}
        content |= {"height": 64, "width": 48, "notebooks": list(notebooks), "methods": list(methods), **more}
        path = self.folder / "configs" / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content))
        return f"configs/{name}.yaml"

    def notebook(self, name, *cells, **options):
        return write_notebook(self.folder / "notebooks" / f"{name}.ipynb", *cells, **options)

    def start(self, config, *options, session=False):
        command = [sys.executable, "-m", "viton_eval", "report", "--config", config, *options]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environment["PYTHONPATH"] = str(ROOT / "eval")
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=session,
            # started in the background, a shell's children ignore Ctrl-C, and so would this one
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def report(self, config, *options):
        process = self.start(config, *options)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def calls(self):
        """The verbs of the stand-in that were called since the last time that this was asked."""
        path = self.folder / "calls"
        found = path.read_text().split() if path.is_file() else []
        path.unlink(missing_ok=True)
        return sorted(found)

    def status(self, step, name="tiny"):
        return json.loads((self.folder / "runs" / name / "steps" / f"{step}.status.json").read_text())

    def page(self, name="tiny"):
        return (self.folder / "reports" / name / "index.html").read_text()


@pytest.fixture
def trained():
    """Settings of an experiment that trains: what viton, encoder-decoder and cagan need, a proxy and a judge."""
    return TRAINED


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path / "a checkout")


@pytest.fixture
def kill():
    """Kill a process as hard as can be, and wait for its end."""

    def kill_now(process):
        process.send_signal(signal.SIGKILL)
        process.communicate()

    return kill_now


def draw(path, colour="navy", size=(48, 64)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, {".jpg": "JPEG", ".png": "PNG"}[path.name[-4:]])
    return path


class Finished:
    """An experiment's folder as a finished run leaves it, written by hand; the working directory is its checkout."""

    def __init__(self, pairs, methods=("non-parametric",), truth=True, **more):
        content = {"name": "tiny", "purpose": f"To test {HOSTILE}.", "data": {"kind": "world", "world": WORLD}}
        content |= {"height": 64, "width": 48, "notebooks": ["one"], "methods": list(methods), **more}
        self.folder = Path("runs/tiny")
        self.folder.mkdir(parents=True)
        (self.folder / "config.yaml").write_text(yaml.safe_dump(content))
        self.run = resolved_run(self.folder / "config.yaml", "", "runs", "")
        self.pairs = pairs
        split = self.folder / "data/test"
        split.mkdir(parents=True)
        for number, (person, clothing) in enumerate(pairs):
            draw(split / "image" / f"{person}.jpg", (number % 255, 80, 160), (96, 128))
            draw(split / "cloth" / f"{clothing}.jpg", "crimson")
            if truth:
                draw(split / "image-truth" / f"{person}__{clothing}.png", "purple")
        with (self.folder / "data/test_pairs.txt").open("w") as stream:
            csv.writer(stream).writerows([("person", "clothing"), *((f"{p}.jpg", f"{c}.jpg") for p, c in pairs)])
        self.make(self.run.warps, "warps.jsonl", iou=0.875)
        for one in try_ons(self.run.config):
            self.make(self.run.results_of(one), "manifest.jsonl")
        for training in self.run.trainings.values():
            folder = self.run.stage_folder(training)
            losses = {"seconds": 75.2, "images_per_second": 14.25, "peak_mib": 612}
            self.rows(folder / "log.jsonl", [{"step": 20, "loss": {"total": 1.0}, **losses}])
            (folder / "provenance.json").write_text(json.dumps({"commit": f"of {training.stage}"}))
        self.run.notebooks.mkdir()
        for suffix in (".html", ".ipynb"):
            (self.run.notebooks / f"one{suffix}").write_text("a notebook")
        for step in plan(self.run).values():
            self.step(step.name)
        (self.run.steps / "check.json").write_text('{"problems": []}')

    def make(self, folder, manifest, **more):
        rows = []
        for person, clothing in self.pairs:
            file = f"{person}__{clothing}.png"
            draw(folder / file, "teal")
            rows.append({"person": person, "clothing": clothing, "file": file, "status": "ok", **more})
        self.rows(folder / manifest, rows)
        (folder / "timing.jsonl").write_text('{"seconds": 0.5}\n')

    def rows(self, path, rows=None):
        """Read a manifest, or write it."""
        if rows is None:
            return [json.loads(line) for line in path.read_text().splitlines()]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return rows

    def step(self, name, status="ok", **more):
        step = plan(self.run)[name]
        record = {"step": name, "command": list(step.command), "key": step.key, "inputs": {}, "error": ""}
        record |= {"status": status, "seconds": 1.5, "peak_mib": 100, "commit": "abc123"}
        record |= {"started": "2026-01-02T03:04:05+00:00", "finished": "2026-01-02T03:04:06+00:00"} | more
        self.run.steps.mkdir(exist_ok=True)
        (self.run.steps / f"{name}.status.json").write_text(json.dumps(record))
        (self.run.steps / f"{name}.log").write_text("a log")
        (self.run.steps / f"{name}.done.json").write_text("{}")

    def site(self):
        return assemble(self.run, Path("reports"))


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """Make a finished experiment in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    return Finished


@pytest.fixture(scope="session")
def scored_world(tmp_path_factory):
    """A made-up world of 12 pairs at 64x48, own.txt beside it: everybody in the own garment. Not to be written to."""
    from viton.synthetic.config import WorldConfig
    from viton.synthetic.dataset import write_world

    root = tmp_path_factory.mktemp("scored") / "world"
    write_world(root, WorldConfig(people=48, garments=0, seed=3, height=64, width=48))
    own = (root / "test/image").iterdir()
    (root / "own.txt").write_text("".join(f"{path.name} {path.name}\n" for path in sorted(own)))
    return root


@pytest.fixture
def truths(scored_world, tmp_path):
    """A folder of that world's true pictures, as somebody else would hand them in."""
    return Path(shutil.copytree(scored_world / "test/image-truth", tmp_path / "truths"))
