"""A case: what to do now, its clocks, its people, its way, what happened; opening values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from api import caller, forms, problems
from api.pages import filing, happened, papers_listed, walked, way
from api.pages import frame as frames
from api.pages import worklist as worklist_page
from rules import errors, pack, picture
from workflow import machine
from workflow.commands import people
from workflow.decide import attachments, bounds, guard_facts
from workflow.decide import papers as deciding
from workflow.queries import case as case_query
from workflow.queries import office

router = APIRouter()

CLOSE_AGAIN_S: Final = 300
"""Opened values are taken off the page after five minutes."""
OTHER: Final = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that may be done now."""

    name: str
    label: str
    url: str
    is_ending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The card that says what comes next: whose turn, until when, with which act."""

    title: str
    main: Act | None
    others: tuple[Act, ...]
    clock: case_query.ClockView | None
    is_mine: bool
    step_back: Act | None = None
    """Leaving the case to others, which whoever sees it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A party as its card shows it."""

    side: str
    side_name: str
    name: str
    rows: tuple[tuple[str, str], ...]
    position: str | None = None
    private: str | None = None
    private_url: str | None = None
    reveal_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A state on the way of the case."""

    name: str
    when: str
    mark: str


@router.get("/cases/{case_id}", dependencies=[caller.SESSION])
def get_case(frame: frames.Signed, case_id: str) -> Response:
    """The case as this person may see it."""
    view = case_query.view(frame.engine, frame.person, frames.read_id(case_id))
    return shown(frame, view)


@router.get("/cases/{case_id}/open", dependencies=[caller.SESSION])
def get_open(frame: frames.Signed, case_id: str) -> Response:
    """Why are the full details needed? Asked before they are shown."""
    view = case_query.view(frame.engine, frame.person, frames.read_id(case_id))
    return _ask(frame, view)


@router.post("/cases/{case_id}/open", dependencies=[caller.SESSION])
def post_open(frame: frames.Signed, case_id: str, sent: frames.Sent) -> Response:
    """Opens what this person may read, records it, and shows the case with it for a while."""
    wanted = frames.read_id(case_id)
    view = case_query.view(frame.engine, frame.person, wanted)
    reason = _reason(frame, sent)
    if reason is None:
        error = errors.Invalid("field.missing", field="reason")
        return _ask(frame, view, error=error, typed=sent.get("words", ""))
    values = people.open_values(frame.engine, frame.person, wanted, reason=reason)
    view = case_query.view(frame.engine, frame.person, wanted)
    response = shown(frame, view, opened=values)
    response.headers["Refresh"] = f"{CLOSE_AGAIN_S}; url=/cases/{wanted}"
    return response


# ---- why


def reasons(frame: frames.Frame) -> tuple[forms.Option, ...]:
    """Why one may need a name, a phone or a story."""
    words = frame.words
    return (
        forms.Option(value="handle", label=words.get("To handle the case")),
        forms.Option(value="contact", label=words.get("To contact the person")),
        forms.Option(value="identity", label=words.get("To check who it is")),
        forms.Option(value="paper", label=words.get("To write a paper")),
        forms.Option(value=OTHER, label=words.get("Another reason")),
    )


def _reason(frame: frames.Frame, sent: Mapping[str, str]) -> str | None:
    """The reason in words, as the party will read it."""
    own = " ".join(sent.get("words", "").split())[:120]
    if sent.get("reason") == OTHER:
        return own or None
    label = next((it.label for it in reasons(frame) if it.value == sent.get("reason")), None)
    return f"{label}：{own}" if label and own else label


def _ask(
    frame: frames.Frame,
    view: case_query.CaseView,
    *,
    error: errors.GridcaseError | None = None,
    typed: str = "",
) -> Response:
    words = frame.words
    told = ""
    if error is not None:
        text = words.error(error, {"reason": words.get("Why do you need them?")})
        told = problems.joined(text, words)
    return frame.page(
        "case/open.html",
        status=200 if error is None else 422,
        view=view,
        errors=(("f-reason", told),) if told else (),
        reason=forms.Input(
            name="reason",
            id="f-reason",
            kind="radios",
            label=words.get("Why do you need them?"),
            required=True,
            options=reasons(frame),
            error=told,
        ),
        more=forms.Input(
            name="words", id="f-words", kind="text", label=words.get("In your words"), value=typed
        ),
    )


# ---- the page


