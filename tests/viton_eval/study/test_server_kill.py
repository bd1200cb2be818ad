"""A real server in a process of its own: killed under load, out of disk, stopped, started wrongly."""

import asyncio
import json
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from benchmarks.soak import Load, Rater, counted, served, soak, soak_study
from viton_eval.study.frozen import read_study
from viton_eval.study.store import VOTES, Store

HURRY = Load(every_s=0.1, pictures=False)


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    """A study of 40 raters of 65 trials and more."""
    return soak_study(tmp_path_factory.mktemp("soak"), 40, 60, (64, 48))


@pytest.fixture
def large(frozen, tmp_path):
    """The same without answers."""
    shutil.copytree(frozen.folder, tmp_path / "large", ignore=shutil.ignore_patterns(f"{VOTES}*"))
    return read_study(tmp_path / "large")


def answers_of(study):
    store = Store(study.folder / VOTES)
    found = {answer.trial: answer.answer for answer in store.answers(study)}
    store.close()
    return found


async def killed(study, raters, kills, seed):
    """Let raters vote while the server is killed so often, each time at a random moment; look after each kill."""
    rng, alive, port, lost = random.Random(seed), [True], 0, 0
    voting = None
    for turn in range(kills + 1):
        with served(study.folder, port) as (process, port):
            for rater in raters:
                rater.port = port
            voting = voting or [asyncio.create_task(rater.run(lambda: alive[0])) for rater in raters]
            await asyncio.sleep(rng.uniform(0.2, 1.2))
            if turn < kills:
                process.send_signal(signal.SIGKILL)
                await asyncio.to_thread(process.wait)
                found = answers_of(study)  # what was acknowledged before this look is in it
                told = [vote for rater in raters for vote in rater.acknowledged.items()]
                lost += sum(found.get(trial) != answer for trial, answer in told)
            else:
                alive[0] = False
                await asyncio.gather(*voting)
    return lost


def expect_nothing_lost(study, count, kills, capsys):
    raters = [Rater(0, HURRY, seed) for seed in range(count)]
    assert asyncio.run(killed(study, raters, kills, seed=kills)) == 0
    counts = counted(study, raters)
    with capsys.disabled():
        print(f"\n{kills} kills: {counts}, broken requests {sum(sum(rater.errors.values()) for rater in raters)}")
    assert (counts.lost, counts.doubled) == (0, 0)
    assert counts.acknowledged == counts.stored > 20 * kills
    assert sum(sum(rater.errors.values()) for rater in raters) >= kills  # else it was not killed under load


def test_no_acknowledged_vote_is_lost_when_the_server_is_killed_under_load(large, capsys):
    expect_nothing_lost(large, 12, 2, capsys)


@pytest.mark.slow
def test_nor_in_twenty_kills(large, capsys):
    expect_nothing_lost(large, 40, 20, capsys)


@pytest.mark.slow
def test_a_small_soak_loses_and_doubles_nothing(large):
    counts, quantiles, errors = soak(large, 30, 3, Load(every_s=0.3))
    assert not errors
    assert (counts.lost, counts.doubled) == (0, 0)
    assert counts.acknowledged == counts.stored > 100
    assert quantiles["p50"] < 200


async def until_refused(rater, screen, most):
    """Vote until the server cannot store; returns the screen that is still to be answered, and the last status."""
    for _ in range(most):
        while "trial" not in screen and screen["page"] != "thanks":
            screen = await rater.insist("begin", {"block": screen["block"]})
        body = json.dumps({"trial": screen["trial"], "answer": "left" if screen["page"] == "choice" else "real"})
        status, content = await rater.ask("POST", "/api/answer", body.encode())
        if status != 200:
            return screen, status
        rater.acknowledged[screen["trial"]] = json.loads(body)["answer"]
        screen = json.loads(content)
    return screen, 200


def test_a_disk_that_is_full_and_then_not_loses_nothing(large):
    async def voted(process, port):
        rater = Rater(port, HURRY, 0)
        screen = await rater.insist("arrive", {})
        screen = await rater.insist("agree", {"consent": screen["consent"]})
        screen, status = await until_refused(rater, screen, 3)
        assert status == 200
        limits = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        size = max(path.stat().st_size for path in large.folder.glob(f"{VOTES}*"))
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, limits[1]))
        screen, status = await until_refused(rater, screen, 30)
        assert status == 503
        assert answers_of(large) == rater.acknowledged
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
        _, status = await until_refused(rater, screen, 3)
        assert status == 200
        await rater.close()
        return rater.acknowledged

    with served(large.folder) as (process, port):
        given = asyncio.run(voted(process, port))
    assert answers_of(large) == given


