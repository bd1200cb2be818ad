"""What `viton prepare` estimates of photos against the joints and labels that a dataset gives.

    python -m benchmarks.prepare --data ROOT [--split test] [--estimator FOLDER] [--figure FILE.png] [--limit N]
                                 [--pose-weights FILE --parser FOLDER]

ROOT is a folder in the layout of VITON-HD. Prints a table of joints (median error in px at a height of 256, share
within a tenth of the torso) and one of labels (IoU over all photos together). Without weights it measures the
approximate estimator of FOLDER, which must be trained: `viton prepare --approximate` does so.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from viton.data.framing import fit_labels
from viton.data.layouts import open_dataset
from viton.errors import InputError
from viton.estimate.approximate import cache_folder, load_estimator
from viton.estimate.estimates import Parser, Pose, of_person
from viton.estimate.figures import Estimated, estimate_sheet
from viton.estimate.measures import joint_scores, label_scores
from viton.images import load_rgb
from viton.parsing import CIHP, translate


def measure(root: Path, split: str, pose: Pose, parser: Parser, limit: int | None = None) -> list[Estimated]:
    """Every photo of a split with what is estimated of it and what is given; who is not found is said aloud."""
    data, rows = open_dataset(root, split), []
    for name, path in sorted(data.people.items())[:limit]:
        photo = load_rgb(path)
        size = (photo.shape[0], photo.shape[1])
        given = translate(fit_labels(data.read_parsing(name, size), size), data.label_map, CIHP).labels
        try:
            joints = pose.joints(name, photo).joints
            labels = of_person(parser.labels(name, photo), joints)
        except InputError as error:
            print(f"  not found: {error}")
            continue
        rows.append(Estimated(name, photo, joints, labels, data.read_keypoints(name, size), given))
    return rows


def table(rows: list[Estimated]) -> str:
    """Both tables as text."""
    given_joints = [each.given_joints for each in rows if each.given_joints is not None]
    given_labels = [each.given_labels for each in rows if each.given_labels is not None]
    lines = ["joint            given missed  error px  found"]
    for joint in joint_scores([each.joints for each in rows], given_joints, [each.photo.shape[0] for each in rows]):
        lines.append(f"{joint.name:<16} {joint.given:5} {joint.missed:6}  {joint.error:8.1f}  {joint.found:5.2f}")
    lines.append("label            share    IoU")
    for label in label_scores([each.labels for each in rows], given_labels, CIHP):
        lines.append(f"{label.name:<16} {label.share:5.3f}  {label.iou:5.3f}")
    return "\n".join(lines)


def estimators(options: argparse.Namespace) -> tuple[Pose, Parser, str]:
    """Pose, parser, and what to call them."""
    if options.pose_weights and options.parser:
        from viton.estimate.pose import load_pose
        from viton.estimate.segformer import load_segformer

        return load_pose(options.pose_weights), load_segformer(options.parser), "Keypoint R-CNN and SegFormer"
    estimator = load_estimator(options.estimator)
    steps, people = estimator.source["steps"], estimator.source["people"]
    return estimator, estimator, f"approximate estimator: {steps} steps on {people} made-up people, no photograph"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prepare", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="dataset folder in the layout of VITON-HD")
    parser.add_argument("--split", default="test")
    parser.add_argument("--estimator", type=Path, default=cache_folder(), help="folder of the approximate estimator")
    parser.add_argument("--pose-weights", type=Path, help="with --parser: measure these instead")
    parser.add_argument("--parser", help="a SegFormer's folder or name")
    parser.add_argument("--limit", type=int, help="only the first N photos")
    parser.add_argument("--figure", type=Path, help="draw the first photos here")
    options = parser.parse_args()
    pose, parse, called = estimators(options)
    rows = measure(options.data, options.split, pose, parse, options.limit)
    print(f"{called}; {len(rows)} photos")
    print(table(rows), flush=True)
    if options.figure:
        estimate_sheet(rows[:6], called).savefig(options.figure, dpi=150)


if __name__ == "__main__":
    main()
