"""`viton-eval report`: what runs, what does not, and what is said when something goes wrong."""

import json
import os
import shutil
import signal
import time

import pytest

ALL = ["check", "synth", "try-on", "warp"]


def tree(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_first_report_runs_every_step_and_a_second_none(checkout):
    config = checkout.config()
    first = checkout.report(config)
    assert first.returncode == 0, first.stderr
    assert checkout.calls() == ALL
    assert "report: reports/tiny/index.html" in first.stderr
    before = tree(checkout.folder / "reports")
    started = time.monotonic()
    second = checkout.report(config)
    assert second.returncode == 0, second.stderr
    assert time.monotonic() - started < 10
    assert "nothing to do" in second.stderr
    assert checkout.calls() == []
    assert tree(checkout.folder / "reports") == before


def test_a_report_leaves_files_only_in_runs_and_reports(checkout):
    config = checkout.config()
    before = {path.name for path in checkout.folder.iterdir()}
    checkout.report(config)
    assert {path.name for path in checkout.folder.iterdir()} - before == {"runs", "reports", "calls"}
    assert (checkout.folder / "runs" / "tiny" / ".snakemake").is_dir()


def test_a_dry_run_says_what_would_run_and_why_and_runs_nothing(checkout):
    config = checkout.config()
    dry = checkout.report(config, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "4 of 4 steps would run" in dry.stdout
    assert "warps: not done yet" in dry.stdout
    assert checkout.calls() == []
    assert not (checkout.folder / "reports").exists()
    assert not (checkout.folder / "runs").exists()
    checkout.report(config)
    before = tree(checkout.folder / "runs")
    assert "nothing to do" in checkout.report(config, "--dry-run").stdout
    changed = checkout.report(config, "--dry-run", "--set", "seed=5").stdout
    assert "results-non-parametric: its settings, data or command have changed" in changed
    assert "data:" not in changed
    after = tree(checkout.folder / "runs")
    assert {
        path for path in {*before, *after} if before.get(path) != after.get(path) and "iocache" not in path.parts
    } == set()
    assert "nothing to do" in checkout.report(config).stderr


def test_what_is_tried_with_noise_is_a_step_of_its_own(checkout):
    config = checkout.config(robustness={"levels": [1], "pairs": 2})
    dry = checkout.report(config, "--dry-run", "--json")
    assert dry.returncode == 0, dry.stderr
    would = json.loads(dry.stdout)["would_run"]
    assert list(would) == ["data", "check", "warps", "results-non-parametric", "robustness"]
    (checkout.folder / "fail").write_text("synth")
    failed = checkout.report(config)
    assert "not run: robustness: needs the step 'data': failed" in failed.stderr, "and Snakemake knows its rule"


def test_pairs_with_bad_input_are_named_and_make_the_exit_code_1(checkout):
    (checkout.folder / "bad").write_text("bad_input")
    done = checkout.report(checkout.config())
    assert done.returncode == 1, done.stderr
    named = [line for line in done.stderr.splitlines() if line.startswith("bad_input: ")]
    assert named[0] == "bad_input: p1 in c1: of no use"
    assert len(named) == 6
    assert named[5] == "bad_input: 1 more pairs, listed in the report"
    assert "6 bad_input" in checkout.page()


def test_pairs_that_fail_on_good_input_are_findings(checkout):
    (checkout.folder / "bad").write_text("warp_failed:few_contour_points")
    done = checkout.report(checkout.config(), "--json")
    assert done.returncode == 0, done.stderr
    assert "6 pairs failed for other reasons, listed in the report" in done.stderr
    assert len(json.loads(done.stdout)["failed_pairs"]) == 6
    assert "6 warp_failed:few_contour_points" in checkout.page()


def test_a_changed_source_file_runs_what_is_made_of_it(checkout):
    config = checkout.config()
    checkout.report(config)
    checkout.calls()
    (checkout.folder / "viton" / "figures.py").write_text("# version 2\n")
    checkout.report(config)
    assert checkout.calls() == [], "only notebooks are made of it"
    (checkout.folder / "viton" / "warp.py").write_text("# version 2\n")
    checkout.report(config)
    assert checkout.calls() == ["try-on", "warp"]
    os.utime(checkout.folder / "viton" / "warp.py")
    checkout.report(config)
    assert checkout.calls() == []


def test_a_changed_world_is_made_anew_and_so_is_what_comes_from_it(checkout):
    config = checkout.config()
    checkout.report(config)
    checkout.calls()
    done = checkout.report(config, "--set", "data.world.people=7")
    assert done.returncode == 0, done.stderr
    assert checkout.calls() == ALL
    assert json.loads((checkout.folder / "runs/tiny/data/world.json").read_text()) == {"people": "7"}


def test_a_failed_step_is_told_in_one_line_and_the_next_run_resumes(checkout):
    config = checkout.config()
    (checkout.folder / "fail").write_text("warp")
    failed = checkout.report(config)
    assert failed.returncode == 1
    assert checkout.calls() == ALL
    assert "warps: FAILED after" in failed.stderr
    assert "world: expected a quiet day, got rain (log: runs/tiny/steps/warps.log)" in failed.stderr
    assert "Traceback" not in failed.stderr
    page = checkout.page()
    assert "1 of 4 steps is not up to date" in page
    assert "expected a quiet day, got rain" in page
    assert 'href="logs/warps.txt"' in page
    (checkout.folder / "fail").unlink()
    resumed = checkout.report(config)
    assert resumed.returncode == 0, resumed.stderr
    assert checkout.calls() == ["warp"]
    assert "not up to date" not in checkout.page()


@pytest.mark.slow
def test_what_comes_after_a_failed_step_is_shown_as_not_run_or_stale(checkout):
    config = checkout.config()
    (checkout.folder / "fail").write_text("synth")
    failed = checkout.report(config)
    assert failed.returncode == 1
    assert "not run: warps: needs the step 'data': failed" in failed.stderr
    (checkout.folder / "fail").unlink()
    checkout.report(config)
    (checkout.folder / "fail").write_text("synth")
    again = checkout.report(config, "--set", "data.world.people=4")
    assert "stale: warps: needs the step 'data': failed" in again.stderr


def test_refresh_makes_one_step_anew_and_what_comes_after_it(checkout):
    config = checkout.config()
    checkout.report(config)
    checkout.calls()
    done = checkout.report(config, "--refresh", "warps")
    assert done.returncode == 0, done.stderr
    assert checkout.calls() == ["warp"]
    wrong = checkout.report(config, "--refresh", "wraps")
    assert wrong.returncode == 2
    assert "--refresh wraps: expected one of data, check, warps, results-non-parametric" in wrong.stderr


def test_json_says_what_became_of_each_step(checkout):
    done = checkout.report(checkout.config(), "--json")
    told = json.loads(done.stdout)
    assert told["ran"] == 4
    assert {step["status"] for step in told["steps"].values()} == {"ok"}


@pytest.mark.slow
def test_a_folder_of_data_is_only_checked_and_a_changed_picture_runs_its_steps(checkout):
    config = checkout.config()
    checkout.report(config)
    shutil.move(checkout.folder / "runs/tiny/data", checkout.folder / "2020")
    (checkout.folder / "2020/world.json").unlink()
    shutil.rmtree(checkout.folder / "runs")
    checkout.calls()
    first = checkout.report(config, "--data", "2020")
    assert first.returncode == 0, first.stderr
    assert checkout.calls() == ["check", "try-on", "warp"]
    for path in (checkout.folder / "2020").rglob("*.jpg"):
        os.utime(path)
    assert "nothing to do" in checkout.report(config, "--data", "2020").stderr
    checkout.calls()
    (checkout.folder / "2020/test/image/p1.jpg").write_bytes(b"not a picture")
    changed = checkout.report(config, "--data", "2020")
    assert changed.returncode == 0, changed.stderr
    assert checkout.calls() == ["check", "try-on", "warp"]
    assert "p1.jpg cannot be read" in checkout.page()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "nowhere"], "error: nowhere: expected a dataset folder, got no such folder"),
        (["--set", "reference.root=nowhere"], "error: nowhere: expected a dataset folder, got no such folder"),
        (["--set", "methods=[../x]"], "names of lower-case letters, digits, _ and -, got '../x'"),
        (["--set", "notebooks=[absent]"], "notebooks: expected one of the notebooks"),
        (["--set", "colour=red"], "unknown key 'colour'"),
        (
            ["--profile", "nowhere"],
            "expected a folder with config.yaml, a Snakemake profile, got no such folder",
        ),
    ],
)
def test_what_cannot_run_is_said_in_one_line_before_anything_runs(checkout, options, message):
    done = checkout.report(checkout.config(), *options)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert checkout.calls() == []


