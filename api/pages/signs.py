"""Signs of life on the board: workers and alarms in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from api import texts
from api.pages import happened
from workflow.queries import board as board_query

SKEWED_MS: Final = 2_000
"""A clock that is off by more is told: its log lines and sign-ins are off as well."""
ALARMS: Final[Mapping[str, str]] = {
    "sweep_behind": "What is due waits for minutes: the processes do not keep up",
    "delivery_behind": "Messages outside the app have waited half an hour: run gridcase doctor",
    "clock_off": "The clock of a scheduling process is wrong",
    "will_not_wake": "Case {number} would not be looked at when it is due",
    "due_differs": "The due date of case {number} is not what its rule gives",
    "record_differs": "The ladder of case {number} did not do what was due",
    "no_clock": "Case {number} is open and no clock of it runs",
    "case_unreadable": "Case {number} cannot be read and was not checked",
}
"""Texts of the auditor's alarms by kind; that a worker is silent is said above them, sooner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A scheduling process in words."""

    name: str
    tone: str
    life: str
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Signs of life."""

    health: board_query.Health
    workers: tuple[Worker, ...]
    alarms: tuple[tuple[str, str, UUID | None], ...]
    silent: int
    alive: int
    is_checked: bool


def signs(words: texts.Words, health: board_query.Health) -> Signs:
    return Signs(
        health=health,
        workers=tuple(_worker(words, it, n) for n, it in enumerate(health.workers, start=1)),
        alarms=tuple(
            (
                words.get(ALARMS[it.kind], number=it.number or it.subject),
                words.get("since {at}", at=words.short(it.first_at)),
                it.case_id,
            )
            for it in health.alarms
            if it.kind in ALARMS
        ),
        silent=health.of("silent"),
        alive=health.of("alive"),
        is_checked=health.is_checked,
    )


def _worker(words: texts.Words, it: board_query.WorkerLine, n: int) -> Worker:
    told = [
        words.get("heard {ago} ago", ago=happened.span(words, it.beat_age_s)),
        words.get("last round {ms} ms", ms=it.tick_ms),
    ]
    if it.errors:
        told.append(words.count("{n} failed round", "{n} failed rounds", it.errors))
    if abs(it.skew_ms) >= SKEWED_MS:
        ahead = "its clock is {span} ahead" if it.skew_ms > 0 else "its clock is {span} behind"
        told.append(words.get(ahead, span=happened.span(words, abs(it.skew_ms) // 1000)))
    tone, life = {
        "alive": ("green", words.get("running")),
        "silent": ("red", words.get("silent")),
        "stopped": ("grey", words.get("stopped")),
    }[it.life]
    name = words.get("Process {n} ({place})", n=n, place=f"{it.host}:{it.pid}")
    return Worker(name=name, tone=tone, life=life, told=tuple(told))
