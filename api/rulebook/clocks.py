"""A clock in words: how long, from when to when, whose, what happens when it is late, and where
it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from api import texts
from api.rulebook import conditions, labels
from rules import pack as pack_


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Where a rule comes from: the kind of its source, in a word and in words, and the source."""

    tag: str
    kind: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderStep:
    """One rung of a ladder in words: when, what, who is told, and where it comes from."""

    when: str
    what: str
    who: str
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class LongerClock:
    """How a clock may be made longer: by which act, by whom, and by how much in all."""

    name: str
    title: str
    act: str
    by: str
    most: str
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRules:
    """A clock in words; for programs `n` and `unit`, `until` (the field that sets the end),
    `no_later_than` (the clocks with which it ends at the latest), `starts` and `stops`
    (actions) and `belongs_to` as the pack has them."""

    name: str
    title: str
    length: str
    n: int | None
    unit: pack_.Unit | None
    until: str | None
    no_later_than: tuple[str, ...]
    starts: tuple[str, ...]
    stops: tuple[str, ...]
    belongs_to: str | None
    counting: str
    begins: str
    ends: str
    only_if: tuple[str, ...]
    owner: str
    is_window: bool
    late: tuple[str, ...]
    """What happens when its time is over, besides the ladder."""
    ladder: tuple[LadderStep, ...]
    pauses: tuple[str, ...]
    longer: LongerClock | None
    basis: Basis


def clock(pack: pack_.Pack, name: str, words: texts.Words) -> ClockRules:
    """The clock `name` of a pack in words."""
    rule = pack.deadlines[name]
    process = pack.processes[rule.process]
    rungs = pack.ladders[rule.ladder] if rule.ladder else ()
    return ClockRules(
        name=name,
        title=words.text(rule.name),
        length=labels.limit(pack, rule, words),
        n=rule.limit.length.n if rule.limit.length else None,
        unit=rule.limit.length.unit if rule.limit.length else None,
        until=rule.limit.until,
        no_later_than=rule.no_later_than,
        starts=rule.starts,
        stops=rule.stops,
        belongs_to=rule.belongs_to,
        counting=_counting(pack, rule, words),
        begins=_begins(pack, rule, words),
        ends=acts(process, rule.stops, words),
        only_if=conditions.conditions(pack, rule.when, words),
        owner=_owner(pack, rule, words),
        is_window=rule.belongs_to is not None,
        late=tuple(_late(process, rule, words)),
        ladder=tuple(step(pack, process, rung, words) for rung in rungs),
        pauses=tuple(_pause(process, pause, words) for pause in rule.pauses),
        longer=_longer(pack, process, rule, words),
        basis=basis(rule.tag, rule.source, words),
    )


def basis(tag: pack_.Tag, source: str, words: texts.Words) -> Basis:
    """A tag and a source in words."""
    return Basis(tag=tag, kind=words.phrase(tag), source=source)


def acts(process: pack_.Process, names: tuple[str, ...], words: texts.Words) -> str:
    """Actions in a row."""
    known = [words.text(process.actions[it].name) for it in names if it in process.actions]
    return labels.joined(list(dict.fromkeys(known)), words)


def _counting(pack: pack_.Pack, rule: pack_.DeadlineRule, words: texts.Words) -> str:
    length = rule.limit.length
    told = []
    if length is not None and length.unit in pack_.DAY_UNITS:
        told.append(
            words.get("The day it begins counts.")
            if rule.first_day == "counted"
            else words.get("The day it begins does not count.")
        )
        told.append(
            words.get("If the last day is off, it ends on the next working day.")
            if rule.roll == "next_working_day"
            else words.get("It also ends on a day off.")
        )
    if rule.ends == "office_closing":
        told.append(words.get("It ends when the office closes."))
    if rule.no_later_than:
        others = [words.text(pack.deadlines[key].name) for key in rule.no_later_than]
        told.append(
            words.get(
                "Where one of these runs as it begins, it ends with that at the latest, on its"
                " first day where that is over: {clocks}.",
                clocks=labels.joined(others, words),
            )
        )
    return words.sentences(told)


def _begins(pack: pack_.Pack, rule: pack_.DeadlineRule, words: texts.Words) -> str:
    process = pack.processes[rule.process]
    by = acts(process, tuple(it for it in rule.starts if it not in rule.recounts), words)
    if rule.recounts:
        again = acts(process, rule.recounts, words)
        return words.get("{acts}, also where it comes to run only by {again}", acts=by, again=again)
    if rule.start_at is None:
        return by
    field = labels.field_name(pack, rule.start_at, words)
    return words.get("{acts}, from the day in “{field}”", acts=by, field=field)


