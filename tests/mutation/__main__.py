"""`python -m tests.mutation`: mutants, what objected, what is harmless by which rule."""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import Final

from rules import check, load
from tests.mutation import harmless, mutants


def main() -> int:
    """Exit code 1 where a mutant survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("pack", nargs="?", default="cn-national", help="folder, or shipped name")
    parser.add_argument("--every", type=int, default=1, help="only each n-th mutant")
    parser.add_argument("--list", action="store_true", help="say each harmless one too")
    parser.add_argument("--under", default="", help="only what lies under, as deadlines")
    asked = parser.parse_args()
    folder = Path(asked.pack) if Path(asked.pack).is_dir() else load.shipped(asked.pack)
    loaded = load.load(folder)
    calendar = load.load_calendar(load.calendar_folder(folder))
    assert check.check(loaded.pack, calendar) == (), "the pack itself is not sound"
    bench = mutants.Bench(loaded, calendar)
    begun = time.perf_counter()
    ways = [way for way in mutants.paths(bench.document) if str(way[0]).startswith(asked.under)]
    gc.freeze()
    gc.set_threshold(100_000)  # a mutant makes thousands of things, and all go with it
    hands = multiprocessing.get_context("fork").Pool(
        len(os.sched_getaffinity(0)), initializer=_BENCH.append, initargs=(bench,)
    )
    with hands:
        found = mutants.Figures(hands.map(_judge, ways[:: asked.every], chunksize=8))
    say(found, seconds=time.perf_counter() - begun, every=asked.list)
    return 1 if found.survived else 0


_BENCH: Final[list[mutants.Bench]] = []
"""The pack, in each process that judges."""


def _judge(way: mutants.Path) -> mutants.Verdict:
    return _BENCH[0].judge(way)


def say(found: mutants.Figures, *, seconds: float, every: bool) -> None:
    """The figures, the rules with their reasons, and what survived."""
    print(f"mutants   {len(found.verdicts)} in {seconds:.0f} s")
    print(f"objected  {found.count('objected')}")
    for code, count in found.by("objected").most_common():
        print(f"    {count:5}  {code}")
    print(f"harmless  {found.count('harmless')}")
    for name, count in found.by("harmless").most_common():
        print(f"    {count:5}  {name}: {harmless.RULES[name].reason}")
    print(f"survived  {found.count('survived')}")
    for one in found.survived:
        print(f"    {one.place}")
    if every:
        for one in found.verdicts:
            if one.outcome == "harmless":
                print(f"{one.by[0]:20} {one.place}")


if __name__ == "__main__":
    sys.exit(main())
