"""`python -m benchmarks.world`: how fast a made-up world is drawn and written on one core, and where the time goes.

Every file is written, truth and all, into a temporary folder. Milliseconds are of this machine, on this day; the shares
come from a second run under Python's profiler, which makes many small calls look dearer than they are.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
import time
from pathlib import Path

import cv2

from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_sample
from viton.synthetic.plan import Job, jobs_of

# Functions that the work divides into, by file and name; none of them calls another one of the list.
STAGES = {
    "garment: cut, print, logo": [("garment.py", "sample_garment")],
    "product picture": [("garment.py", "draw_product")],
    "person: build, pose, face, hair": [("dataset.py", "person_of")],
    "shapes of trunk, arms and worn cloth": [("render.py", "_measure")],
    "wall": [("figure.py", "paint_wall")],
    "arms and hands": [("render.py", "_paint_arms")],
    "trousers or skirt": [("trousers.py", "paint_trousers"), ("skirt.py", "paint_skirt")],
    "head and hair": [("head.py", name) for name in ("paint_back_hair", "paint_head", "paint_front_hair")],
    "sub-pixels to picture, labels and map": [("develop.py", "develop")],
    "encoding (JPEG, PNG, map)": [
        ("images.py", "encode"),
        ("images.py", "encode_labels"),
        ("dataset.py", "encode_map"),
    ],
    "writing files": [("files.py", "write_bytes")],
}


def write(root: Path, config: WorldConfig, jobs: list[Job]) -> float:
    """Seconds of CPU to draw and write `jobs`."""
    started = time.process_time()
    for job in jobs:
        write_sample(root, config, job)
    return time.process_time() - started


def shares(profile: cProfile.Profile) -> dict[str, float]:
    """Seconds under each stage's functions, and what is left over."""
    found = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    spent = {
        stage: sum(
            cumulative for (file, _, name), (*_, cumulative, _) in found.items() if (Path(file).name, name) in of
        )
        for stage, of in STAGES.items()
    }
    total = sum(row[2] for row in found.values())
    return {**spent, "everything else": total - sum(spent.values())}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.world", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--people", type=int, default=48)
    parser.add_argument("--size", type=int, default=256, help="height of the pictures")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.people < 2 or options.size % 4:
        parser.error("expected at least 2 people, and a height that 4 divides")
    config = WorldConfig(people=options.people, garments=0, seed=0, height=options.size, width=options.size * 3 // 4)
    jobs = jobs_of(config)
    pictures = sum(1 + len(job.wears) for job in jobs)
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "warm", config, jobs[:2])
        seconds = write(Path(folder) / "timed", config, jobs)
        profile = cProfile.Profile()
        profile.runcall(write, Path(folder) / "profiled", config, jobs)
    print(f"{len(jobs)} people, {pictures} pictures of people, {config.height}x{config.width}, one core")
    rates = f"{len(jobs) / seconds:.1f} people/s, {pictures / seconds:.1f} pictures/s"
    print(f"{rates}, {1000 * seconds / len(jobs):.0f} ms a person\n")
    parts = shares(profile)
    for stage, spent in parts.items():
        print(f"{spent / sum(parts.values()):6.1%}  {stage}")


if __name__ == "__main__":
    main()