def shown(
    frame: frames.Frame,
    view: case_query.CaseView,
    *,
    opened: Mapping[str, str] | None = None,
) -> Response:
    """The case's page; `opened` are the personal values opened for it."""
    values = opened or {}
    names = office.names(frame.engine.database, *happened.named(view))
    running = [clock for clock in view.clocks if clock.state in ("running", "paused")]
    running.sort(key=lambda clock: (clock.owner != "office", clock.due_at))
    can_open = any(v.can_open for p in view.parties for v in p.values) or any(
        v.can_open for event in view.events for v in event.values
    )
    shown_on = walked.walked(view, ahead(frame, view), frame.words)
    return frame.page(
        "case/case.html",
        view=view,
        now=_now(frame, view, running),
        running=tuple(running),
        ended=tuple(clock for clock in view.clocks if clock.state not in ("running", "paused")),
        category=filing.category_words(frame, view.case.category) if view.case.category else None,
        grade=_choice(frame, view, "grade", view.case.grade),
        route=_choice(frame, view, "route", view.case.route),
        sides=sides(
            frame, view, values, reveal=f"/cases/{view.case.id}/open" if can_open else None
        ),
        entries=happened.entries(frame, view, names=names, opened=values),
        steps=steps(frame, view),
        link_ways=way.link_ways(view),
        drawing=shown_on.drawing,
        told=shown_on.told,
        book=walked.rules_of(view),
        readings=tuple(_reading(frame, view, row) for row in view.readings),
        is_opened=opened is not None,
        can_open=can_open,
        papers=papers_listed.items(frame, view, base=f"/cases/{view.case.id}"),
        materials=papers_listed.materials(frame, view),
        may_open_papers=any(it.can_open for it in view.papers),
    )


def _reading(
    frame: frames.Frame, view: case_query.CaseView, row: Mapping[str, object]
) -> tuple[object, str, str, str]:
    """Who read what, when and why."""
    known = {name: field.name for name, field in view.pack.fields.items()}
    known |= {f"{deciding.SEALED}{name}": paper.name for name, paper in view.pack.papers.items()}
    fields = [
        frame.words.text(known[name]) if name in known else _file(frame, name)
        for name in str(row["fields"]).split(", ")
    ]
    return row["at"], str(row["name"]), str(row["reason"]), "、".join(fields)


def _file(frame: frames.Frame, name: str) -> str:
    """What was read, where it is no field and no paper."""
    prefix, no = attachments.KEPT, name.removeprefix(attachments.KEPT)
    return frame.words.get("Attached file {no}", no=no) if name.startswith(prefix) else name


def _choice(
    frame: frames.Frame, view: case_query.CaseView, field: str, value: str | None
) -> str | None:
    """A marked value of the case in words."""
    known = view.pack.fields.get(field)
    choice = (known.choices or {}).get(value or "") if known else None
    return frame.words.text(choice.name) if choice else None


def offered(frame: frames.Frame, view: case_query.CaseView) -> tuple[str, ...]:
    """What can leave from the case's state now, whoever may do it."""
    rules = frame.house.rules
    if view.case.process not in rules.pack.processes:
        return ()
    flow = rules.flow(view.case.process)
    found = machine.offered(
        flow, state=view.case.state, facts=guard_facts(view.case, view.facts.assignments)
    )
    known = {name: view.process.actions[name] for name in found if name in view.process.actions}
    return tuple(
        name
        for name, action in known.items()
        if bounds.why_not(action, view.case, view.facts, view.pack) is None
    )


def turn(frame: frames.Frame, view: case_query.CaseView) -> way.Turn:
    """Whose turn it is on a case."""
    return way.turn(view.pack, view.case.process, view.case.state, offered(frame, view))


def _now(
    frame: frames.Frame, view: case_query.CaseView, running: list[case_query.ClockView]
) -> Now:
    """The one act of this state, and the others folded."""
    found = turn(frame, view)
    ordered = way.ranked(view.pack, view.process, view.case.state, view.actions)
    acts = {name: act(frame, view, name) for name in ordered}
    stepping = [name for name in ordered if view.process.actions[name].recuses == "actor"]
    main = _main(frame, view, found, running)
    if main is not None:
        title = acts[main].label
    elif view.case.is_closed:
        title = frame.words.text(view.state.name)
    else:
        waiting = worklist_page.next_words(frame, view.process, found)
        title = waiting or frame.words.text(view.state.name)
    return Now(
        title=title,
        main=acts[main] if main else None,
        others=tuple(it for name, it in acts.items() if name not in {main, *stepping}),
        step_back=next((acts[name] for name in stepping), None),
        clock=clock_of(view, main or found.action, running),
        is_mine=main is not None,
    )


