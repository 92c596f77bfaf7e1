"""What happened on a case, in words: the events as lines of a timeline, for officers and for
the resident, who is told of acts and dates but of nobody's inner workings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from api import texts
from api.pages import frame as frames
from api.pages import papers_listed
from rules import pack
from workflow.decide import attachments, imported
from workflow.queries import case as case_query

SECOND_S: Final = 60
"""A rung that fires within a minute of its plan is on time."""
LONG: Final = "free_text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the timeline. `mark` is none, ladder, now or next."""

    title: str
    when: datetime | str
    lines: tuple[str, ...] = ()
    mark: str | None = None


BY_TIME: Final[Mapping[str, str]] = {
    "supervision_ended": "No longer supervised: nothing is late any more",
    "deadline_missed": "Deadline missed: {clock}",
    "window_lapsed": "Window over: {clock}",
    "calendar_changed": "The calendar was changed",
    "deadline_moved": "Calendar changed, new date: {clock}",
    "pause_ended": "The pause has reached its limit; the clock runs on: {clock}",
}
"""Words for what time alone does, rungs apart."""

Names = Mapping[UUID, str]
Opened = Mapping[str, str]
"""Personal values that were opened on purpose, by `seq:field`."""


def entries(
    frame: frames.Frame, view: case_query.CaseView, *, names: Names, opened: Opened
) -> tuple[Entry, ...]:
    """Every event, newest first."""
    found = [_entry(frame, view, event, names, opened) for event in reversed(view.events)]
    if found and not view.case.is_closed:
        newest = found[0]
        found[0] = Entry(
            title=newest.title, when=newest.when, lines=newest.lines, mark=_now(newest)
        )
    return tuple(found)


def _now(entry: Entry) -> str:
    return entry.mark or "now"


def _entry(
    frame: frames.Frame,
    view: case_query.CaseView,
    event: case_query.EventView,
    names: Names,
    opened: Opened,
) -> Entry:
    words = frame.words
    if event.name in view.process.actions:
        act = words.text(event.title)
        who = event.actor or _kind(words, event.actor_kind)
        title = words.get("{who}: {act}", who=who, act=act)
        lines = (
            *_fields(frame, view.pack, _said(view.pack, event), names),
            *_values(words, event.values, opened),
        )
        mark = "ladder" if event.actor_kind == "ladder" else None
        return Entry(title=title, when=event.at, lines=lines, mark=mark)
    if event.name == attachments.ATTACH:
        return _attached(frame, view, event)
    if event.name == imported.IMPORTED:
        said = _fields(frame, view.pack, event.fields, names)
        return _imported(words, event, (*said, *_values(words, event.values, opened)))
    title, more = _by_time(words, view.pack, event.name, event.payload, names)
    return Entry(title=title, when=event.at, lines=more, mark="ladder")


def _attached(frame: frames.Frame, view: case_query.CaseView, event: case_query.EventView) -> Entry:
    """A file that was attached: to which paper or material, and how large."""
    words, note = frame.words, event.payload[attachments.NOTE]
    is_receipt = note["kind"] == "receipt"
    act = words.get("Attached a receipt") if is_receipt else words.get("Attached a file")
    title = words.get("{who}: {act}", who=event.actor or "–", act=act)
    kinds = {it.seq: words.text(it.kind) for it in view.materials}
    told = note["number"] if is_receipt else kinds[note["material"]]
    line = f"{told} · {papers_listed.size(note['bytes'])}"
    return Entry(title=title, when=event.at, lines=(line,))


def _imported(words: texts.Words, event: case_query.EventView, said: tuple[str, ...]) -> Entry:
    """A case of an earlier system: its number and its days there, and what was given of it."""
    told = event.payload
    received, closed = (
        words.day(date.fromisoformat(str(told[key]))) for key in ("received_on", "closed_on")
    )
    days = words.get("Received {received}, closed {closed}", received=received, closed=closed)
    return Entry(title=words.imported(told), when=event.at, lines=(days, *said))


def _kind(words: texts.Words, kind: str) -> str:
    return words.get("Resident") if kind == "resident" else words.get("System")


def _by_time(
    words: texts.Words, rules: pack.Pack, name: str, payload: Mapping[str, object], names: Names
) -> tuple[str, tuple[str, ...]]:
    """What time did: a rung, a missed limit, a window that is over."""
    rule = rules.deadlines.get(str(payload.get("deadline")))
    clock = words.text(rule.name) if rule else str(payload.get("deadline", ""))
    effect = words.phrase(str(payload.get("effect", "")))
    if name == "rung_fired":
        told = names.get(_uuid(payload.get("target")))
        lines = [clock]
        if told:
            lines.append(words.get("Told: {who}", who=told))
        lines.append(_planned(words, payload))
        return effect, tuple(lines)
    if name == "rung_blocked":
        key = str(payload.get("role"))
        role = rules.roles.get(key)
        # `handler` is whoever handles the case: no role of the pack
        named = words.get("Handler") if key == "handler" else key
        who = words.text(role.name) if role else named
        lines = [clock, words.get("Nobody holds this post here or above: {role}", role=who)]
        return words.get("Cannot escalate: {effect}", effect=effect), tuple(lines)
    if name == "action_refused":
        key = str(payload.get("action"))
        known = [p.actions[key].name for p in rules.processes.values() if key in p.actions]
        action = words.text(known[0]) if known else key
        return words.get("Was due, but not possible then: {action}", action=action), ()
    more = _moved(words, payload) if name == "deadline_moved" else ()
    return words.get(BY_TIME[name], clock=clock) if name in BY_TIME else name, more


