"""A comparison as a page of Markdown, so that a repository shows the figures that its CSVs hold."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from viton_eval.comparison import Comparison
from viton_eval.measure_labels import MEASURES
from viton_eval.scores_table import difference_cell, readable, readable_differences
from viton_eval.table_texts import markdown_text
from viton_eval.try_ons import CHOSEN

SHOWN = (
    *("judge_garment", "judge_garment_alone", "judge_print", "judge_occluders", "judge_face_hair", "judge_whole"),
    *("ssim_inside", "ssim", "psnr", "l1_garment", "gradient"),
)
OF_OPTIONS = ("mask_iou", "mask_size_error", "judge_garment", "l1_neck", "l1_lower")
ALPHAS = (
    "alpha_print",
    "alpha_garment",
    "alpha_occluders",
    "alpha_all_occluders",
    "alpha_outside",
    "alpha_warp",
    "mask_iou",
    "warp_iou",
    "end_point_px",
)


NOTHING = (
    "\n\nEvery photo as it is, in the old garment. Measures of the whole picture reward leaving it alone; "
    "what a try-on is worth shows inside the garment."
)


def page(comparison: Comparison) -> str:
    """Protocol, means, differences, options and trainings; only the protocol's reason where nothing is compared."""
    told = comparison.provenance
    lines = [f"# {str(told['experiment']).capitalize()}: the comparison", "", "Written by `viton-eval compare`."]
    if "absent" in told:
        return "\n".join([*lines, "", f"Nothing is compared: {told['absent']}.", ""])
    methods, options = comparison.methods, comparison.options
    parts = {
        "Protocol": "\n".join(f"- {line}" for line in _list(told["protocol"])),
        "How near to the truth": _means(methods, SHOWN),
        "Less `viton`, pair by pair (`*`: the interval excludes zero)": _differences(methods, SHOWN),
        "Less each training of `viton` alone: another start, order of the data, precision": _by_training(
            comparison.seeds
        ),
        "Doing nothing": _means(comparison.floor, SHOWN) + NOTHING,
        "On the way: predicted mask, warped clothing, the refinement network's alpha": _means(methods, ALPHAS),
        **{
            f"Options less their method; pairs: {group}": _differences(rows, OF_OPTIONS)
            for group, rows in options.groupby("pairs", sort=False)
        },
        **({"Imported, not made here": _imported(_mapping(told["imported"]))} if "imported" in told else {}),
        "Trainings": _trainings(_mapping(told["stages"])),
        "Pairs that failed": _failed(told["failed"]),
    }
    for title, text in parts.items():
        lines += ["", f"## {title}", "", text]
    return "\n".join([*lines, ""])


def _means(compared: pd.DataFrame, metrics: tuple[str, ...]) -> str:
    return markdown_text(readable(compared, metrics).T)


def _differences(compared: pd.DataFrame, metrics: tuple[str, ...]) -> str:
    shown = compared[compared["difference"].notna() & compared["metric"].isin([*MEASURES])]
    return markdown_text(readable_differences(shown, metrics).T) if len(shown) else "none"


def _by_training(seeds: pd.DataFrame) -> str:
    """A row a measure and training, a column a method."""
    if seeds["training"].nunique() < 2:
        return "one training alone" if len(seeds) else "`viton` is not compared"
    rows = seeds.to_dict("records")
    told = [difference_cell(row, MEASURES[str(row["metric"])].digits) for row in rows]
    measure = [f"{MEASURES[str(row['metric'])].label}, {row['training']}" for row in rows]
    shown = seeds.assign(told=told, measure=measure)
    table = shown.pivot_table("told", "measure", "method", aggfunc="first", sort=False)
    return markdown_text(table.rename_axis(None))


def _trainings(stages: Mapping[str, object]) -> str:
    """What a reader has to know of each; where the rate falls, a small last change alone is no plateau."""
    if not stages:
        return "nothing is trained"
    rows = {}
    for name, one in stages.items():
        stage = _mapping(one)
        config = {key: value for key, value in _mapping(stage["config"]).items() if key in CHOSEN}
        told = ", ".join(f"{key} {config[key]}" for key in CHOSEN if key in config)
        change = f"{stage['measure']} {stage['last_change']}" if stage["last_change"] else None
        rows[name] = (stage["steps"], told, stage["seconds"], change, stage["commit"])
    columns = ["steps", "settings", "seconds", "third to last quarter", "commit"]
    after = "\n\nWhere the rate falls (`decay`), every curve ends flat: a small change is then no proof of a plateau."
    return markdown_text(pd.DataFrame.from_dict(rows, orient="index", columns=columns)) + after


def _imported(imports: Mapping[str, object]) -> str:
    rows = {name: [_mapping(one).get(key) for key in ("pattern", "resize", "digest")] for name, one in imports.items()}
    columns = ["pictures", "other sizes resized by", "digest of the pictures"]
    return markdown_text(pd.DataFrame.from_dict(rows, orient="index", columns=columns))


def _failed(failed: object) -> str:
    rows = pd.DataFrame(_list(failed))
    return markdown_text(rows.set_index("method").rename_axis(None)) if len(rows) else "none"


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
