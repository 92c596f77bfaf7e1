"""Whether a pack may be used: every name exists, every state has a way out and a clock,
every ladder ends, every worked example comes out as written.

A pack that passes cannot leave a case without an owner, a clock or an end.
"""

from __future__ import annotations

from types import MappingProxyType

from rules import calendars, errors, pack
from rules.check import (
    clocks,
    content,
    effects,
    examples,
    names,
    papers,
    people,
    provisions,
    references,
    soundness,
    texts,
    walk,
)
from rules.check.report import Places, Report

__all__ = ["Places", "check"]

_NOWHERE: Places = MappingProxyType({})


def check(
    pack: pack.Pack,
    calendar: calendars.Calendar,
    *,
    places: Places = _NOWHERE,
) -> tuple[errors.PackFault, ...]:
    """The faults of a pack, none if it is sound. `places` (of `load.Loaded`) gives the lines.

    Names are checked first; only where they all exist is the rest asked: what is declared fits
    together, processes are walked, examples run.
    Invariant: I10.
    """
    report = Report(places)
    references.check(pack, report)
    provisions.check(pack, report)
    names.check(pack, report)
    texts.check(pack, report)
    if not report.found:
        papers.check(pack, report)
        content.check(pack, report)
        effects.check(pack, report)
        for name in pack.processes:
            walked = walk.walked(pack, name)
            soundness.check(pack, walked, report)
            people.check(pack, walked, report)
            clocks.check(walked, report)
        examples.check(pack, calendar, report)
    return tuple(sorted(report.found, key=lambda fault: (fault.file, fault.line, fault.key)))