def _main(
    frame: frames.Frame,
    view: case_query.CaseView,
    found: way.Turn,
    running: list[case_query.ClockView],
) -> str | None:
    """A leader who owes a plan plans; else whose turn it is does the state's act, or serves first
    what must be served earlier."""
    leader = view.leader
    if leader and leader.state == "awaiting_plan" and leader.person_id == frame.person.person_id:
        plan = next(
            (n for n in view.actions if view.process.actions[n].leader == "approve_plan"), None
        )
        if plan is not None:
            return plan
    if found.action is None or found.action not in view.actions:
        return None
    return _to_serve(view, found.action, running) or found.action


def _to_serve(
    view: case_query.CaseView, action: str, running: list[case_query.ClockView]
) -> str | None:
    """What serves a paper whose time is over before the time of an act."""
    serving = {name for paper in view.pack.papers.values() for name in paper.served_by}
    rules = [view.pack.deadlines[clock.rule] for clock in running if clock.owner == "office"]
    first = next((it for it in rules if it.unserved or action in it.stops), None)
    if first is None or not first.unserved or action in first.stops:
        return None
    return next((name for name in view.actions if name in serving.intersection(first.stops)), None)


def act(frame: frames.Frame, view: case_query.CaseView, name: str) -> Act:
    """An action as a button."""
    action = view.process.actions[name]
    return Act(
        name=name,
        label=frame.words.text(action.name),
        url=f"/cases/{view.case.id}/do/{name}",
        is_ending=way.is_ending(view.process, action),
    )


def clock_of(
    view: case_query.CaseView, action: str | None, running: list[case_query.ClockView]
) -> case_query.ClockView | None:
    """The clock that an act would stop, else one that its roles can stop, else the nearest."""
    known = view.process.actions.get(action or "")
    roles = frozenset(known.by if known else ())
    same = {name for name, it in view.process.actions.items() if roles.intersection(it.by)}
    for wanted in ({action}, same):
        for clock in running:
            rule = view.pack.deadlines.get(clock.rule)
            if rule is not None and wanted.intersection(rule.stops):
                return clock
    return running[0] if running else None


def sides(
    frame: frames.Frame,
    view: case_query.CaseView,
    opened: Mapping[str, str],
    *,
    reveal: str | None,
) -> tuple[Side, ...]:
    """The parties, masked but for what was opened."""
    found = []
    for party in view.parties:
        shown = {it.field: opened.get(f"{it.seq}:{it.field}", it.masked) for it in party.values}
        title = filing.side_name(frame, party.side, view.process.kind)
        named = [it for it in party.values if it.kind == "name"]
        rows = tuple(
            (frame.words.text(it.name), shown[it.field]) for it in party.values if it.kind != "name"
        )
        found.append(
            Side(
                side="b" if party.side == "respondent" else "a",
                side_name=title,
                name=shown[named[0].field] if named else frame.words.get("Name not shown to you"),
                rows=rows,
                reveal_url=reveal if party.values and not opened else None,
            )
        )
    return tuple(found)


def steps(frame: frames.Frame, view: case_query.CaseView) -> tuple[Step, ...]:
    """The way so far, and ahead if all goes as hoped."""
    words, states = frame.words, view.process.states
    been: list[tuple[str, datetime]] = []
    for event in view.events:
        state = event.payload.get("state")
        if isinstance(state, str) and state in states and (not been or been[-1][0] != state):
            been.append((state, event.at))
    found = [
        Step(
            name=words.text(states[state].name),
            when=words.day_short(words.local_day(at)),
            mark="now" if n == len(been) else "done",
        )
        for n, (state, at) in enumerate(been, start=1)
    ]
    found.extend(
        Step(name=words.text(states[state].name), when="", mark="next")
        for state in ahead(frame, view)
    )
    return tuple(found)


def ahead(frame: frames.Frame, view: case_query.CaseView) -> tuple[str, ...]:
    """The states still to come if all goes as hoped."""
    if view.case.is_closed:
        return ()
    return picture.ahead(view.process, view.case.state, offered(frame, view))


def action_of(view: case_query.CaseView, name: str) -> pack.Action:
    """An action of the case's process. Raises: `case.unknown`, as for any other address."""
    found = view.process.actions.get(name)
    if found is None or name == frames.FILE:
        raise errors.NotFound("case.unknown")
    return found
