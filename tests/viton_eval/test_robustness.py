"""Methods tried with noise in pose and parsing: the same noise for all, and without any the try-ons themselves."""

from __future__ import annotations

import json
import shutil
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from typer.testing import CliRunner

from viton.checkpoint import StageFolder
from viton.data.framing import fit_keypoints
from viton.data.sample import Pair
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.images import load_rgb
from viton.judge import JudgeFeatures
from viton.methods import METHODS, method_named
from viton.parsing import LIP
from viton.results import Outcome, failed
from viton.runs import Request, opened, run_try_on
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton_eval import robustness
from viton_eval.cli import app
from viton_eval.commands import open_run
from viton_eval.estimators import BOTH, KINDS, PARSING, POSE, seen_of, with_noise
from viton_eval.robustness import COLUMNS, EXACT, MEASURED, conditions, dressed, load_tested, measure, read_robustness
from viton_eval.scores import KEY

SIZE = (64, 48)
LEVELS, PAIRS = (0.5, 4.0), 3
FEW = ("methods=[encoder-decoder, crn, cagan]", "seeds={}")
READS_NEITHER = "cagan"
READ_BOTH = ("non-parametric", "encoder-decoder", "crn", "prgan", "viton")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    write_world(root, WorldConfig(people=12, garments=4, seed=3, height=2 * SIZE[0], width=2 * SIZE[1]))
    return root


@pytest.fixture
def config(world, tmp_path, monkeypatch, make_untrained_run):
    """An experiment that tries all six on with another run's stages, VITON with two seeds of which 5 is the first."""
    monkeypatch.chdir(tmp_path)
    make_untrained_run("other")
    make_untrained_run("other", seed=5)
    asked = {"levels": list(LEVELS), "pairs": PAIRS}
    return write(
        Path("t.yaml"), world, trained="other", methods=list(METHODS), seeds={"viton": [5, 0]}, robustness=asked
    )


def write(path, world, **more):
    content = {"name": "t", "purpose": "x", "height": SIZE[0], "width": SIZE[1], "split": "test"}
    path.write_text(yaml.safe_dump(content | {"data": {"kind": "folder", "root": str(world)}} | more))
    return path


def quietly(_):
    return lambda done, total: None


def prepared(run, name):
    """A method and what dresses with it, as the command gets them ready."""
    one, method = run.try_on(name), method_named(name)
    settings = run.config.try_on.model_copy(update={"seed": one.seed})
    trained = opened(method, run.trained_in if one.needs else None, settings)[0]
    return method, method.prepare(settings, VitonHd.label_map, "cpu", trained)


def tried_on(run):
    data = VitonHd(run.data_root, "test")
    return load_tested(run, data, data.pairs(run.pairs_path)[:PAIRS], None)


def pictures(made):
    return np.stack([one.pictures[".png"] for one in made.values()])


def test_without_noise_every_method_makes_its_results_bit_for_bit(config):
    run = open_run(config)
    given = tried_on(run)
    for name in METHODS:
        one = run.try_on(name)
        settings = run.config.try_on.model_copy(update={"seed": one.seed})
        stages = run.trained_in if one.needs else None
        request = Request(run.data_root, "test", "test_pairs.txt", settings, PAIRS, "cpu", False, run=stages)
        run_try_on(method_named(name), request, run.results_of(one), lambda *_: None)
        for pair, outcome in dressed(*prepared(run, name), given, EXACT, 0.0).items():
            written = load_rgb(run.results_of(one) / f"{pair.name}.png")
            np.testing.assert_array_equal(outcome.pictures[".png"], written, err_msg=f"{name} {pair}")


def test_who_reads_neither_is_not_moved_and_who_reads_both_is_moved_by_either(config):
    run = open_run(config)
    given = tried_on(run)
    for name in METHODS:
        how = prepared(run, name)
        exact = pictures(dressed(*how, given, EXACT, 0.0))
        same = {kind: np.array_equal(exact, pictures(dressed(*how, given, kind, LEVELS[-1]))) for kind in KINDS}
        assert same == dict.fromkeys(KINDS, name == READS_NEITHER), name


