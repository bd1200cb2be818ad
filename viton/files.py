"""Files written whole or not at all, digests, and the lock that a killed process cannot leave behind."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from viton.errors import InputError

NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP)  # why a file may have no second name


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` and rename it onto `path` once the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except OSError as error:  # a full disk does not say which file did not fit
        error.filename = error.filename or str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    with written_whole(path) as temporary, temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode())


def write_json(path: Path, value: object) -> None:
    """Write `value` with sorted keys, so that equal values are equal bytes."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def read_json(path: Path) -> object:
    """Parse a JSON file; raises InputError when it is missing or is not JSON."""
    if not path.is_file():
        raise InputError(path, "a JSON file", "no such file")
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:  # ValueError also for a number of more than 4300 digits
        raise InputError(path, "JSON", str(error).splitlines()[0]) from error


def jsonl(rows: list[dict[str, object]]) -> str:
    """One sorted-key JSON object a line."""
    return "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows)


def read_jsonl(path: Path) -> list[dict[str, object]]:
    """The rows of a JSON-lines file; raises InputError naming the first line that is not an object."""
    if not path.is_file():
        raise InputError(path, "a JSON-lines file", "no such file")
    rows = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}:{number}", "a JSON object", str(error).splitlines()[0]) from error
        if not isinstance(row, dict):
            raise InputError(f"{path}:{number}", "a JSON object", type(row).__name__)
        rows.append(row)
    return rows


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_of(value: object) -> str:
    """The sha256 of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@contextmanager
def locked(path: Path, waiting: Callable[[str], None] | None = None) -> Iterator[IO[str]]:
    """Hold an exclusive lock on `path`, waiting for whoever has it; the kernel frees it when its holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say = waiting or (lambda message: print(message, file=sys.stderr, flush=True))
            say(f"waiting for another process that works in {path.parent}")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield stream


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, or a copy where file systems differ or know no such names; what is there goes."""
    with written_whole(target) as temporary:
        temporary.unlink()
        try:
            os.link(source, temporary)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            shutil.copyfile(source, temporary)
