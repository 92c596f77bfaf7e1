"""B7 in instructions, which no neighbour on the machine changes: `python -m tests.bench.counted`.

All programs run in one process under valgrind's callgrind, which must be installed. It counts
while `functools.reduce` is at work, which is how each is played, and nothing else: a Python whose
symbols were taken off cannot be counted.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.bench import b7

CASES: Final = 20
TIMES: Final = 25
REDUCE: Final = "functools_reduce"
"""Its name in C."""


def main() -> int:
    """Thousands of instructions for one decision, and how many transitions that makes."""
    with tempfile.TemporaryDirectory(prefix="gridcase-bench-") as folder:
        out = Path(folder) / "out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
        command += ["--collect-atstart=no", f"--toggle-collect={REDUCE}", f"--dump-after={REDUCE}"]
        command += [sys.executable, "-m", "tests.bench.counted", "play"]
        env = os.environ | {"PYTHONHASHSEED": "0"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
        names = done.stdout.split()
        dumps = sorted(out.parent.glob("out.*"), key=lambda file: int(file.suffix[1:]))
        if len(dumps) < len(names):
            print(f"nothing was counted: {sys.executable} has no symbol {REDUCE}")
            return 1
        counts = [_counted(file) for file in dumps[-len(names) :]]  # what prepares may reduce too
    found = dict(zip(names, counts, strict=True))
    for name, count in found.items():
        ratio = count / found["transition"]
        print(f"B7 {name:<12} {ratio:>6.2f} transitions {count / 1000:>8.1f} k instructions")
    return 0


def play() -> None:
    """What is counted; prints the programs' names in the order in which they were played."""
    works = b7.prepared(CASES)
    for name, work in works.items():
        _play(work)
        print(name)


def _play(work: b7.Work) -> None:
    facts, decided = work
    for one in facts:  # all caches warm
        decided(one)
    nothing: object = None
    functools.reduce(lambda _, one: decided(one), [*facts] * TIMES, nothing)


def _counted(file: Path) -> float:
    """Instructions of one decision."""
    totals = re.findall(r"^totals: (\d+)$", file.read_text(), re.MULTILINE)
    return int(totals[-1]) / (CASES * TIMES)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        play()
    else:
        sys.exit(main())