def _owner(pack: pack_.Pack, rule: pack_.DeadlineRule, words: texts.Words) -> str:
    """Whose the clock is."""
    known = {
        None: words.get("the office that handles the case"),
        pack_.ORGAN: words.get("the organ that holds the case: a right, not a duty"),
        "petitioner": words.get("the petitioner"),
        "applicant": words.get("the applicant"),
        "respondent": words.get("the respondent"),
        "both_parties": words.get("both parties together"),
    }
    if rule.belongs_to in known:
        return known[rule.belongs_to]
    role = pack.roles.get(rule.belongs_to or "")
    return words.text(role.name) if role else str(rule.belongs_to)


def _late(process: pack_.Process, rule: pack_.DeadlineRule, words: texts.Words) -> list[str]:
    """What the end of the time brings about by itself."""
    found = []
    if rule.belongs_to is not None:
        found.append(words.get("The window is over; nobody is late."))
    elif rule.soft:
        found.append(
            words.get("It shows red and counts for the office; the matter goes on all the same.")
        )
    else:
        found.append(words.get("It shows red and counts for the office that holds the case."))
    if rule.on_lapse:
        found.append(words.get("By itself: {act}.", act=acts(process, (rule.on_lapse,), words)))
    if rule.on_miss:
        act = acts(process, (rule.on_miss,), words)
        found.append(words.get("Whoever handles the case is asked: {act}?", act=act))
    return found


def _pause(process: pack_.Process, pause: pack_.Pause, words: texts.Words) -> str:
    told = words.get(
        "{why}: from “{first}” to “{last}”",
        why=words.text(pause.name),
        first=acts(process, (pause.starts,), words),
        last=acts(process, pause.ends, words),
    )
    if pause.max is None:
        return told
    most = words.length(pause.max.n, pause.max.unit)
    return words.get("{pause}, at most {length}", pause=told, length=most)


def _longer(
    pack: pack_.Pack, process: pack_.Process, rule: pack_.DeadlineRule, words: texts.Words
) -> LongerClock | None:
    longer = rule.extension
    if longer is None:
        return None
    return LongerClock(
        name=longer.name,
        title=words.text(longer.text),
        act=acts(process, (longer.action,), words),
        by=labels.roles(pack, (longer.by,), words),
        most=words.length(longer.max.n, longer.max.unit),
        basis=basis(longer.tag, longer.source, words),
    )


# ---- the ladder


def step(
    pack: pack_.Pack, process: pack_.Process, rung: pack_.Rung, words: texts.Words
) -> LadderStep:
    """A rung in words."""
    when = _when(rung.at, words)
    if rung.every is not None:
        every = words.length(rung.every.n, rung.every.unit)
        when = words.get(
            "{when}, then every {length}, {n} times in all", when=when, length=every, n=rung.cap
        )
    if rung.when:
        only = words.get(" and ").join(conditions.conditions(pack, rung.when, words))
        when = words.get("{when}, if {condition}", when=when, condition=only)
    return LadderStep(
        when=when,
        what=_effect(process, rung, words),
        who=_target(pack, rung, words),
        basis=basis(rung.tag, rung.source, words),
    )


def _when(at: pack_.When, words: texts.Words) -> str:
    if at.kind == "percent":
        return words.get("at {percent} % of the time", percent=at.percent)
    if at.kind == "due" or at.length is None:
        return words.get("when it is late, as the office opens")
    length = words.length(at.length.n, at.length.unit)
    if at.kind == "before":
        return words.get("{length} before it ends", length=length)
    return words.get("{length} late", length=length)


def _effect(process: pack_.Process, rung: pack_.Rung, words: texts.Words) -> str:
    what = words.phrase(rung.do)
    if rung.do == "action" and rung.action:
        return words.get("{field}: {text}", field=what, text=acts(process, (rung.action,), words))
    if rung.do == "measure" and rung.measure:
        return words.get("{field}: {text}", field=what, text=rung.measure)
    return what


def _target(pack: pack_.Pack, rung: pack_.Rung, words: texts.Words) -> str:
    if rung.tell == "handler":
        return words.get("whoever handles the case")
    return labels.roles(pack, (rung.tell,), words)
