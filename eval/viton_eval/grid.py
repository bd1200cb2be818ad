"""The picture grid of a report: a row a pair, a column a kind of picture, as data for the page's script.

Data folders are read here without the library's loaders, which would bring torch along and cost seconds each time.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from viton.data.pairs import scan_pairs
from viton.data.sample import Pair
from viton_eval.commands import TRUTHS, Run
from viton_eval.manifests import Key, Row, Rows, manifests, rows_by_pair
from viton_eval.published import TALLEST, Published
from viton_eval.states import OK, State, up_to_date
from viton_eval.templates import url
from viton_eval.trainings import label_of

# As viton.data.viton_hd has them, which cannot be imported without torch; a test sees that they are the same.
PEOPLE, GARMENTS = "image", "cloth"
PICTURES = (".jpg", ".jpeg", ".png")
Cell = str | list[str]
NOT_MADE = "not made"  # in place of a picture: nothing has failed


class Column(NamedTuple):
    """A kind of picture."""

    label: str
    kind: str  # "person", "garment", "warp", "method" or "truth"
    note: str = ""  # why the whole column is not to be taken at face value
    about: str = ""  # what else has to be known of it


class Grid(NamedTuple):
    """All rows; a cell is a link, or [status, message] where there is no picture."""

    columns: list[Column]
    rows: list[tuple[str, str, float | None, list[Cell]]]  # person, clothing, IoU of the warp, cells

    def as_json(self, size: tuple[int, int]) -> dict[str, object]:
        columns = [column._asdict() for column in self.columns]
        told = {"height": size[0], "width": size[1], "thumbnails": size[0] > TALLEST}
        return {"columns": columns, "rows": self.rows, **told}


class _Given(NamedTuple):
    """A column of the data's pictures."""

    column: Column
    files: dict[str, Path]
    place: str

    def cell(self, out: Published, name: str, size: tuple[int, int]) -> Cell:
        source = self.files.get(name)
        if source is None:
            return ["missing", "no such picture in the data"]
        made = out.picture(source, f"images/{self.place}/{name}", size)
        return url(made) if made else ["unreadable", f"{source.name} cannot be read"]


class _Made(NamedTuple):
    """A column of what a step has made."""

    column: Column
    rows: Rows
    folder: Path
    place: str
    fresh: bool  # whether the step is up to date

    def cell(self, out: Published, pair: Key) -> Cell:
        """The picture of a manifest's row, or what became of the pair."""
        row = self.rows.get(pair)
        if row is None or (not self.fresh and row.get("status") != "ok"):  # an old failure says nothing of today
            return [NOT_MADE, ""]
        if row.get("status") != "ok":
            return [str(row.get("status")), str(row.get("message", ""))]
        file = str(row.get("file"))
        if Path(file).name != file:
            return ["missing", "the manifest names a file outside its folder"]
        made = out.link(self.folder / file, f"images/{self.place}/{file}")
        return url(made) if made else ["missing", f"{file} is gone"]

    def iou(self, pair: Key) -> float | None:
        value = self.rows.get(pair, Row()).get("iou") if self.fresh else None
        return round(float(value), 4) if isinstance(value, int | float) else None


class _AnyName(set[str]):
    """Every id there could be: a pair whose picture is not there has a row too, which says so."""

    def __contains__(self, name: object) -> bool:
        return True


def read_pairs_in_order(path: Path) -> list[Key]:
    """The pairs of a file as ids, in its order; lines that are no pair are left out here, and named by the check."""
    try:
        found = list(scan_pairs(path, _AnyName(), _AnyName()))
    except OSError:
        return []
    return [(pair.person, pair.clothing) for pair in found if isinstance(pair, Pair)]


def make_grid(run: Run, found: list[State], out: Published) -> Grid:
    """Collect every picture of every pair into `out`."""
    made, size = _made(run, found), run.config.size
    known = {pair for column in made if column.fresh for pair in column.rows}
    pairs = read_pairs_in_order(run.pairs_path) or sorted(known)
    people, garments, truth = _given(run, found)
    names = [f"{person}__{clothing}" for person, clothing in pairs]
    truths = [truth] if any(name in truth.files for name in names) else []
    rows = []
    for (person, clothing), name in zip(pairs, names, strict=True):
        cells = [people.cell(out, person, size), garments.cell(out, clothing, size)]
        cells += [column.cell(out, (person, clothing)) for column in made]
        cells += [column.cell(out, name, size) for column in truths]
        rows.append((person, clothing, made[0].iou((person, clothing)), cells))
    if size[0] > TALLEST:
        _with_thumbnails([cells for *_, cells in rows], out, size)
    columns = [people.column, garments.column, *(one.column for one in made), *(one.column for one in truths)]
    return Grid(columns, rows)


def _with_thumbnails(rows: list[list[Cell]], out: Published, size: tuple[int, int]) -> None:
    """Have a thumbnail of every picture; one that cannot be read is no picture any more, and its cell says so."""
    links = sorted({cell for cells in rows for cell in cells if isinstance(cell, str)})
    unreadable = out.thumbnails([unquote(link) for link in links], (TALLEST, round(TALLEST * size[1] / size[0])))
    for cells in rows:
        for place, cell in enumerate(cells):
            if isinstance(cell, str) and unquote(cell) in unreadable:
                cells[place] = ["unreadable", f"{Path(unquote(cell)).name} cannot be read"]


def _given(run: Run, found: list[State]) -> list[_Given]:
    """People, garments and, where the made-up world knows it, the truth."""
    split = run.data_root / run.config.split
    columns = [
        ("Person", "person", PEOPLE),
        ("Garment", "garment", GARMENTS),
        ("True try-on", "truth", TRUTHS),
    ]
    given = []
    for label, kind, folder in columns:
        files = _pictures(split / folder)
        given.append(_Given(Column(label, kind, _note(found, "data", bool(files))), files, kind))
    return given


def _made(run: Run, found: list[State]) -> list[_Made]:
    """The warped garments first, then each method's results."""
    fresh, made = up_to_date(found), list[_Made]()
    for one in manifests(run):
        if one.shown:
            rows = rows_by_pair(one.path)
            column = Column("Warped garment", "warp", _note(found, one.step, bool(rows)))
            if one.method:
                about = label_of(run.config, one.method)
                column = column._replace(label=one.method, kind="method", about=about)
            place = f"method-{one.method}" if one.method else "warped-garment"
            made.append(_Made(column, rows, one.path.parent, place, one.step in fresh))
    return made


def _note(found: list[State], step: str, any_pictures: bool) -> str:
    """What the head of a column says when its step is not up to date, "" when it is."""
    state = next((state for state in found if state.name == step), None)
    if state is None or state.status == OK:
        return ""
    return ("made before; " if any_pictures else "") + f"{state.status}: {state.reason}"


def _pictures(folder: Path) -> dict[str, Path]:
    """Pictures by id; a name with a leading dot is what a killed writer, or a Mac, left behind."""
    if not folder.is_dir():
        return {}
    pictures = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in PICTURES)
    return {path.stem: path for path in pictures if not path.name.startswith(".")}
