"""What stands in a program's way, made for real: a locked file, a full disk, rights that lack."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests import postgres

_HOLD: Final = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("begin exclusive")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process holds the lock of an SQLite file for the length of the block."""
    asked = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            other.stdin.close()


@contextmanager
def small_disk(folder: Path, *, mb: int, owner: str = "root") -> Iterator[Path]:
    """A disk of a few megabytes at an empty folder."""
    _mount("-t", "tmpfs", "-o", f"size={mb}m,mode=700,uid={owner}", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        _unmount(folder)


@contextmanager
def only_to_read(path: Path) -> Iterator[None]:
    """A file or folder that nobody may write for the length of the block, not even root."""
    _mount("--bind", str(path), str(path))
    try:
        _mount("-o", "remount,bind,ro", str(path))
        yield
    finally:
        _unmount(path)


def _mount(*arguments: str) -> None:
    asked = ["mount", *arguments]
    if os.geteuid() != 0 or subprocess.run(asked, check=False, capture_output=True).returncode:
        pytest.skip("!!! a full disk or one only to read was not tried: only root may mount it")


def _unmount(path: Path) -> None:
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all the room there is."""
    path = disk / "filler"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return path


def as_nobody() -> tuple[str, ...]:
    """What to put before a command so that rights count: to root everything is allowed."""
    if os.geteuid() != 0:
        return ()
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    asked = [*postgres.NOBODY, sys.executable, "-c", "import api.texts"]
    if subprocess.run(asked, env=env, check=False, capture_output=True).returncode:
        pytest.skip("!!! closed rights were not tried: nobody may not run us")
    return postgres.NOBODY
