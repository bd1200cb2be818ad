"""A try-on made in parts on any machines and joined: planned, run, and equal to one that is made in one go."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from benchmarks.scale import made_folder
from viton.cli import app
from viton.config import load_config
from viton.data.check import check
from viton.data.layouts import open_dataset
from viton.digests import Digests
from viton.errors import InputError
from viton.files import digest_of, write_json
from viton_eval.commands import open_run
from viton_eval.digests import folder_digest
from viton_eval.plan import plan

WORLD = {"people": 4, "garments": 0, "seed": 0, "height": 64, "width": 48}


def written(folder, **more):
    content = {
        "name": "parts",
        "purpose": "Parts.",
        "data": {"kind": "world", "world": WORLD},
        "height": 64,
        "width": 48,
        "methods": ["non-parametric"],
        "notebooks": ["warp", "photographs"],
    } | more
    path = folder / "parts.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_parts_are_steps_of_their_own_and_their_joining_is_the_results(tmp_path):
    one, three = (plan(open_run(written(tmp_path, shards=count))) for count in (1, 3))
    parts = [name for name in three if name not in one]
    assert parts == [f"shard-non-parametric-{index}-of-3" for index in (1, 2, 3)]
    assert three["results-non-parametric"].needs == tuple(parts)
    assert len({three[name].command for name in parts}) == 3
    assert [three[name].folder.name for name in parts] == ["1-of-3", "2-of-3", "3-of-3"]


def test_how_many_parts_there_are_changes_no_key(tmp_path):
    one, three = (plan(open_run(written(tmp_path, shards=count))) for count in (1, 3))
    assert {name: step.key for name, step in one.items()} == {name: three[name].key for name in one}
    assert digest_of([three[f"shard-non-parametric-{index}-of-3"].key for index in (1, 2, 3)]) == digest_of(
        [one["results-non-parametric"].key] * 3
    )


def test_imported_pictures_are_never_made_in_parts(tmp_path):
    imported = {"others": {0: {"folder": "there"}}}
    config = written(tmp_path, shards=3, methods=["others"], imported=imported)
    assert not [name for name in plan(open_run(config)) if name.startswith("shard-")]


@pytest.mark.parametrize("shards", [0, 513, "many"])
def test_a_number_of_parts_that_makes_no_sense_is_refused(tmp_path, shards):
    with pytest.raises(Exception, match="shards"):
        load_config(written(tmp_path, shards=shards))


def test_parts_joined_are_byte_for_byte_what_is_made_in_one_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole, parts = open_run(written(tmp_path)), open_run(written(tmp_path, shards=2))
    invoke(plan(whole)["data"].command)
    (whole.folder / "config.yaml").write_text(written(tmp_path).read_text())
    invoke(plan(whole)["results-non-parametric"].command)
    results = whole.results("non-parametric")
    made = contents(results)
    for name in ("shard-non-parametric-1-of-2", "shard-non-parametric-2-of-2"):
        invoke(plan(parts)[name].command)
    results.rename("in one go")
    invoke(plan(parts)["results-non-parametric"].command)
    assert contents(results) == made
    pictures = [name for name in made if name.endswith(".png")]
    assert pictures
    assert all((results / name).stat().st_nlink == 2 for name in pictures)  # lies there once
    invoke(plan(parts)["results-non-parametric"].command)  # joined again: nothing changes
    assert contents(results) == made


def test_joining_over_results_of_other_settings_replaces_them_only_when_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = open_run(written(tmp_path, shards=2))
    invoke(plan(run)["data"].command)
    commands = [plan(run)[f"shard-non-parametric-{index}-of-2"].command for index in (1, 2)]
    commands = [[part for part in command if part != "--overwrite"] for command in commands]
    folders = [command[command.index("--out") + 1] for command in commands]
    for command in commands:
        invoke(command)
    invoke(("viton", "merge", *folders, "--out", "joined"))
    for command in commands:
        invoke((*command, "--overwrite", "--set", "warp.smoothing=0.5"))
    refused = CliRunner().invoke(app, ["merge", *folders, "--out", "joined"])
    assert refused.exit_code == 1
    before = contents(Path("joined"))
    invoke(("viton", "merge", *folders, "--out", "joined", "--overwrite"))
    assert contents(Path("joined")) != before


def test_a_profile_says_where_steps_run_and_a_dry_run_of_more_parts_lists_them(checkout):
    config, profile = checkout.config(), checkout.folder / "profile"
    profile.mkdir()
    (profile / "config.yaml").write_text("executor: no-such-executor\n")
    refused = checkout.report(config, "--profile", "profile")
    assert refused.returncode == 1
    assert "error: Snakemake stopped" in refused.stderr
    assert "no-such-executor" in refused.stderr
    (profile / "config.yaml").write_text("printshellcmds: true\n")
    done = checkout.report(config, "--profile", "profile")
    assert done.returncode == 0, done.stderr
    assert "Snakemake: Finished jobid" in done.stderr
    dry = checkout.report(config, "--dry-run", "--set", "shards=3")
    assert dry.returncode == 0, dry.stderr
    assert "shard-non-parametric-3-of-3: not done yet" in dry.stdout
    (told,) = [line for line in dry.stdout.splitlines() if line.strip().startswith("results-non-parametric:")]
    assert told.startswith("  results-non-parametric: made anew before it: shard-non-parametric-")
    assert told.endswith("its settings, data or command have changed")


def test_the_folder_of_the_benchmark_holds_what_it_says(tmp_path):
    folder = made_folder(tmp_path, people=40, pairs=100)
    data = open_dataset(folder, "test")
    assert (len(data.people), len(data.clothings), len(data.pairs("test_pairs.txt"))) == (40, 40, 100)
    assert check(folder).errors == 0


def invoke(command):
    assert command[0] == "viton"
    done = CliRunner().invoke(app, list(command[1:]))
    assert done.exit_code == 0, done.output
    return done


def contents(folder):
    """What does not depend on when and where it was made."""
    names = ("settings.json", "manifest.jsonl")
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".png" or path.name in names}


@pytest.mark.parametrize(
    ("shard", "said"),
    [("abc", "which shard of how many"), ("1/100000000000", "which shard"), ("1/900000", "and 899996 more")],
)
def test_settings_that_name_no_shard_are_one_line(tmp_path, shard, said):
    folders = [tmp_path / "1", tmp_path / "2", tmp_path / "3"]
    for index, folder in enumerate(folders):
        folder.mkdir()
        write_json(
            folder / "settings.json", {"made": "x", "pairs": "y", "shard": shard if not index else f"{index + 1}/3"}
        )
        (folder / "manifest.jsonl").write_text("")
    refused = CliRunner().invoke(app, ["merge", *map(str, folders), "--out", str(tmp_path / "joined")])
    assert isinstance(refused.exception, InputError)
    assert said in str(refused.exception)
    assert not (tmp_path / "joined").exists()


def test_files_behind_linked_folders_decide_a_folders_digest(tmp_path):
    photos = tmp_path / "elsewhere"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(b"one")
    (tmp_path / "data" / "test").mkdir(parents=True)
    (tmp_path / "data" / "test" / "image").symlink_to(photos)
    (tmp_path / "data" / "test" / "openpose_json").mkdir()
    (photos / "round").symlink_to(tmp_path / "data")  # a link that leads back
    first = folder_digest(tmp_path / "data", "test", Digests(tmp_path / "store.json"))
    (photos / "a.jpg").write_bytes(b"another")
    assert folder_digest(tmp_path / "data", "test", Digests(tmp_path / "store.json")) != first