def test_ten_megabytes_are_refused_before_they_are_sent(make, tmp_path):
    study = make(tmp_path / "study", limit=1)
    with served(study.folder) as (_, port), socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
        head = f"POST /api/answer HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\norigin: http://127.0.0.1:{port}\r\n"
        wire.sendall(f"{head}content-length: 10000000\r\n\r\n".encode())
        assert wire.recv(1000).startswith(b"HTTP/1.1 413 ")


ADDRESSES = ("203.0.113.77", "2001:db8::77", "198.51.100.77")
PROXIED = {"x-forwarded-for": f"{ADDRESSES[0]}, {ADDRESSES[1]}", "x-real-ip": ADDRESSES[2]}
PROXIED |= {"forwarded": f"for={ADDRESSES[0]}", "user-agent": "browser-of-a-rater"}


def visited(port, participant):
    """Join from these addresses and give two answers; returns how to ask on."""
    site = f"http://127.0.0.1:{port}"
    client = httpx.Client(base_url=site, headers=PROXIED | {"origin": site})

    def ask(verb, **body):
        response = client.post(f"/api/{verb}", json=body)
        assert response.status_code == 200
        return response.json()

    query = f"?PROLIFIC_PID={participant}"
    screen = ask("agree", query=query, consent=ask("arrive", query=query)["consent"])
    screen = ask("begin", block=screen["block"])
    for _ in range(2):
        screen = ask("answer", trial=screen["trial"], answer="left")
    return ask


def files_with(folder, mark):
    return {path.name for path in folder.rglob("*") if path.is_file() and mark in path.read_bytes()}


def test_no_address_of_who_joins_votes_and_withdraws_is_kept_or_logged(make, tmp_path):
    study = make(tmp_path / "study", limit=1)
    marks = [*(address.encode() for address in ADDRESSES), b"browser-of-a-rater"]
    with served(study.folder) as (process, port):
        visited(port, "stays-here")
        visited(port, "goes-away")("withdraw")
        assert files_with(tmp_path, b"stays-here")  # else this test shows nothing
        found = {mark: files_with(tmp_path, mark) for mark in [*marks, f"127.0.0.1:{port}".encode(), b"goes-away"]}
        assert not any(found.values())
        process.terminate()
        assert process.wait(10) in (0, -signal.SIGTERM)
        assert len(process.stderr.readlines()) == 1  # the organiser's address, and no log of requests
    assert files_with(tmp_path, b"stays-here") == {VOTES}
    assert not any(files_with(tmp_path, mark) for mark in marks)


def test_on_this_machine_alone_other_names_are_refused(make, tmp_path):
    study = make(tmp_path / "study", limit=1)
    with served(study.folder, more=["--public-host", "Study.example.org"]) as (_, port):
        for name in ("127.0.0.1", "localhost", "[::1]", "LOCALHOST", "localhost.", "study.example.org"):
            for host in (name, f"{name}:{port}"):
                assert status_of(port, host) == 200, host
        for name in ("evil.example", "127.0.0.1.evil.example", "evil.example:80", "127.0.0.1@evil.example", "[", ""):
            assert status_of(port, name) == 421, name
            assert status_of(port, f"{name}:{port}") == 421


def status_of(port, host):
    """Of an arrival from a page that calls this server so."""
    site = f"http://{host}"
    address = f"http://127.0.0.1:{port}/api/arrive"
    return httpx.post(
        address, headers={"host": host, "origin": site, "sec-fetch-site": "same-origin"}, json={}
    ).status_code


def started(folder, *more):
    command = [sys.executable, "-m", "viton_eval", "study", "serve", str(folder), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stderr


def test_what_cannot_be_served_is_said_in_one_line(make, study, tmp_path):
    changed = make(tmp_path / "changed", limit=2)
    text = (changed.folder / "design.json").read_text()
    (changed.folder / "design.json").write_text(text.replace('"votes": 3', '"votes": 4'))
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        cases = {
            "a changed design is a new study": started(changed.folder),
            "no such folder": started(tmp_path / "nothing"),
            "free port of this machine (--port 0 takes any that is free)": started(
                study.folder, "--port", str(busy.getsockname()[1])
            ),
        }
    for said, (status, error) in cases.items():
        assert status == 1
        assert said in error
        assert error.count("\n") == 1
        assert error.startswith("error: ")
    for path in study.folder.glob(f"{VOTES}*"):
        path.unlink()


def test_a_stopped_server_leaves_one_file(make, tmp_path):
    study = make(tmp_path / "study", limit=1)
    with served(study.folder) as (_, port):
        rater = Rater(port, HURRY, 0)
        asyncio.run(rater.insist("arrive", {}))  # it is up
    assert [path.name for path in study.folder.glob(f"{VOTES}*")] == [VOTES]
