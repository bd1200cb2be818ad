"""The compared methods: what each needs and writes, in batches and shards, and what other packages add."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from viton.config import TryOnConfig
from viton.data.sample import Pair
from viton.data.viton_hd import VitonHd
from viton.errors import InputError, UsageError
from viton.files import read_jsonl
from viton.images import load_rgb
from viton.methods import METHODS, Method, method_named, method_names, package_of
from viton.parsing import CIHP
from viton.results import merge
from viton.runs import Request, run_try_on, run_warps, try_on_files
from viton.stage_plan import METHOD_STAGES
from viton.trained import TrainedRun

CONFIG = TryOnConfig.model_validate({"height": 64, "width": 48, "warp": {"match": {"height": 64}}})
TRAINED = [name for name, method in METHODS.items() if method.stages]
PAIRS = "".join(f"p{i}.jpg c{j}.jpg\n" for i in (1, 2) for j in (1, 2, 3))


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)  # pictures are so small that more threads only wait for each other


@pytest.fixture
def hd(tiny_hd):
    """The little people, in garments that there are product pictures of."""
    tiny_hd.pairs_path.write_text(PAIRS)
    for person, clothing in (("p1", "c1"), ("p2", "c2")):
        shutil.copy(tiny_hd.clothing(clothing), tiny_hd.clothing(person))
        shutil.copy(tiny_hd.mask(clothing), tiny_hd.mask(person))
    return tiny_hd


@pytest.fixture
def try_on(hd, untrained_run, tmp_path):
    """A function that dresses everybody: rows, and the folder as an attribute."""

    def call(method: str, out: str = "out", **options: object) -> list[dict]:
        run = untrained_run.path if METHODS[method].stages else None
        request = Request(hd.root, "test", "test_pairs.txt", CONFIG, None, "cpu", False, run=run)
        return run_try_on(METHODS[method], request._replace(**options), tmp_path / out, lambda *_: None)

    return call


def _pictures(folder: Path) -> dict[str, np.ndarray]:
    return {path.name: load_rgb(path).astype(int) for path in folder.glob("*.png")}


def _expect_alike(one: Path, other: Path) -> None:
    """The same pictures, of values that differ by less than 1e-5, so by a rounding at most."""
    a, b = _pictures(one), _pictures(other)
    assert a.keys() == b.keys()
    assert a
    for name, pixels in a.items():
        differing = pixels != b[name]
        assert abs(pixels - b[name]).max() <= 1, name
        assert differing.mean() < 1e-3, name


def test_the_workflow_plans_with_the_same_stages():
    assert {name: method.stages for name, method in METHODS.items()} == METHOD_STAGES
    assert all(name == method.name for name, method in METHODS.items())


@pytest.mark.parametrize("name", METHODS)
def test_every_method_dresses_every_pair(try_on, tmp_path, name):
    rows = try_on(name, batch=4)
    assert [row["status"] for row in rows] == ["ok"] * 6
    assert [Pair(row["person"], row["clothing"]).name + ".png" for row in rows] == [row["file"] for row in rows]
    for row in rows:
        assert load_rgb(tmp_path / "out" / row["file"]).shape == (64, 48, 3)


@pytest.mark.parametrize(
    ("name", "besides"),
    [
        ("viton", {"coarse", "warped", "warped-mask", "warped-map", "alpha", "mask"}),
        ("non-parametric", {"warped-mask", "warped-map"}),
        ("encoder-decoder", {"mask"}),
        ("crn", set()),
        ("cagan", set()),
    ],
)
def test_what_a_method_made_on_the_way_lies_beside_its_result(try_on, tmp_path, name, besides):
    row = try_on(name)[0]
    assert {key.removeprefix("sha256_") for key in row if key.startswith("sha256_")} == besides
    made = {path.name for path in (tmp_path / "out").glob("p1__c1*.png")}
    assert made == {"p1__c1.png", *(f"p1__c1.{each}.png" for each in besides)}


@pytest.mark.parametrize("name", METHODS)
def test_a_result_depends_neither_on_the_batch_nor_on_the_shard(try_on, tmp_path, name):
    try_on(name, "one")
    try_on(name, "eight", batch=8)
    _expect_alike(tmp_path / "one", tmp_path / "eight")
    shards = [tmp_path / f"shard{index}" for index in (1, 2, 3)]
    for index, shard in enumerate(shards, 1):
        try_on(name, shard.name, shard=(index, 3), batch=2)
    merge(shards, tmp_path / "merged")
    _expect_alike(tmp_path / "one", tmp_path / "merged")


@pytest.mark.parametrize("name", TRAINED)
def test_a_method_with_stages_needs_a_run_of_its_size(try_on, tmp_path, name):
    with pytest.raises(UsageError, match=f"{name}: expected --run RUN with its trained stages: "):
        try_on(name, run=None)
    larger = CONFIG.model_copy(update={"height": 128, "width": 96})
    with pytest.raises(InputError, match=r"64x48, the size at which .* was trained, got 128x96"):
        try_on(name, config=larger)
    with pytest.raises(InputError, match="expected a trained stage, got none"):
        try_on(name, config=CONFIG.model_copy(update={"seed": 1}))
    assert not (tmp_path / "out").exists()  # nothing is begun that cannot be done


def test_the_settings_name_the_weights_and_not_the_batch(try_on, untrained_run, tmp_path):
    try_on("viton", batch=3)
    settings = json.loads((tmp_path / "out" / "settings.json").read_text())
    assert settings["stages"] == {name: untrained_run.digests[name] for name in ("coarse", "refine")}
    stamps = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    try_on("viton", batch=1)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == stamps


def test_other_weights_are_other_results(try_on, untrained_run):
    try_on("crn")
    untrained_run.seed = 1
    made = untrained_run.networks("crn")
    untrained_run.seed = 0
    from viton.checkpoint import StageFolder

    StageFolder(untrained_run.folder("crn")).finish(made, untrained_run.settings("crn"))
    with pytest.raises(InputError, match=r"--overwrite.*stages.crn"):
        try_on("crn")


@pytest.mark.parametrize("name", ["viton", "cagan", "non-parametric"])
def test_bad_input_in_one_pair_of_a_batch_fails_that_pair_alone(try_on, hd, tmp_path, name):
    try_on(name, "sound")
    hd.keypoints("p1").write_text("{")
    rows = try_on(name, "spoilt", batch=4)
    assert [row["status"] for row in rows] == ["bad_input"] * 3 + ["ok"] * 3
    assert str(hd.root) not in rows[0]["message"]
    assert len(list((tmp_path / "spoilt").glob("p2__c?.png"))) == 3
    for path in (tmp_path / "spoilt").glob("*.png"):
        assert path.read_bytes() == (tmp_path / "sound" / path.name).read_bytes()


@pytest.mark.parametrize("name", ["viton", "non-parametric"])
def test_clothing_that_cannot_be_warped_is_a_failed_pair_with_a_reason(try_on, hd, save_picture, name):
    save_picture(hd.mask("c2"), np.zeros((64, 48), np.uint8))
    rows = try_on(name, batch=6)
    bad = {row["clothing"]: row["status"] for row in rows if row["status"] != "ok"}
    assert bad == {"c2": "warp_failed:empty_mask"}


def test_cagan_needs_a_picture_of_what_the_person_wears(try_on, hd, tmp_path):
    hd.clothing("p2").unlink()
    rows = try_on("cagan", batch=4)
    assert [row["status"] for row in rows] == ["ok"] * 3 + ["needs_own_clothing"] * 3
    assert rows[-1]["message"] == "no product picture of what p2 wears"
    assert len(list((tmp_path / "out").glob("*.png"))) == 3


def test_cagan_looks_at_what_the_person_wears_and_its_results_know_that(try_on, hd, tmp_path):
    try_on("cagan", "before")
    shutil.copy(hd.clothing("c3"), hd.clothing("p1"))
    shutil.copy(hd.mask("c3"), hd.mask("p1"))
    with pytest.raises(InputError, match="--overwrite"):
        try_on("cagan", "before")
    try_on("cagan", "after")
    before, after = (_pictures(tmp_path / name) for name in ("before", "after"))
    assert (before["p1__c2.png"] != after["p1__c2.png"]).any()
    assert (before["p2__c3.png"] == after["p2__c3.png"]).all()


def test_only_who_asks_for_the_own_clothing_gets_it(hd):
    data = VitonHd(hd.root, "test")
    assert data.sample(Pair("p1", "c2"), (64, 48)).own is None
    assert data.sample(Pair("p1", "c2"), (64, 48), with_own=True).own.id == "p1"
    hd.clothing("p1").unlink()
    assert VitonHd(hd.root, "test").sample(Pair("p1", "c2"), (64, 48), with_own=True).own is None


def test_without_a_run_the_parsed_garment_is_the_target_and_with_one_the_predicted_mask(
    try_on, untrained_run, tmp_path
):
    try_on("non-parametric", "parsed")
    try_on("non-parametric", "predicted", run=untrained_run.path)
    parsed, predicted = (_pictures(tmp_path / name) for name in ("parsed", "predicted"))
    assert all((parsed[name] != predicted[name]).any() for name in parsed)
    told = [json.loads((tmp_path / name / "settings.json").read_text()) for name in ("parsed", "predicted")]
    assert "stages" not in told[0]
    assert told[1]["stages"] == {"coarse": untrained_run.digests["coarse"]}


def test_warps_alone_go_onto_the_same_predicted_mask(try_on, hd, untrained_run, tmp_path):
    try_on("viton", batch=6)
    request = Request(hd.root, "test", "test_pairs.txt", CONFIG, None, "cpu", False, run=untrained_run.path, batch=4)
    rows = run_warps(request, tmp_path / "warps", lambda *_: None)
    assert [row["status"] for row in rows] == ["ok"] * 6
    for row in read_jsonl(tmp_path / "out" / "manifest.jsonl"):
        warped = f"{row['person']}__{row['clothing']}.png"
        beside = tmp_path / "out" / warped.replace(".png", ".warped.png")
        assert (tmp_path / "warps" / warped).read_bytes() == beside.read_bytes()


def test_one_photo_is_dressed_by_a_trained_method(hd, try_on, untrained_run, tmp_path):
    from viton.runs import Files

    files = Files(hd.image("p1"), hd.clothing("c2"), None, None, None)
    out = tmp_path / "one.png"
    row = try_on_files(METHODS["viton"], files, CONFIG, "cpu", out, False, untrained_run.path)
    assert row["status"] == "ok"
    try_on("viton")
    assert out.read_bytes() == (tmp_path / "out" / "p1__c2.png").read_bytes()
    row = try_on_files(METHODS["cagan"], files, CONFIG, "cpu", tmp_path / "two.png", False, untrained_run.path)
    assert row["status"] == "needs_own_clothing"
    with pytest.raises(UsageError, match="expected --run"):
        try_on_files(METHODS["viton"], files, CONFIG, "cpu", tmp_path / "three.png", False)


# Methods of other packages.

GREY = """
import numpy as np
from viton.methods import Method
from viton.results import Outcome