def test_a_report_outside_a_checkout_says_so(checkout):
    config = checkout.config()
    (checkout.folder / "Snakefile").unlink()
    done = checkout.report(config)
    assert done.returncode == 1
    assert "expected a checkout of viton, with its Snakefile, got no Snakefile" in done.stderr


def test_stages_are_trained_once_and_only_for_what_decides_their_weights(checkout, trained):
    config = checkout.config(methods=["viton", "encoder-decoder"], notebooks=[], **trained)
    first = checkout.report(config, "--jobs", "3")
    assert first.returncode == 0, first.stderr
    training = ["train-coarse-0", "train-judge-0", "train-proxy-0", "train-refine-0"]
    assert checkout.calls() == ["check", "synth", *training, *["try-on"] * 2, "warp"]
    stage = json.loads((checkout.folder / "runs/tiny/stages/coarse/0/provenance.json").read_text())
    assert stage["threads"] == str(3 * max(1, (os.cpu_count() or 1) // 3)), "all cores, for it runs alone"
    short = json.loads((checkout.folder / "runs/tiny/stages/proxy/0/provenance.json").read_text())
    assert short["threads"] == str(max(1, (os.cpu_count() or 1) // 3)), "a few steps are over beside others"
    assert "undertrained: 20 + 10 steps" in checkout.page()
    for name in ("warp", "coarse"):
        (checkout.folder / "viton" / f"{name}.py").write_text("# version 2\n")
    checkout.report(config)
    assert checkout.calls() == ["try-on", "try-on", "warp"], "changed code trains nothing"
    grown = checkout.report(config, "--set", "stages.refine.steps=30")
    assert grown.returncode == 0, grown.stderr
    assert checkout.calls() == ["train-refine-0", "try-on"]
    assert "nothing to do" in checkout.report(config, "--set", "stages.refine.steps=30").stderr


def test_refresh_trains_a_stage_anew_and_clears_only_its_own_folder(checkout, trained):
    config = checkout.config(methods=["encoder-decoder"], notebooks=[], **trained)
    assert checkout.report(config).returncode == 0
    checkout.calls()
    stages = checkout.folder / "runs/tiny/stages"
    (stages / "coarse/0/state.pt").write_text("of the first training")
    (stages / "proxy/0/state.pt").write_text("of the first training")
    done = checkout.report(config, "--refresh", "train-coarse-0")
    assert done.returncode == 0, done.stderr
    assert checkout.calls() == ["train-coarse-0", "try-on"]
    assert not (stages / "coarse/0/state.pt").exists()
    assert (stages / "proxy/0/state.pt").exists()
    wrong = checkout.report(config, "--refresh", "train-refine-0")
    assert "expected one of data, check, warps, train-proxy, train-coarse-0, train-judge, results-" in wrong.stderr


def test_a_training_that_fails_stops_no_other_method(checkout, trained):
    config = checkout.config(methods=["cagan", "encoder-decoder"], notebooks=[], **trained)
    (checkout.folder / "fail").write_text("train-cagan-0")
    failed = checkout.report(config)
    assert failed.returncode == 1
    assert "train-cagan-0: FAILED after" in failed.stderr
    assert "not run: results-cagan-0: needs the step 'train-cagan-0': failed" in failed.stderr
    assert "failed: results-encoder-decoder-0" not in failed.stderr
    assert (checkout.folder / "runs/tiny/results/encoder-decoder/0/manifest.jsonl").is_file()
    checkout.calls()
    (checkout.folder / "fail").unlink()
    assert checkout.report(config).returncode == 0
    assert checkout.calls() == ["train-cagan-0", "try-on"]


@pytest.mark.slow
def test_two_experiments_run_at_once_and_the_same_one_waits(checkout):
    one, two = checkout.config("one"), checkout.config("two")
    (checkout.folder / "slow").write_text("0.3")
    running = [checkout.start(one), checkout.start(two), checkout.start(one)]
    said = [process.communicate(timeout=200)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    waited = [text for text in said if "waiting for another process that works in runs/one" in text]
    assert len(waited) == 1
    assert "nothing to do" in waited[0]
    assert checkout.calls() == sorted(ALL + ALL)


def test_a_killed_report_leaves_nothing_running_and_the_next_one_finishes(checkout, kill):
    config = checkout.config()
    (checkout.folder / "slow").write_text("3")
    process = checkout.start(config)
    while not (checkout.folder / "calls").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    kill(process)
    time.sleep(3.5)
    assert not (checkout.folder / "runs/tiny/data/world.json").exists(), "the step went on without its report"
    (checkout.folder / "slow").unlink()
    again = checkout.report(config)
    assert again.returncode == 0, again.stderr
    assert "synth" in checkout.calls()
    assert "nothing to do" in checkout.report(config).stderr


@pytest.mark.slow
def test_a_report_killed_at_any_moment_finishes_when_run_again(checkout, kill):
    config = checkout.config(notebooks=["one"])
    checkout.notebook("one", "1 + 1")
    for attempt in range(12):
        process = checkout.start(config)
        time.sleep(0.2 + 0.45 * attempt)
        kill(process)
    done = checkout.report(config)
    assert done.returncode == 0, done.stderr
    assert "nothing to do" in checkout.report(config).stderr
    assert not list((checkout.folder / "runs").rglob(".*.ipynb"))


@pytest.mark.slow
def test_a_changed_notebook_alone_runs_again_and_a_failing_one_stops_no_other(checkout):
    config = checkout.config(notebooks=["one", "method"])
    checkout.notebook("one", "print(config, runs)")
    checkout.notebook("method", "print(method)", parameters="config = ''\ndata = ''\nruns = ''\nmethod = ''")
    first = checkout.report(config)
    assert first.returncode == 0, first.stderr
    page = checkout.page()
    assert 'href="notebooks/one.html"' in page
    assert 'href="notebooks/method-non-parametric.ipynb"' in page
    assert "non-parametric" in (checkout.folder / "runs/tiny/notebooks/method-non-parametric.ipynb").read_text()
    checkout.notebook("one", "raise ValueError('no such luck')")
    failed = checkout.report(config)
    assert failed.returncode == 1
    assert "notebook-one: FAILED" in failed.stderr
    assert "ValueError: no such luck" in failed.stderr
    assert "notebook-method" not in failed.stderr
    assert "The page ends at the error." in checkout.page()
    assert "no such luck" in (checkout.folder / "reports/tiny/notebooks/one.html").read_text()
    checkout.notebook("one", "2 + 2")
    resumed = checkout.report(config)
    assert resumed.returncode == 0, resumed.stderr
    assert "notebook-method" not in resumed.stderr
    assert "not up to date" not in checkout.page()


@pytest.mark.slow
def test_a_changed_list_of_sleeves_runs_its_notebook_again(checkout):
    config = checkout.config(notebooks=["photographs"])
    sleeves = checkout.folder / "configs/vitonhd_sample_sleeves.csv"
    sleeves.write_text("clothing,sleeve\n")
    checkout.notebook("photographs", "1 + 1")
    assert checkout.report(config).returncode == 0
    checkout.calls()
    assert "nothing to do" in checkout.report(config).stderr
    sleeves.write_text("clothing,sleeve\nc1,long\n")
    changed = checkout.report(config)
    assert "notebook-photographs: done" in changed.stderr
    assert checkout.calls() == []


@pytest.mark.slow
def test_a_reference_runs_the_dataset_notebook_again_when_it_is_named_or_changes(checkout):
    config = checkout.config(notebooks=["dataset"])
    cell = "import viton.config, pathlib\nprint(viton.config.load_config(pathlib.Path(config)).reference)"
    checkout.notebook("dataset", cell)
    assert checkout.report(config).returncode == 0
    shutil.copytree(checkout.folder / "runs/tiny/data", checkout.folder / "photos")
    checkout.calls()
    options = ("--set", "reference.root=photos")
    dry = checkout.report(config, *options, "--dry-run")
    assert "1 of 5 steps would run" in dry.stdout, dry.stderr
    named = checkout.report(config, *options)
    assert named.returncode == 0, named.stderr
    assert "notebook-dataset: done" in named.stderr
    assert "PosixPath" in (checkout.folder / "runs/tiny/notebooks/dataset.ipynb").read_text()
    assert "nothing to do" in checkout.report(config, *options).stderr
    (checkout.folder / "photos/test/image/p1.jpg").write_bytes(b"another")
    changed = checkout.report(config, *options)
    assert "notebook-dataset: done" in changed.stderr
    assert checkout.calls() == []


def test_ctrl_c_ends_everything_in_one_line_and_the_next_run_finishes(checkout):
    config = checkout.config()
    (checkout.folder / "slow").write_text("3")
    process = checkout.start(config, session=True)
    while not (checkout.folder / "calls").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "interrupted" in err.splitlines()[-1]
    (checkout.folder / "slow").unlink()
    assert checkout.report(config).returncode == 0
