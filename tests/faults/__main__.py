"""The faults from the command line: a line a kind and database, or JSON."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import FrameType
from typing import Final, get_args

from tests.bench.measure import Dialect
from tests.faults import acts, away, judge, mail, processes, scene, times, workers

SHORT: Final = scene.Size(
    offices=1, cases=300, mornings=4, hits=2, gone_s=3, patience_s=60, is_long=False
)
LONG: Final = scene.Size(
    offices=3, cases=10_000, mornings=8, hits=6, gone_s=60, patience_s=900, is_long=True
)
SAMPLE: Final = 20
"""Cases of which every invariant is checked; of the others what `judge` counts."""
ALARMS: Final = (
    *("tick.failed", "relay.failed", "send.failed", "audit.failed"),
    *("sweep.case_failed", "sweep.case_refused"),
)
"""What no worker should ever say, whatever is done to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of fault. `start` is where office time stands at first; where it `hits`, a run
    that has hit nothing proves nothing."""

    run: Callable[[scene.Scene], None]
    start: str = scene.START
    hits: bool = False
    cases: int | None = None
    """In the short form; the size's own else."""


KINDS: Final[Mapping[str, Kind]] = {
    "race": Kind(run=processes.race, cases=900),
    "kill": Kind(run=processes.kill, hits=True, cases=600),
    "restart": Kind(run=processes.restart, hits=True),
    "freeze": Kind(run=processes.freeze, hits=True, cases=600),
    "downtime": Kind(run=times.downtime, start=times.BEFORE_THE_WARNING),
    "clocks": Kind(run=times.clocks, hits=True),
    "calendar": Kind(run=times.calendar),
    "database": Kind(run=away.database, hits=True),
    "acts": Kind(run=acts.acts),
    "mail": Kind(run=mail.mail, hits=True),
}
"""In the order in which they run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one kind on one database."""

    name: str
    database: str
    runs: int
    kills: int
    fired: int
    lost: int
    dup: int
    early: int
    late_p99_s: float
    wrong: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing was lost, doubled, early or otherwise wrong."""
        return not (self.lost or self.dup or self.early or self.wrong)

    def __str__(self) -> str:
        return (
            f"{self.name} database={self.database} runs={self.runs} kills={self.kills} "
            f"fired={self.fired} lost={self.lost} dup={self.dup} early={self.early} "
            f"late_p99_s={self.late_p99_s:.2f}"
        )


def main(arguments: Sequence[str]) -> int:
    """Runs the kinds asked for, all if none is named."""
    asked = _parser().parse_args(arguments)
    unknown = sorted(set(asked.names) - set(KINDS))
    if unknown:
        print(f"no kind {', '.join(unknown)}: there are {', '.join(KINDS)}")
        return 2
    signal.signal(signal.SIGTERM, _interrupted)
    outcomes = []
    for outcome in _outcomes(asked):
        outcomes.append(outcome)
        for what in outcome.wrong:
            print(f"# {outcome.name}, {outcome.database}: {what}", file=sys.stderr, flush=True)
        print(outcome, file=sys.stderr if asked.json else sys.stdout, flush=True)
    if asked.json:
        print(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    return 0 if all(outcome.is_well for outcome in outcomes) else 1


def _outcomes(asked: argparse.Namespace) -> Iterator[Outcome]:
    databases = [asked.database] if asked.database else list(get_args(Dialect))
    with workers.nursery() as nursery:
        for database in databases:
            with scene.stage(database, nursery) as stage:
                for name in asked.names or KINDS:
                    yield _outcome(name, stage, database=database, is_long=asked.long)


def _outcome(name: str, stage: scene.Stage, *, database: str, is_long: bool) -> Outcome:
    """One kind, in one office after the other; what was wrong is told of all."""
    kind, size = KINDS[name], LONG if is_long else SHORT
    if kind.cases is not None and not is_long:
        size = replace(size, cases=kind.cases)
    runs = kills = 0
    total, wrong = judge.Verdict(), list[str]()
    for n in range(size.offices):
        with scene.opened(stage, name=f"{name}_{n}", size=size, start=kind.start) as place:
            kind.run(place)
            total += place.verdict(sample=SAMPLE)
            runs, kills = runs + place.runs, kills + place.kills
            wrong += [*place.found, *_alarms(place)]
    if kind.hits and not kills:
        wrong.append("nothing was hit: the run proves nothing")
    return Outcome(
        name=name,
        database=database,
        runs=runs,
        kills=kills,
        fired=total.fired,
        lost=len(total.lost),
        dup=len(total.doubled),
        early=len(total.early),
        late_p99_s=judge.p99(total.late_s),
        wrong=(*wrong, *_places(total)),
    )


def _places(verdict: judge.Verdict) -> Iterator[str]:
    named = {
        "lost": verdict.lost,
        "twice": verdict.doubled,
        "early": verdict.early,
        "wrong": verdict.wrong,
    }
    yield from (f"{what}: {judge.short(found)}" for what, found in named.items() if found)


def _alarms(place: scene.Scene) -> Iterator[str]:
    for alarm in ALARMS:
        n = sum(alarm in line for line in place.workers.told())
        if n:
            yield f"the workers said {alarm} {n} times"


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    """Ends like Ctrl-C: what was started is ended on the way out."""
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(KINDS)}")
    parser.add_argument("--long", action="store_true", help="10,000 cases, again and again")
    parser.add_argument("--database", choices=get_args(Dialect), help="both if not named")
    parser.add_argument("--json", action="store_true", help="the outcomes as JSON at the end")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