def prepare(config, label_map, device, run):
    return lambda samples: [Outcome("ok", {".png": np.full((*config.size, 3), 128, np.uint8)}, {}) for _ in samples]

METHOD = Method("grey", (), "a grey picture", prepare)
TWIN = Method("viton", (), "another", prepare)
NUMBER = 3
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A function that installs a package with a module and the entry points of our group, as pip leaves them."""

    def call(points: dict[str, str], package: str = "plain", source: str = GREY) -> None:
        site = tmp_path / f"site-{package}"
        info = site / f"{package}-1.2.dist-info"
        info.mkdir(parents=True)
        (site / f"{package}_module.py").write_text(source)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        lines = [f"{name} = {package}_module:{value}\n" for name, value in points.items()]
        (info / "entry_points.txt").write_text("[viton.methods]\n" + "".join(lines))
        monkeypatch.syspath_prepend(site)

    return call


def test_an_installed_package_adds_a_method(install, hd, tmp_path):
    install({"grey": "METHOD"})
    assert method_names() == [*METHODS, "grey"]
    method = method_named("grey")
    request = Request(hd.root, "test", "test_pairs.txt", CONFIG, None, "cpu", False, batch=4)
    rows = run_try_on(method, request, tmp_path / "out", lambda *_: None)
    assert [row["status"] for row in rows] == ["ok"] * 6
    assert (load_rgb(tmp_path / "out" / rows[0]["file"]) == 128).all()
    assert json.loads((tmp_path / "out" / "settings.json").read_text())["package"] == "plain 1.2"
    with pytest.raises(UsageError, match="--run: grey has no trained stages"):
        run_try_on(method, request._replace(run=tmp_path), tmp_path / "other", lambda *_: None)


def test_ours_come_from_no_package():
    assert [package_of(name) for name in METHODS] == [None] * len(METHODS)
    assert method_named("viton") is METHODS["viton"]


def test_an_unknown_method_is_told_with_the_known_ones(install):
    install({"grey": "METHOD"})
    with pytest.raises(UsageError, match=r"expected one of viton, .*, non-parametric, grey, got 'gray'"):
        method_named("gray")


def test_a_name_that_two_have_is_refused_naming_both(install):
    install({"viton": "TWIN", "grey": "METHOD"}, "one")
    install({"grey": "METHOD"}, "two")
    with pytest.raises(UsageError, match=r"method viton: .* got those of viton itself and one 1.2"):
        method_named("viton")
    with pytest.raises(UsageError, match=r"one 1\.2") as caught:
        method_named("grey")
    assert "two 1.2" in str(caught.value)
    assert method_named("crn") is METHODS["crn"]  # the others are not touched


@pytest.mark.parametrize(
    ("value", "source", "wanted"),
    [
        ("METHOD", "import nowhere_to_be_found", "ModuleNotFoundError"),
        ("METHOD", "raise RuntimeError('two\\nlines')", "RuntimeError: two"),
        ("MISSING", GREY, "AttributeError"),
        ("NUMBER", GREY, "got int"),
        ("TWIN", GREY, "got one named 'viton'"),
    ],
)
def test_a_broken_method_is_one_line_and_only_when_it_is_asked_for(install, value, source, wanted):
    install({"grey": value}, f"broken{abs(hash((value, source)))}", source)
    assert "grey" in method_names()
    assert method_named("crn") is METHODS["crn"]
    with pytest.raises(UsageError, match=wanted) as caught:
        method_named("grey")
    assert "\n" not in str(caught.value)
    assert "method grey of broken" in str(caught.value)


def test_a_method_is_given_batches(hd, tmp_path):
    from viton.results import Outcome

    sizes = []

    def prepare(config, label_map, device, run):
        assert (label_map, device, run) == (CIHP, "cpu", None)
        return lambda samples: [sizes.append(len(samples)), *map(_grey, samples)][1:]

    def _grey(_):
        return Outcome("ok", {".png": np.zeros((4, 4, 3), np.uint8)}, {})

    request = Request(hd.root, "test", "test_pairs.txt", CONFIG, None, "cpu", False, batch=4)
    run_try_on(Method("counts", (), "", prepare), request, tmp_path / "out", lambda *_: None)
    assert sizes == [4, 2]


def test_every_method_comes_with_its_run(untrained_run):
    for name in TRAINED:
        made = METHODS[name].prepare(CONFIG, CIHP, "cpu", TrainedRun(untrained_run.path))
        assert made([]) == [] if name == "cagan" else callable(made)
