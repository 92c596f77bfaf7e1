"""A pack: one locality's policy as frozen values. These dataclasses are the schema of the YAML;
`load` fills them, `check` proves them sound. Clocks and rungs hash by identity: every decision
looks them up, and a cache that takes one for another of equal content only computes once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Literal, get_args

DayUnit = Literal["working_day", "calendar_day", "month"]
Unit = Literal[DayUnit, "working_hour", "wall_hour", "working_minute", "wall_minute"]
DAY_UNITS: frozenset[Unit] = frozenset(get_args(DayUnit))

ORGAN = "organ"
"""What a clock belongs to that is a right of the organ holding the case."""

Tag = Literal["national", "local", "practice", "default"]
FieldType = Literal[
    "text", "int", "bool", "date", "instant", "choice", "area", "office", "person", "file", "paper"
]
Personal = Literal["name", "phone", "id_number", "address", "free_text"]
Side = Literal["applicant", "respondent", "representative"]
CaseAttribute = Literal[
    "category", "grade", "scale", "channel", "route", "petition_class", "confidentiality"
]
PersonRelation = Literal["handler", "filer", "leader", "supervisor"]
Relation = Literal[PersonRelation, "grid", "office", "sender", "area", "resident", "invited"]
FieldRight = Literal["open", "mask"]
Effect = Literal["warn", "urge", "supervise", "raise", "leader", "action", "measure"]
Addressee = Literal["applicant", "respondent", "both", "office", "file"]
PlanEffect = Literal["propose_plan", "agree_plan", "approve_plan"]
LeaderEffect = Literal["name", PlanEffect, "contact", "extend", "sign_off", "unsigned", "end"]
Place = Literal["nearest", "here", "above", "superior", "common", "field", "own", "sender", "next"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The same words in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """A length of time as the law words it: `60 calendar days`."""

    n: int
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a choice field. `source`: the law that gives it; `restricts` the case; `recuses`
    who handles it; `place`: where something of this kind lies in the whole file of a case."""

    name: Text
    source: str | None = None
    restricts: bool = False
    recuses: bool = False
    place: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something an action asks for. `personal` seals it; `party` says whose it is; `max` bounds a
    text's characters or an int's value. `role`: the person holds it at the lead office or its line.
    `past_only`: the day is not after today (office time), nor before the case was received;
    `future_only`: not before today; `not_before`: not before the day last entered in that field.
    `excludes`: the office is complained about: it and its line are out of the case. `below`: it is
    of one of these kinds, answers to the one that leads, and has not `objected` unless it may."""

    type: FieldType
    name: Text
    hint: Text | None = None
    min: int | None = None
    max: int | None = None
    choices: Mapping[str, Choice] | None = None
    personal: Personal | None = None
    seen_by: str | None = None
    party: Side | None = None
    role: str | None = None
    must_be_true: bool = False
    past_only: bool = False
    future_only: bool = False
    not_before: str | None = None
    excludes: bool = False
    below: tuple[str, ...] = ()
    objected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A guard: a CEL expression over the facts, and what to tell where it is false."""

    test: str
    otherwise: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a case can stand. `owner` is whose turn it is: the first of these roles with a post
    at the lead office. `main` is the usual next action, of several the first that can be done.
    `done`: the matter is settled (办结); `end`: over, and closed once what ended it is served."""

    name: Text
    owner: tuple[str, ...] = ()
    main: tuple[str, ...] = ()
    done: bool = False
    end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededIf:
    """A field that an action takes, and needs where another field has one of these values."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a person, or the ladder, does to a case.

    `source` is empty for the action that opens a case. `to` is None where the state stays. `lead`
    names a route of `routing`; `handler` is `actor`, `nobody`, `fields.<name>` or a role, whose
    holder at the lead office takes over (nobody, where the post is vacant); `sets` copies fields
    into the case row; `leader` acts on the leader's assignment; `duties` are the yes-or-no fields
    among which its duties are chosen, all where none is; `supervision` on who watches, `invitation`
    on who else is let in; `is_return` counts a case sent back (退回) for the office that held it;
    `parts` remembers that office as one that objected, `sends` as the one that sent the case on;
    `within` names a window, a clock that must run, or must have run on the day in the field
    `within_on`; `outside` a clock that must not: of an answer that is waited for, or, where it
    leads on, of papers to serve first; `after` one late and running, or a person's window that was
    used. `recuses`: who does it (`actor`), or whom they name (`named`), is out of the case.
    `ousts`: the office that it says is complained about, or one below it, leads it. `link` ties
    the case to the earlier one of `earlier_number`: a `repeat`, or a `merge`: that one goes on for
    both. `needs_if`: when a field is needed. `today`: the field nobody enters, the day of the
    act."""

    name: Text
    source: tuple[str, ...] = ()
    to: str | None = None
    by: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    needs_if: Mapping[str, NeededIf] = field(default_factory=dict)
    when: tuple[Condition, ...] = ()
    lead: str | None = None
    handler: str | None = None
    sets: Mapping[CaseAttribute, str] | None = None
    leader: LeaderEffect | None = None
    duties: tuple[str, ...] = ()
    supervision: Literal["take", "give", "end"] | None = None
    invitation: Literal["make", "end"] | None = None
    is_return: bool = False
    parts: bool = False
    sends: bool = False
    ousts: bool = False
    recuses: Literal["actor", "named"] | None = None
    link: Literal["repeat", "merge"] | None = None
    within: str | None = None
    within_on: str | None = None
    outside: str | None = None
    after: str | None = None
    today: str | None = None
    resident_sees: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """The state machine of one kind of case."""

    name: Text
    kind: Literal["dispute", "petition"]
    states: Mapping[str, State]
    actions: Mapping[str, Action]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How long: a length, or until the day a field names."""

    length: Length | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """Lengthening one clock, decided before its limit ends; `max` bounds the sum."""

    name: str
    text: Text
    action: str
    days: str
    max: Length
    by: str
    tag: Tag
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A reason for which a clock stands still, from one action to the first of others."""

    name: Text
    starts: str
    ends: tuple[str, ...]
    max: Length | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineRule:
    """One clock. `belongs_to` None: an office owes it; else whose window it is: a party's, or
    `ORGAN`, the organ that holds the case. A window has no light and no lateness; it lapses.
    `start_at`: the day in a field. `recounts`: starts that correct what its conditions read; from
    them it runs as it would have, had they held from the beginning.
    `unserved`: it runs while a paper of the actions that start it is not served, after an end too
    that one of them brings. `runs_on`: no start resets it while it runs. `no_later_than`: it ends
    with those of these clocks that ran as it started, at the latest."""

    process: str
    name: Text
    limit: Limit
    starts: tuple[str, ...]
    stops: tuple[str, ...]
    tag: Tag
    source: str
    start_at: str | None = None
    recounts: tuple[str, ...] = ()
    first_day: Literal["excluded", "counted"] = "excluded"
    roll: Literal["none", "next_working_day"] = "none"
    ends: Literal["midnight", "office_closing"] = "midnight"
    when: tuple[str, ...] = ()
    belongs_to: str | None = None
    soft: bool = False
    ladder: str | None = None
    pauses: tuple[Pause, ...] = ()
    extension: Extension | None = None
    on_lapse: str | None = None
    on_miss: str | None = None
    unserved: bool = False
    runs_on: bool = False
    no_later_than: tuple[str, ...] = ()

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The planned moment of a rung, relative to its deadline."""

    kind: Literal["percent", "due", "before", "after"]
    percent: int | None = None
    length: Length | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of a ladder. `do` is the effect, `tell` a role or `handler`; `every` repeats it
    up to `cap` times in all; `when` limits it to some cases; unless `tag` says more, it is ours."""

    at: When
    do: Effect
    tell: str
    every: Length | None = None
    cap: int = 1
    action: str | None = None
    measure: str | None = None
    when: tuple[str, ...] = ()
    tag: Tag = "default"
    source: str = ""

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A kind of post; which offices have one stands in the pack's `offices`."""

    name: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffing:
    """One kind of office that every area of a level has, and the posts in each such office."""

    level: str
    kind: str
    posts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """What one role may do, in these `processes`, where none is named in all. `sees` are the
    relations that open a case to it (`sender`: its office sent it on last), `acts` those its
    actions need, `fields` how it reads each field right: `open` or `mask`, else hidden."""

    role: str
    sees: tuple[Relation, ...]
    acts: tuple[Relation, ...]
    processes: tuple[str, ...] = ()
    fields: Mapping[str, FieldRight] | None = None
    board: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a case goes: an office of one of `kinds`, found from a place.

    `nearest`: the first area from the grid upward that has one; `here`: the lead office's own area;
    `above`: the nearest above that; `superior`: the lead office's own superior; `common`: the
    nearest above the lead office and every office that objected, else the highest there is (of both
    the first kind stands over all, another over its own); `field`: the office that `field` names,
    which must be of a kind; `own`: the office of the post that acts, where its kind fits, else the
    nearest of the first kind that there is; `sender`: the one that sent the case on, or as
    `nearest`; `next`: the nearest from the lead office's area upward whose kind stands later in
    `kinds` than its own, also where two share an area. Where an area has offices of several kinds,
    the order of `kinds` decides. From an office complained about it goes up: to the nearest of the
    kinds above it, else up its line."""

    place: Place
    kinds: tuple[str, ...]
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Words sent when an action (or a rung's effect, `rung.warn`, `window_lapsed`,
    `deadline_missed`) happens. `tell` is a role at the lead office (of none there, at the one that
    sent the case on), `handler`, `filer`, `leader`, `supervisor_above` (who supervises it, or
    would) or `target` (a rung's own). Texts fill {number} {process} {due_on} {office}."""

    on: str
    tell: tuple[str, ...]
    text: Text
    process: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of a paper: a paragraph, a heading, or rows of a table, each a title and a text."""

    text: str | None = None
    heading: str | None = None
    rows: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A paper in one language: as its template, with `{names}` to fill, or filled."""

    title: str
    body: tuple[Block, ...]
    to: str | None = None
    sign: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What the law asks of a paper's contents: the field that brings it, and where it says so."""

    field: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper that actions make: none of them is done without it.

    `series` is the series in which the organ numbers it by year; `organ` says whose number it
    is, that of the post that acts or the office that leads after the act. `to` is whose paper it
    is, `seen_by` the field right that opens it, `served_by` the actions that serve it, and
    `overtaken_by` those after which it is not true any more, and nobody serves it. `when` are
    conditions over what the act, or the filing, needs. `place` orders the whole file of a case;
    `signed` ones the parties sign by hand before the act is recorded. `en` is a reading copy."""

    name: Text
    process: str
    made_by: tuple[str, ...]
    series: str
    to: Addressee
    seen_by: str
    tag: Tag
    source: str
    zh: Sheet
    en: Sheet
    when: tuple[str, ...] = ()
    organ: Literal["acting", "lead"] = "acting"
    served_by: tuple[str, ...] = ()
    overtaken_by: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    signed: bool = False
    place: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """When nobody is told outside the app: from `begins` to `ends` on the wall (past midnight,
    where `ends` is the earlier), and where `days_off` on days off whole. A notice of a cause in
    `broken_by` goes all the same."""

    begins: time
    ends: time
    days_off: bool
    broken_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """When notices go outside the app; a digest goes at `digest_at` of working days."""

    digest_at: time
    tag: Tag
    source: str
    quiet: Quiet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A category of GB/T 31000; a sub-category names its parent by its first two digits."""

    name: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A worked case that `pack check` runs. `due` is a local date, or date and time."""

    deadline: str
    start: str
    due: str
    because: str
    extend: int = 0
    pause: tuple[str, str] | None = None
    until: str | None = None
    roll: Literal["none", "next_working_day"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """What a law or a rule of work asks for, in our own words, and how the pack answers it.
    `kept_by` names lines of the pack (`clock petition.handle`, `field route.6`, ...) or what the
    program does for every pack (`engine counting.month`); `not_kept` says why there is none."""

    words: Text
    source: str
    tag: Tag
    kept_by: tuple[str, ...] = ()
    not_kept: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A whole pack. Its identity is the hash that `load` gives it. `offices` are those of each
    level, the top level first. What a pack of before has not is empty: without `delivery` notices
    go as they come, without `offices` the check refuses it."""

    name: str
    version: str
    title: Text
    processes: Mapping[str, Process]
    fields: Mapping[str, Field]
    deadlines: Mapping[str, DeadlineRule]
    ladders: Mapping[str, tuple[Rung, ...]]
    roles: Mapping[str, Role]
    office_kinds: Mapping[str, Text]
    levels: Mapping[str, Text]
    rights: tuple[Right, ...]
    routing: Mapping[str, Route]
    notices: tuple[Notice, ...]
    categories: Mapping[str, Category]
    examples: tuple[Example, ...]
    delivery: Delivery | None = None
    offices: tuple[Staffing, ...] = ()
    provisions: Mapping[str, Provision] = field(default_factory=dict)
    papers: Mapping[str, Paper] = field(default_factory=dict)
    paper_number: str = "{office}{series}〔{year}〕{serial}号"
