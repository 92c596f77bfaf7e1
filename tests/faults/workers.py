"""Workers in processes of their own, and what is done to them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
PATIENCE_S: Final = 30.0
"""How long a worker may take to end: its batch is finished first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One `gridcase worker`."""

    pid: int
    ahead: Path
    """Holds the seconds by which its clock is off."""

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal."""
        os.kill(self.pid, number)

    def freeze(self) -> None:
        """Stops it, and comes back when it has stopped: what is in the midst of a system call, as
        one that takes a lock, ends that first."""
        self.signal(signal.SIGSTOP)
        while any(_state(task) not in "TZ" for task in Path(f"/proc/{self.pid}/task").iterdir()):
            time.sleep(0.002)

    def set_clock(self, off: timedelta) -> None:
        """Its wall clock jumps, to be off by so much."""
        _put(self.ahead, off)


def _state(task: Path) -> str:
    """The letter of what a thread does: `T` stands still, `Z` has ended."""
    try:
        return (task / "stat").read_text("ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


class Workers:
    """The workers of one installation. Those that still run are killed with the block."""

    def __init__(
        self, nursery: subprocess.Popen[str], folder: Path, settings: Mapping[str, str]
    ) -> None:
        self._nursery = nursery
        self._folder = folder
        self.settings = dict(settings)
        """What the next ones are started with."""
        self._numbers = count(1)
        self.running: list[Worker] = []

    def start(self, *, off: timedelta = timedelta(), is_misled: bool = False) -> Worker:
        """One more. `is_misled` where its clock is to be set: it is then not the machine's."""
        ahead = self._folder / f"clock-{next(self._numbers)}"
        _put(ahead, off)
        answer = self._ask(
            do="start",
            told=str(self._folder / "told"),
            settings=self.settings,
            ahead=str(ahead) if is_misled else None,
        )
        worker = Worker(pid=answer["pid"], ahead=ahead)
        self.running.append(worker)
        return worker

    def kill(self, worker: Worker) -> None:
        """The worst end."""
        worker.signal(signal.SIGKILL)
        assert self._ended(worker) == -signal.SIGKILL

    def stop(self, worker: Worker) -> int | None:
        """A good end: its exit code; None, and killed, where it does not end."""
        worker.signal(signal.SIGTERM)
        code = self._ended(worker)
        if code is None:
            self.kill(worker)
        return code

    def kill_all(self) -> None:
        """Whatever still runs, frozen or not."""
        for worker in list(self.running):
            self.kill(worker)

    def told(self) -> list[str]:
        """What the workers have said, line by line."""
        path = self._folder / "told"
        return path.read_text("utf-8").splitlines() if path.exists() else []

    def _ended(self, worker: Worker) -> int | None:
        code: int | None = self._ask(do="wait", pid=worker.pid, within_s=PATIENCE_S)["code"]
        if code is not None:
            self.running.remove(worker)
        return code

    def _ask(self, **asked: object) -> dict[str, Any]:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(json.dumps(asked) + "\n")
        self._nursery.stdin.flush()
        answer: dict[str, Any] = json.loads(self._nursery.stdout.readline())
        return answer


@contextmanager
def nursery() -> Iterator[subprocess.Popen[str]]:
    """The process that forks the workers. Closing its input ends them, and so does our death."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.nursery"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,  # an interrupt at the terminal is for the harness alone
    )
    try:
        yield process
    finally:
        process.communicate()


def _put(path: Path, off: timedelta) -> None:
    """Whole or not at all: a worker reads it meanwhile."""
    draft = path.with_suffix(".new")
    draft.write_text(str(off.total_seconds()))
    draft.replace(path)
