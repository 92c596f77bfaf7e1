"""`gridcase` in a process of its own, in English."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

PROGRAM = "from api.cli import app; app()"
PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A process that goes on, with what it has said."""

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def out(self) -> str:
        """Standard output so far."""
        return (self.folder / "out").read_text("utf-8")

    @property
    def err(self) -> str:
        """Standard error so far."""
        return (self.folder / "err").read_text("utf-8")

    def url(self) -> str:
        """The address, once it is printed."""
        self.wait(lambda: "http://" in self.out)
        return next(word for word in self.out.split() if word.startswith("http://"))

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Until something is so; fails where the process ends first."""
        until = time.monotonic() + PATIENCE_S
        while not is_so():
            assert self.process.poll() is None, self.err
            assert time.monotonic() < until, self.err
            time.sleep(0.02)

    def stop(self) -> None:
        """Sends SIGTERM."""
        self.process.send_signal(SIGTERM)

    def ended(self, *, within_s: float = PATIENCE_S) -> int:
        """Its exit code."""
        return self.process.wait(timeout=within_s)


@contextmanager
def run(
    folder: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    before: tuple[str, ...] = (),
) -> Iterator[Running]:
    """Runs it beside the test, and ends it with the test; `folder` keeps what it says."""
    folder.mkdir(parents=True, exist_ok=True)
    env = env or {}
    path = os.pathsep.join([*env.get("PYTHONPATH", "").split(os.pathsep), *sys.path])
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [*before, sys.executable, "-c", PROGRAM, "--lang", "en", *arguments],
            env={**os.environ, **env, "PYTHONPATH": path},
            stdout=out,
            stderr=err,
        )
    try:
        yield Running(process=process, folder=folder)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