def test_a_warp_onto_the_parsing_is_not_moved_by_the_pose(world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = open_run(write(Path("t.yaml"), world, robustness={"pairs": PAIRS}))
    how, given = prepared(run, "non-parametric"), tried_on(run)
    exact = pictures(dressed(*how, given, EXACT, 0.0))
    np.testing.assert_array_equal(pictures(dressed(*how, given, POSE, 4.0)), exact)
    assert (pictures(dressed(*how, given, PARSING, 1.0)) != exact).any()


def test_every_method_is_shown_the_same_noise_and_the_photo_as_it_is(config):
    run = open_run(config)
    given, shown = tried_on(run), {}
    for name in METHODS:
        seen = []
        dressed(
            method_named(name),
            lambda samples, seen=seen: [seen.extend(samples), failed("x", "x")][1:],
            given,
            BOTH,
            2.0,
        )
        shown[name] = seen
    for pair, *samples in zip(given.pairs, *shown.values(), strict=True):
        photo = given.samples[pair][0]
        for sample in samples:
            np.testing.assert_array_equal(sample.person.keypoints, samples[0].person.keypoints)
            np.testing.assert_array_equal(sample.person.parsing, samples[0].person.parsing)
            np.testing.assert_array_equal(sample.person.image, photo.person.image)
            np.testing.assert_array_equal(sample.clothing.mask, photo.clothing.mask)
        assert (samples[0].person.keypoints != photo.person.keypoints).any()
    owns = {name: all(sample.own is not None for sample in samples) for name, samples in shown.items()}
    assert owns == {name: method.wants_own for name, method in METHODS.items()}, "no method is told more than usually"


def test_noise_in_both_is_that_in_pose_and_that_in_parsing(world):
    data = VitonHd(world, "test")
    name = data.pairs("test_pairs.txt")[0].person
    person, seen = data.person(name, SIZE), seen_of(data, name)
    both, pose, parsing = (with_noise(person, seen, SIZE, kind, 2.0, 7) for kind in (BOTH, POSE, PARSING))
    np.testing.assert_array_equal(both.keypoints, pose.keypoints)
    np.testing.assert_array_equal(both.parsing, parsing.parsing)
    assert pose.parsing is person.parsing
    assert parsing.keypoints is person.keypoints
    assert with_noise(person, seen, SIZE, BOTH, 0.0, 7) == person
    assert (with_noise(person, seen, SIZE, POSE, 2.0, 8).keypoints != pose.keypoints).any()
    other = with_noise(person._replace(id="another"), seen, SIZE, BOTH, 2.0, 7)
    assert (other.keypoints != both.keypoints).any()
    assert (other.parsing != both.parsing).any()


def test_noise_acts_on_what_is_stored_so_that_it_is_the_same_at_every_working_size(world):
    data, stored = VitonHd(world, "test"), (2 * SIZE[0], 2 * SIZE[1])
    for pair in data.pairs("test_pairs.txt"):
        seen = seen_of(data, pair.person)
        large, small = (with_noise(data.person(pair.person, s), seen, s, BOTH, 2.0, 1) for s in (stored, SIZE))
        np.testing.assert_allclose(fit_keypoints(large.keypoints, stored, SIZE), small.keypoints, atol=1e-4)
        np.testing.assert_array_equal(large.parsing, small.parsing)


def test_labels_that_the_noise_is_not_made_for_are_refused(world, monkeypatch):
    monkeypatch.setattr(VitonHd, "label_map", LIP)
    data = VitonHd(world, "test")
    with pytest.raises(InputError, match="expected CIHP labels, which the noise is made for, got LIP labels"):
        seen_of(data, data.pairs("test_pairs.txt")[0].person)


def test_an_unknown_kind_of_noise_is_named(world):
    data = VitonHd(world, "test")
    name = data.pairs("test_pairs.txt")[0].person
    with pytest.raises(ValueError, match="kind: expected one of pose, parsing, both, got 'exact'"):
        with_noise(data.person(name, SIZE), seen_of(data, name), SIZE, EXACT, 1.0, 0)


def test_the_csv_has_a_row_a_method_condition_and_pair(config):
    done = CliRunner().invoke(app, ["robustness", "--config", str(config), "--out", "out", "--json"])
    assert done.exit_code == 0, done.output
    table, run = read_robustness(Path("out")), open_run(config)
    assert list(table.columns) == COLUMNS
    pairs = VitonHd(run.data_root, "test").pairs(run.pairs_path)[:PAIRS]
    asked = conditions(run.config.robustness)
    assert asked == [(EXACT, 0.0), *product(KINDS, LEVELS)]
    wanted = [(name, *condition, *pair) for name in METHODS for condition in asked for pair in pairs]
    assert list(table[["method", "kind", "level", *KEY]].itertuples(index=False, name=None)) == wanted
    good = table["status"] == "ok"
    assert table.loc[good, "l1_garment"].notna().all()
    assert table.loc[~good, list(MEASURED)].isna().all(axis=None)
    assert table["judge_garment"].isna().all(), "no judge is trained"
    told = json.loads(Path("out/settings.json").read_text())
    assert told["of"] == PAIRS
    assert told["methods"]["viton"]["config"]["seed"] == 5
    assert {one["noise"]["seed"] for one in told["methods"].values()} == {0}, "one noise, whatever a method's seed"
    stage = StageFolder(Path("other/stages/refine/5"))
    assert told["methods"]["viton"]["stages"]["refine"] == stage.digest()


def test_a_pairs_scores_without_noise_are_those_of_its_results(config):
    run = open_run(config, overrides=FEW)
    table = measure(run, Path("out"), quietly)
    one = run.try_on("encoder-decoder")
    request = Request(
        run.data_root, "test", "test_pairs.txt", run.config.try_on, None, "cpu", False, run=run.trained_in
    )
    run_try_on(method_named("encoder-decoder"), request, run.results_of(one), lambda *_: None)
    assert CliRunner().invoke(app, ["scores", "encoder-decoder", "--config", str(config)]).exit_code == 0
    scores = pd.read_csv(run.scores_of(one), dtype=dict.fromkeys(KEY, str)).head(PAIRS)
    exact = table[(table["method"] == "encoder-decoder") & (table["kind"] == EXACT)].reset_index(drop=True)
    pd.testing.assert_frame_equal(exact[[*KEY, *MEASURED]], scores[[*KEY, *MEASURED]])


def test_what_is_made_is_kept_and_a_killed_run_goes_on_with_the_next_method(config, monkeypatch):
    run, made = open_run(config, overrides=FEW), []
    real = robustness.try_method

    def counted(run, one, *rest):
        made.append(one.method)
        if len(made) == 2:
            raise KeyboardInterrupt
        return real(run, one, *rest)

    monkeypatch.setattr(robustness, "try_method", counted)
    with pytest.raises(KeyboardInterrupt):
        measure(run, Path("out"), quietly)
    assert not Path("out/settings.json").exists()
    first = measure(run, Path("out"), quietly)
    assert made == ["encoder-decoder", "crn", "crn", "cagan"]
    before = {path: path.read_bytes() for path in Path("out").rglob("*.*")}
    pd.testing.assert_frame_equal(measure(run, Path("out"), quietly), first)
    assert len(made) == 4
    assert {path: path.read_bytes() for path in Path("out").rglob("*.*")} == before


def test_only_the_method_whose_weights_have_changed_is_tried_again(config, monkeypatch, make_untrained_run):
    measure(open_run(config, overrides=FEW), Path("out"), quietly)
    made, real = [], robustness.try_method
    monkeypatch.setattr(
        robustness, "try_method", lambda run, one, *rest: made.append(one.method) or real(run, one, *rest)
    )
    folder = StageFolder(Path("other/stages/crn/0"))
    networks = make_untrained_run("third").networks("crn")
    next(iter(networks["crn"].parameters())).data += 1
    folder.finish(networks, folder.settings())
    measure(open_run(config, overrides=FEW), Path("out"), quietly)
    assert made == ["crn"]
    measure(open_run(config, overrides=(*FEW, "robustness.pairs=2")), Path("out"), quietly)
    assert made[1:] == ["encoder-decoder", "crn", "cagan"]
    assert len(read_robustness(Path("out"))) == 2 * 3 * 7


def test_another_judge_scores_anew(config):
    assert measure(open_run(config, overrides=FEW), Path("out"), quietly)["judge_garment"].isna().all()
    folder = StageFolder(Path("other/stages/judge/0"))
    folder.finish({"judge": torch.nn.ModuleDict({"body": JudgeFeatures(4)})}, {"stage": "judge", "steps": 3})
    folder.config.write_text("stage: judge\nsteps: 3\n")
    table = measure(open_run(config, overrides=FEW), Path("out"), quietly)
    assert table["judge_garment"].notna().equals(table["status"] == "ok")


def test_a_bad_file_fails_its_pairs_under_every_condition_and_no_other(config, world, tmp_path):
    shutil.copytree(world, tmp_path / "copy")
    first = VitonHd(world, "test").pairs("test_pairs.txt")[0]
    (tmp_path / f"copy/test/openpose_json/{first.person}_keypoints.json").write_text("{half")
    table = measure(open_run(config, "copy", overrides=("methods=[cagan]", "seeds={}")), Path("out"), quietly)
    bad = table[table["status"] != "ok"]
    assert bad["status"].unique().tolist() == ["bad_input"]
    assert len(bad) == 1 + len(KINDS) * len(LEVELS)
    assert [Pair(*row) for row in bad[KEY].drop_duplicates().itertuples(index=False)] == [first]


def test_a_pair_that_noise_makes_fail_is_told_and_has_no_scores(config, monkeypatch):
    run = open_run(config)
    given = tried_on(run)
    made = {pair: Outcome("ok", {".png": given.known[pair].truth.image}, {}) for pair in given.pairs[1:]}
    made = {given.pairs[0]: failed("warp_failed:few_contour_points", "no"), **made}
    table = robustness._scored("viton", POSE, 1.0, made, given)
    assert table["status"].tolist() == ["warp_failed:few_contour_points", "ok", "ok"]
    assert table["l1_garment"].isna().tolist() == [True, False, False]
    assert table["l1_garment"].iloc[1:].tolist() == [0, 0], "the truth itself"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("robustness=null", "t.yaml: robustness: expected levels and pairs, got nothing"),
        ("methods=[viton]", "stages/refine/0: expected a trained stage, got none"),
    ],
)
def test_what_cannot_be_measured_is_told_in_one_line(config, override, message):
    shutil.rmtree("other/stages/refine/0")
    with pytest.raises(InputError) as caught:
        measure(open_run(config, overrides=(override, "seeds={}")), Path("out"), quietly)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not Path("out/robustness.csv").exists()


def test_another_programs_folder_and_a_damaged_table_are_refused(config):
    Path("out").mkdir()
    Path("out/settings.json").write_text('{"made": "viton"}')
    with pytest.raises(InputError, match="settings of a measurement with noise, got a file of another program"):
        measure(open_run(config), Path("out"), quietly)
    for content in ("", "a,b\n1,2\n"):
        Path("out/robustness.csv").write_text(content)
        with pytest.raises(InputError, match=r"robustness\.csv: expected"):
            read_robustness(Path("out"))


def test_without_a_truth_the_table_is_empty_and_says_why(config, tiny_hd):
    table = measure(open_run(config, str(tiny_hd.root)), Path("out"), quietly)
    assert table.empty
    assert list(table.columns) == COLUMNS
    assert json.loads(Path("out/settings.json").read_text())["absent"] == "the truth is known of no pair"
