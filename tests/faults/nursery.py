"""Where the workers come from: a process that has the program loaded and forks one whenever it is
told to, so that a worker that was killed is back at once.

    python -m tests.faults.nursery

One JSON line asks, one answers: `start` gives a pid, `wait` an exit code (less than zero: by that
signal; null: it still runs). The end of the input, however it comes, ends every worker; the end of
this process does too.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import apprise  # noqa: F401  what a worker with channels loads at its start
import time_machine

from api import cli

PR_SET_PDEATHSIG: Final = 1
GLANCE_S: Final = 0.02
"""How often a worker looks at the clock it is to believe."""


def main() -> None:
    """Serves until nobody asks any more."""
    running: set[int] = set()
    try:
        for line in sys.stdin:
            asked = json.loads(line)
            answer = _start(asked) if asked["do"] == "start" else _wait(asked)
            if asked["do"] == "start":
                running.add(answer["pid"])
            elif answer["code"] is not None:
                running.discard(asked["pid"])
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    finally:
        for pid in running:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _start(asked: dict[str, Any]) -> dict[str, Any]:
    nursery = os.getpid()
    pid = os.fork()
    if pid:
        return {"pid": pid}
    code = 1
    try:
        code = _work(asked, nursery)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _work(asked: dict[str, Any], nursery: int) -> int:
    """`gridcase worker`, in this process."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != nursery:
        return 1  # it died before it was asked to take this process along
    os.setsid()  # an interrupt at the terminal is for the harness alone
    told = os.open(asked["told"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(told, 1)
    os.dup2(told, 2)
    for name in [name for name in os.environ if name.startswith("GRIDCASE_")]:
        del os.environ[name]
    os.environ.update(asked["settings"])
    if asked["ahead"] is not None:
        _believe(Path(asked["ahead"]))
    try:
        cli.app(["--lang", "en", "worker"])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _believe(ahead: Path) -> None:
    """This process's wall clock is off by the seconds in a file, and jumps when they change. As
    with a real clock that is set, monotonic time goes on."""
    off_s = float(ahead.read_text())
    clock = time_machine.travel(time.time() + off_s, tick=True).start()

    def follow() -> None:
        known_s = off_s
        while True:
            wanted_s = float(ahead.read_text())
            if wanted_s != known_s:
                clock.shift(wanted_s - known_s)
                known_s = wanted_s
            time.sleep(GLANCE_S)

    threading.Thread(target=follow, daemon=True).start()


def _wait(asked: dict[str, Any]) -> dict[str, Any]:
    until = time.monotonic() + asked["within_s"]
    while True:
        ended, status = os.waitpid(asked["pid"], os.WNOHANG)
        if ended or time.monotonic() > until:
            return {"code": os.waitstatus_to_exitcode(status) if ended else None}
        time.sleep(0.005)


if __name__ == "__main__":
    main()