def _moved(words: texts.Words, payload: Mapping[str, object]) -> tuple[str, ...]:
    before, after = (datetime.fromisoformat(str(payload[key])) for key in ("from", "to"))
    days = [date.fromisoformat(str(payload[key])) for key in ("from_on", "to_on")]
    if days[0] == days[1]:  # by hours
        told = words.get(
            "{before} became {after}", before=words.short(before), after=words.short(after)
        )
    else:
        one, two = map(words.day, days)
        told = words.get("{before} became {after}", before=one, after=two)
    if payload.get("forgiven"):
        return told, words.get("It does not count as missed any more")
    return (told,)


def _planned(words: texts.Words, payload: Mapping[str, object]) -> str:
    planned = datetime.fromisoformat(str(payload.get("planned_at")))
    late = payload.get("lateness_s")
    late_s = late if isinstance(late, int) else 0
    if late_s < SECOND_S:
        return words.get("planned {when}, on time", when=words.short(planned))
    lateness = span(words, late_s)
    return words.get("planned {when}, {late} late", when=words.short(planned), late=lateness)


def span(words: texts.Words, seconds: int) -> str:
    """A length of time in its largest whole unit."""
    if seconds >= 86_400:
        return words.length(seconds // 86_400, "calendar_day")
    if seconds >= 3600:
        return words.length(seconds // 3600, "wall_hour")
    if seconds >= 60:
        return words.length(seconds // 60, "wall_minute")
    return words.count("{n} second", "{n} seconds", seconds)


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        return UUID(int=0)


def _fields(
    frame: frames.Frame, rules: pack.Pack, sent: Mapping[str, object], names: Names
) -> tuple[str, ...]:
    """The plain values of an act. The subject stands in the heading already."""
    return tuple(
        field_words(frame, rules, name, value, names)
        for name, value in sent.items()
        if name in rules.fields and name != "subject"
    )


def _said(rules: pack.Pack, event: case_query.EventView) -> dict[str, object]:
    """The plain values of an act; a paper by its number, which people know it by."""
    served = event.payload.get("service", {})
    return {
        name: served.get("number", value)
        if name in rules.fields and rules.fields[name].type == "paper"
        else value
        for name, value in event.fields.items()
    }


def field_words(
    frame: frames.Frame, rules: pack.Pack, name: str, value: object, names: Names
) -> str:
    """One value with its title."""
    words, field = frame.words, rules.fields[name]
    title = words.text(field.name)
    if field.must_be_true:
        return title
    return words.get("{field}: {text}", field=title, text=_shown(words, rules, field, value, names))


def _shown(
    words: texts.Words, rules: pack.Pack, field: pack.Field, value: object, names: Names
) -> str:
    if isinstance(value, bool):
        return words.get("Yes") if value else words.get("No")
    if field.type == "date":
        return words.day(date.fromisoformat(str(value)))
    if field.type in ("person", "office"):
        return names.get(_uuid(value), "–")
    choice = (field.choices or {}).get(str(value))
    if choice is not None:
        return words.text(choice.name)
    return str(value)


def _values(
    words: texts.Words, values: Sequence[case_query.Value], opened: Opened
) -> tuple[str, ...]:
    """The personal values of an act: opened, or with their mask; the parties' own stand in
    their cards."""
    lines = []
    for value in values:
        if value.kind == LONG or value.field == "place_detail":
            full = opened.get(f"{value.seq}:{value.field}")
            shown = full or words.get("(kept closed)")
            lines.append(words.get("{field}: {text}", field=words.text(value.name), text=shown))
    return tuple(lines)


# ---- the resident's line


def resident_entries(
    frame: frames.Frame, view: case_query.CaseView, *, names: Names, opened: Opened
) -> tuple[Entry, ...]:
    """Acts that the pack shows to the resident, and limits that the office missed; with the
    date and the office's role, and with no person of the office."""
    words = frame.words
    found = []
    for event in reversed(view.events):
        if not event.resident_sees:
            continue
        if event.name in view.process.actions:
            lines = (
                *_fields(frame, view.pack, _public(view.pack, _said(view.pack, event)), names),
                *_values(words, event.values, opened),
            )
            title = words.text(event.title)
        elif event.name in ("deadline_missed", "window_lapsed", "deadline_moved"):
            title, lines = _by_time(words, view.pack, event.name, event.payload, names)
        else:
            continue
        found.append(Entry(title=title, when=words.day(words.local_day(event.at)), lines=lines))
    if found and not view.case.is_closed:
        first = found[0]
        found[0] = Entry(title=first.title, when=first.when, lines=first.lines, mark="now")
    return tuple(found)


def _public(rules: pack.Pack, sent: Mapping[str, object]) -> dict[str, object]:
    """Without persons of the office and without the office's own marks."""
    inner = {"scale", "grade", "confidentiality", "danger", "identity_clear", "heads"}
    return {
        name: value
        for name, value in sent.items()
        if name in rules.fields
        and name not in inner
        and rules.fields[name].type not in ("person", "area")
    }


def named(view: case_query.CaseView) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """The persons and the offices that the events name."""
    people: set[UUID] = set()
    offices: set[UUID] = set()
    for event in view.events:
        if event.name == "rung_fired":
            people.add(_uuid(event.payload.get("target")))
        for name, value in event.fields.items():
            field = view.pack.fields.get(name)
            if field is not None and field.type == "person":
                people.add(_uuid(value))
            elif field is not None and field.type == "office":
                offices.add(_uuid(value))
    return frozenset(people), frozenset(offices)
