"""Who and what is in a world: its settings, its splits, and the pairs to try on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from viton.synthetic.config import WorldConfig

GENERATOR_VERSION = "2"
SPLITS = ("train", "val", "test")

# What a generator is for: each purpose has a stream of its own, so that a change in one leaves the others as they were.
BODY, CLOTHES, PICTURE, FIT, NOISE, PAIRS = 1, 2, 3, 4, 5, 6


class Split(NamedTuple):
    """Numbers of the people and of all the garments of a split; a person's own garment has the person's number."""

    people: tuple[int, ...]
    garments: tuple[int, ...]


class Job(NamedTuple):
    """One piece of work: a garment's product pictures and, where `is_person`, that person's files and try-ons."""

    split: str
    number: int
    is_person: bool
    wears: tuple[int, ...]  # garments other than the own one that this person tries on


def name_of(index: int) -> str:
    """The id of person or garment `index`."""
    return f"{index:05d}_00"


def split_world(config: WorldConfig) -> dict[str, Split]:
    """Deal people and extra garments to the splits: test about a quarter, validation an eighth, training the rest."""
    test = min(config.people, max(4, round(config.people / 4)))
    val = min(config.people - test, max(2, round(config.people / 8))) if config.people >= 8 else 0
    train = config.people - test - val
    first = {"train": 0, "val": train, "test": train + val}
    sizes = {"train": train, "val": val, "test": test}
    dealt: dict[str, list[int]] = {name: [] for name in SPLITS if sizes[name]}
    for number in range(config.garments):
        list(dealt.values())[number % len(dealt)].append(config.people + number)
    splits = {}
    for name in SPLITS:
        people = tuple(range(first[name], first[name] + sizes[name]))
        splits[name] = Split(people, people + tuple(dealt.get(name, ())))
    return splits


def unpaired(split: Split, seed: int, number: int) -> list[tuple[int, int]]:
    """One other garment for each person: a derangement of the own ones or, with extra garments, a choice of any."""
    rng = np.random.default_rng([seed, number, PAIRS])
    if len(split.garments) < 2:
        return []
    if len(split.garments) > len(split.people):
        return [(person, int(rng.choice([g for g in split.garments if g != person]))) for person in split.people]
    order = rng.permutation(len(split.people))
    next_of = {split.people[a]: split.people[b] for a, b in zip(order, np.roll(order, -1), strict=True)}
    return sorted(next_of.items())


def pairs_of(config: WorldConfig) -> dict[str, list[tuple[int, int]]]:
    """(person, garment) by split: each in the own garment for training, in another one for validation and test."""
    splits = split_world(config)
    pairs = {name: unpaired(splits[name], config.seed, number) for number, name in enumerate(SPLITS)}
    pairs["train"] = [(person, person) for person in splits["train"].people]
    return pairs


def jobs_of(config: WorldConfig) -> list[Job]:
    """Everything there is to draw."""
    pairs, jobs = pairs_of(config), []
    for name, split in split_world(config).items():
        for number in split.garments:
            wears = tuple(garment for person, garment in pairs[name] if person == number != garment)
            jobs.append(Job(name, number, number in split.people, wears))
    return jobs
