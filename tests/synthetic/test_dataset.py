from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from viton.data.check import check
from viton.errors import InputError
from viton.files import read_json, read_jsonl, sha256_of
from viton.images import load_labels, load_mask, load_rgb
from viton.keypoints import read_openpose_body25
from viton.parsing import CIHP
from viton.synthetic import plan
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import GENERATOR_VERSION, damage_of, keypoints_of, person_of, write_world

SPLITS = ("train", "val", "test")
SMALL = {"people": 9, "garments": 2, "seed": 1, "height": 64, "width": 48}


def digests(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(root)): sha256_of(path) for path in files}


def pairs(world: Path, split: str) -> list[tuple[str, str]]:
    lines = (world / f"{split}_pairs.txt").read_text().splitlines()
    return [(a.removesuffix(".jpg"), b.removesuffix(".jpg")) for a, b in (line.split() for line in lines)]


def rows(world: Path, split: str, kind: str) -> list[dict[str, object]]:
    return [row for row in read_jsonl(world / split / "attributes.jsonl") if row["kind"] == kind]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("small")
    write_world(root, WorldConfig(**SMALL))
    return root


def test_the_same_seed_gives_the_same_bytes_whatever_the_number_of_workers(small: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_world(tmp_path, WorldConfig(**SMALL), workers=2, progress=lambda done, total: seen.append((done, total)))
    assert digests(tmp_path) == digests(small)
    assert seen[-1] == (11, 11)


def test_another_seed_gives_another_world(small: Path, tmp_path: Path) -> None:
    write_world(tmp_path, WorldConfig(**{**SMALL, "people": 2, "garments": 0, "seed": 2}))
    assert read_json(tmp_path / "world.json")["digest"] != read_json(small / "world.json")["digest"]


@pytest.mark.parametrize("people", [2, 4, 8])
def test_a_small_world_passes_its_own_check(people: int, tmp_path: Path) -> None:
    write_world(tmp_path, WorldConfig(**{**SMALL, "people": people, "garments": 0}))
    assert check(tmp_path).problems == []


def test_what_a_killed_writer_left_is_swept_away(tmp_path: Path) -> None:
    config = WorldConfig(**{**SMALL, "people": 2, "garments": 0})
    write_world(tmp_path, config)
    (tmp_path / "world.json").unlink()
    left = tmp_path / "test" / "image" / ".00001_00.abcd1234.jpg"
    left.write_bytes(b"half")
    write_world(tmp_path, config)
    assert not left.exists()


def test_what_others_put_beside_a_world_is_left_alone(tmp_path: Path) -> None:
    kept = [tmp_path / name for name in (".gitignore", ".env.template", ".git/.keep", "test/.notes/.mine")]
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    (tmp_path / "test" / ".notes").rename(tmp_path / ".notes")
    (tmp_path / "test").rmdir()
    for _ in range(2):
        write_world(tmp_path, WorldConfig(**{**SMALL, "people": 2, "garments": 0}))
        (tmp_path / "world.json").unlink()
    assert all(path.exists() for path in [*kept[:3], tmp_path / ".notes" / ".mine"])


@pytest.mark.parametrize(("height", "width"), [(68, 51), (100, 75), (512, 384)])
def test_every_legal_size_can_be_written_and_read(height: int, width: int, tmp_path: Path) -> None:
    write_world(tmp_path, WorldConfig(people=2, garments=0, seed=3, height=height, width=width, noise=1.0))
    assert check(tmp_path).problems == []


def test_noise_is_the_same_when_it_is_made_again(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_world(tmp_path / name, WorldConfig(**{**SMALL, "people": 3, "garments": 0, "noise": 1.5}))
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_a_change_of_the_generator_needs_a_new_version(tmp_path: Path) -> None:
    """Labels and pairs are the same on every processor that was tried; when this fails, raise GENERATOR_VERSION."""
    write_world(tmp_path, WorldConfig(people=6, garments=2, seed=0, height=64, width=48))
    assert (GENERATOR_VERSION, read_json(tmp_path / "world.json")["labels"][:16]) == ("2", "f25fa861bd4fb4e8")


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    config = WorldConfig(**{**SMALL, "people": 4})
    write_world(tmp_path, config)
    before, kept = digests(tmp_path), tmp_path / "test/image/00000_00.jpg"
    written_at = kept.stat().st_mtime_ns
    for name in ("world.json", "test/map-truth/00001_00__00001_00.npz", "test/cloth/00004_00.jpg", "test_pairs.txt"):
        (tmp_path / name).unlink()
    write_world(tmp_path, config)
    assert digests(tmp_path) == before
    assert kept.stat().st_mtime_ns == written_at


def test_a_damaged_or_unfinished_world_is_found_out(tmp_path: Path) -> None:
    write_world(tmp_path, WorldConfig(**{**SMALL, "people": 2, "garments": 0}))
    assert damage_of(tmp_path) is None
    truth = next(tmp_path.glob("*/map-truth/*.npz"))
    whole = truth.read_bytes()
    truth.write_bytes(b"garbage")
    assert "digest" in damage_of(tmp_path)[2]
    truth.unlink()
    assert damage_of(tmp_path)[0] == truth
    truth.write_bytes(whole)
    (tmp_path / "world.json").unlink()
    assert "without world.json" in damage_of(tmp_path)[2]
    assert damage_of(tmp_path / "test") is None


def test_a_finished_world_is_left_alone(small: Path) -> None:
    calls: list[int] = []
    write_world(small, WorldConfig(**SMALL), progress=lambda done, total: calls.append(done))
    assert not calls


@pytest.mark.parametrize("marker", ["world.json", "world-config.json"])
def test_another_config_in_the_same_root_is_refused(marker: str, small: Path, tmp_path: Path) -> None:
    (tmp_path / marker).write_bytes((small / marker).read_bytes())
    with pytest.raises(InputError, match="expected a world of"):
        write_world(tmp_path, WorldConfig(**{**SMALL, "seed": 5}))


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(InputError, match="other files"):
        write_world(tmp_path, WorldConfig(**SMALL))


def test_a_config_that_is_not_three_by_four_is_refused() -> None:
    with pytest.raises(ValueError, match="three quarters"):
        WorldConfig(people=1, garments=0, seed=0, height=128, width=128)


def test_world_json_names_generator_config_counts_and_digest(world: Path, config: WorldConfig) -> None:
    summary = read_json(world / "world.json")
    assert summary["generator_version"] == GENERATOR_VERSION
    assert summary["config"] == config.model_dump()
    assert summary["counts"]["test"] == {"people": 4, "garments": 5}
    assert len(summary["digest"]) == 64


def test_splits_share_no_person_garment_logo_or_print(world: Path) -> None:
    for key, kind in (("id", "person"), ("id", "garment"), ("logo", "garment"), ("print", "garment")):
        of_split = [{row[key] for row in rows(world, split, kind) if row[key]} for split in SPLITS]
        assert sum(map(len, of_split)) == len(set.union(*of_split)), key


def test_every_split_size_follows_its_share() -> None:
    for people, expected in ((2, (0, 0, 2)), (4, (0, 0, 4)), (8, (2, 2, 4)), (64, (40, 8, 16))):
        splits = plan.split_world(WorldConfig(people=people, garments=0, seed=0, height=64, width=48))
        assert tuple(len(splits[name].people) for name in SPLITS) == expected


@pytest.mark.parametrize("garments", [0, 6])
def test_unpaired_lists_hold_every_person_once_and_never_in_the_own_garment(garments: int) -> None:
    config = WorldConfig(people=40, garments=garments, seed=3, height=64, width=48)
    splits, listed = plan.split_world(config), plan.pairs_of(config)
    for name in ("val", "test"):
        people, worn = zip(*listed[name], strict=True)
        assert people == splits[name].people
        assert all(a != b for a, b in listed[name])
        assert set(worn) <= set(splits[name].garments)
        assert garments or sorted(worn) == sorted(people)


def test_every_pair_has_its_files(world: Path) -> None:
    for split in SPLITS:
        for person, garment in pairs(world, split):
            assert (world / split / f"cloth/{garment}.jpg").is_file()
            assert (world / split / f"map-truth/{person}__{person}.npz").is_file()
            if split != "train":
                for kind in ("map-truth/{}.npz", "image-truth/{}.png", "parse-truth/{}.png"):
                    assert (world / split / kind.format(f"{person}__{garment}")).is_file()


def test_masks_match_the_product_pictures(world: Path) -> None:
    for path in world.glob("*/cloth/*.jpg"):
        product, mask = load_rgb(path).astype(int), load_mask(path.parents[1] / "cloth-mask" / path.name)
        collar = load_mask(path.parents[1] / "collar-mask" / f"{path.stem}.png")
        paper = ~np.isin(np.arange(mask.size).reshape(mask.shape), np.flatnonzero(_grown(mask, 2)))
        assert product[paper].min() > 225  # nearly white, and JPEG
        assert 0.3 < mask.mean() < 0.56
        assert 0 < collar.sum() < 0.15 * mask.sum()
        assert not (collar & ~mask & 1).any()


def _grown(mask: np.ndarray, by: int) -> np.ndarray:
    padded = np.pad(mask, by)
    height, width = mask.shape
    shifts = [padded[r : r + height, c : c + width] for r in range(2 * by + 1) for c in range(2 * by + 1)]
    return np.maximum.reduce(shifts)


def test_labels_are_those_of_cihp_and_hold_what_a_person_has(world: Path) -> None:
    allowed = set(CIHP.ids(("background", "hair", "face", "neck", "upper_clothes", "pants", "skirt")))
    allowed |= set(CIHP.ids(("left_arm", "right_arm", "left_leg", "right_leg")))
    for path in [*world.glob("*/image-parse-v3/*.png"), *world.glob("*/parse-truth/*.png")]:
        present = set(np.unique(load_labels(path)).tolist())
        assert present <= allowed
        assert set(CIHP.ids(("background", "hair", "face", "upper_clothes"))) <= present


def test_keypoints_read_back_as_the_joints_that_were_drawn(world: Path, config: WorldConfig) -> None:
    for path in world.glob("*/openpose_json/*.json"):
        number = int(path.name[:5])
        expected = keypoints_of(person_of(config, number), config.height, config.width)
        np.testing.assert_allclose(read_openpose_body25(path), expected, atol=1e-3)
        assert json.loads(path.read_text())["version"] == 1.3


def test_noise_touches_parsing_and_keypoints_only(small: Path, tmp_path: Path) -> None:
    write_world(tmp_path, WorldConfig(**SMALL, noise=1.0))
    noisy, exact = digests(tmp_path), digests(small)
    changed = {Path(name).parts[-2] for name in exact if noisy[name] != exact[name] and len(Path(name).parts) > 1}
    assert changed == {"image-parse-v3", "openpose_json"}
