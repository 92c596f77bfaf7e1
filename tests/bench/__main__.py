"""The benches from the command line: one line a figure, or JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final, get_args

from tests.bench import b1, b2, b4, b6, b7, measure

PURE: Final[dict[str, Callable[..., list[measure.Figure]]]] = {"B6": b6.run, "B7": b7.run}
STORED: Final[dict[str, Callable[..., list[measure.Figure]]]] = {
    "B1": b1.run,
    "B2": b2.run,
    "B4": b4.run,
}
"""Those that are run once for each database."""


def main(arguments: Sequence[str]) -> int:
    """Runs the benches asked for, all if none is named."""
    asked = _parser().parse_args(arguments)
    names = [name.upper() for name in asked.benches] or sorted(PURE | STORED)
    unknown = sorted(set(names) - set(PURE | STORED))
    if unknown:
        _say(f"no bench {', '.join(unknown)}: there are {', '.join(sorted(PURE | STORED))}")
        return 2
    _say(f"# {measure.machine()}")
    figures: list[measure.Figure] = []
    for figure in _figures(names, asked):
        figures.append(figure)
        _say(measure.line(figure))
    if asked.json:
        print(measure.rows(figures))
    return 0


def _figures(names: Sequence[str], asked: argparse.Namespace) -> Iterator[measure.Figure]:
    databases = [asked.database] if asked.database else list(get_args(measure.Dialect))
    for name in names:
        if name in PURE:
            yield from PURE[name](rounds=asked.rounds, size=asked.size)
            continue
        for database in databases:
            yield from STORED[name](database, rounds=asked.rounds, size=asked.size, say=_say)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("benches", nargs="*", metavar="B1", help="which; all if none is named")
    parser.add_argument("--database", choices=get_args(measure.Dialect), help="both if not named")
    parser.add_argument("--size", type=_some, help="how many; what of is said in README.md")
    parser.add_argument("--rounds", type=_some, default=measure.ROUNDS)
    parser.add_argument("--json", action="store_true", help="the figures as JSON at the end")
    return parser


def _some(text: str) -> int:
    """A number of things, of which there is one at least."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError("one at least")
    return int(text)


def _say(text: str) -> None:
    """Lines for people go to the error stream, so that the other one stays JSON."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
