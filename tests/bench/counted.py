"""B7 in instructions, which no neighbour on the machine changes: `python -m tests.bench.counted`.

Each program runs in a process of its own under valgrind's callgrind, which must be installed; one
that only prepares is taken off. Two runs differed by a twelfth.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Final

from tests.bench import b7

CASES: Final = 20
TIMES: Final = 25
NOTHING: Final = "nothing"


def main() -> None:
    """Thousands of instructions for one decision, and how many transitions that makes."""
    names = ("look-up", "transition", "action", "rung")
    base = _counted(NOTHING)
    found = {name: (_counted(name) - base) / (CASES * TIMES) for name in names}
    for name, count in found.items():
        ratio = count / found["transition"]
        print(f"B7 {name:<12} {ratio:>6.2f} transitions {count / 1000:>8.1f} k instructions")


def play(name: str) -> None:
    """What is counted."""
    works = b7.prepared(CASES)
    for facts, decided in works.values():  # all caches warm
        for one in facts:
            decided(one)
    facts, decided = works.get(name, ((), print))
    for _ in range(TIMES):
        for one in facts:
            decided(one)


def _counted(name: str) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command += [sys.executable, "-m", "tests.bench.counted", name]
    env = os.environ | {"PYTHONHASHSEED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    counts = re.findall(r"Collected : (\d+)", done.stderr)
    return int(counts[-1])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        play(sys.argv[1])
    else:
        main()
