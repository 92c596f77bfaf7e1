"""The form of an action and what it sends. One mechanism for all: the pack's fields are the
inputs. A session, an agreement and a leader's plan have layouts of their own on top of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api import caller, forms, problems
from api.pages import case as case_page
from api.pages import frame as frames
from api.pages import happened, way
from api.pages import papers as paper_pages
from api.rulebook import labels
from rules import errors, pack
from workflow import access, ids
from workflow.commands import act
from workflow.commands import papers as paper_commands
from workflow.decide import bounds
from workflow.queries import case as case_query
from workflow.queries import office, papers

router = APIRouter()

SESSION: Final = "record_session"
LAYOUTS: Final = {
    SESSION: "action/session.html",
    "record_agreement": "action/agreement.html",
    "settle_here": "action/agreement.html",
    "approve_plan": "action/plan.html",
}
"""Actions with a page of their own; one that a pack does not know is drawn plainly."""
AFTER_SESSION: Final = ("record_agreement", "record_no_agreement")
"""What may follow a session at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A clock that the action starts: its name, whose it is, how long, by which rule."""

    name: str
    belongs_to: str | None
    length: str
    source: str


@router.get("/cases/{case_id}/do/{name}", dependencies=[caller.SESSION])
def get_action(frame: frames.Signed, case_id: str, name: str) -> Response:
    """The form of an action that may be done now."""
    view = case_query.view(frame.engine, frame.person, frames.read_id(case_id))
    action = case_page.action_of(view, name)
    if name not in view.actions:
        return _not_now(frame, view, action)
    # a link may bring a value along, as the number of the case to link
    asked = {*action.needs, *action.takes}
    typed = {key: text for key, text in frame.request.query_params.items() if key in asked}
    return _form(frame, view, name, typed=typed, action_id=ids.uuid7())


@router.post("/cases/{case_id}/do/{name}", dependencies=[caller.SESSION])
def post_action(frame: frames.Signed, case_id: str, name: str, sent: frames.Sent) -> Response:
    """Does the action. A fault brings the form back with everything that was typed."""
    wanted = frames.read_id(case_id)
    view = case_query.view(frame.engine, frame.person, wanted)
    action = case_page.action_of(view, name)
    request = _request(frame, view, name, sent)
    try:
        done = act.act(frame.engine, frame.person, request)
    except errors.NotFound:
        raise
    except errors.GridcaseError as error:
        return _again(frame, request, sent, error)
    return _onward(frame, wanted, name, action=action, then=sent.get("then", ""), seq=done.seq)


@router.post("/cases/{case_id}/draft/{name}", dependencies=[caller.SESSION])
def post_draft(frame: frames.Signed, case_id: str, name: str, sent: frames.Sent) -> Response:
    """The papers that the action would make, to read and to sign before it is done."""
    view = case_query.view(frame.engine, frame.person, frames.read_id(case_id))
    case_page.action_of(view, name)
    request = _request(frame, view, name, sent)
    reason = frame.words.get("Looked at a draft of the paper")
    try:
        found = paper_commands.draft(frame.engine, frame.person, request, reason=reason)
    except errors.NotFound:
        raise
    except errors.GridcaseError as error:
        return _again(frame, request, sent, error)
    return paper_pages.drafts(frame, found, base=f"/cases/{view.case.id}")


def _request(
    frame: frames.Frame, view: case_query.CaseView, name: str, sent: Mapping[str, str]
) -> act.Request:
    action = view.process.actions[name]
    return act.Request(
        case_id=view.case.id,
        action_id=_id(sent.get("action_id")),
        action=name,
        fields=_scalars(forms.read_form(action, view.pack.fields, sent, zone=frame.words.zone)),
        version=_int(sent.get("version")),
    )


def _again(
    frame: frames.Frame,
    request: act.Request,
    sent: Mapping[str, str],
    error: errors.GridcaseError,
) -> Response:
    """The form with everything that was typed. The case is read again: another may have changed
    it in between."""
    view = case_query.view(frame.engine, frame.person, request.case_id)
    return _form(
        frame,
        view,
        request.action,
        typed=sent,
        action_id=request.action_id,
        error=error,
        seen=_int(sent.get("seq")),
    )


def _onward(
    frame: frames.Frame, case_id: UUID, name: str, *, action: pack.Action, then: str, seq: int
) -> Response:
    """Back to the case, or to the list where the act has moved the case out of sight. After a
    service the receipt is asked for, and after a material its scan, while it is at hand."""
    done = frame.words.get("Done: {act}", act=frame.words.text(action.name))
    try:
        view = case_query.view(frame.engine, frame.person, case_id)
    except errors.NotFound:
        return frame.go(frames.home(frame), toast=done)
    if name == SESSION and then in AFTER_SESSION:
        return frame.go(f"/cases/{case_id}/do/{then}", toast=done)
    for it in view.papers:
        if it.can_attach and any(service.seq == seq for service in it.services):
            return frame.go(f"/cases/{case_id}/papers/{it.no}/receipts", toast=done)
    if any(it.seq == seq for it in view.materials):
        return frame.go(f"/cases/{case_id}/materials/{seq}/files", toast=done)
    return frame.go(f"/cases/{case_id}", toast=done)


def _id(text: str | None) -> UUID:
    """The id made with the form, so that a second press is the same act."""
    try:
        return UUID(text or "")
    except ValueError:
        return ids.uuid7()


def _int(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None


def _scalars(values: Mapping[str, object]) -> dict[str, str | int | bool | None]:
    return {name: v for name, v in values.items() if isinstance(v, str | int | bool)}


# ---- the page


def _not_now(frame: frames.Frame, view: case_query.CaseView, action: pack.Action) -> Response:
    """The act is not theirs, or not of this moment: said on a page that leads back."""
    error = None
    if view.case.state in action.source and access.may_act(
        frame.house.rules.pack,
        frame.person,
        view.case,
        action=action,
        recused=view.facts.recused,
    ):
        error = bounds.why_not(action, view.case, view.facts, view.pack)
    return frame.page(
        "action/not_now.html",
        status=409,
        view=view,
        title=frame.words.text(action.name),
        state=frame.words.text(view.state.name),
        why=None if error is None else problems.joined(frame.words.error(error), frame.words),
    )


def _form(
    frame: frames.Frame,
    view: case_query.CaseView,
    name: str,
    *,
    typed: Mapping[str, str],
    action_id: UUID,
    error: errors.GridcaseError | None = None,
    seen: int | None = None,
) -> Response:
    words, declared = frame.words, view.pack.fields
    action = view.process.actions[name]
    inputs = forms.inputs(
        action,
        declared,
        words,
        values=typed,
        error=error,
        options=_options(frame, view, name),
    )
    running = [clock for clock in view.clocks if clock.state == "running"]
    return frame.page(
        LAYOUTS.get(name, "action/form.html"),
        status=200 if error is None else int(problems.status_of(error)),
        view=view,
        act_name=name,
        title=words.text(action.name),
        action_id=action_id,
        inputs={it.name: it for it in inputs},
        errors=() if error is None else _summary(frame, error, declared),
        changes=_changes(frame, view, seen) if isinstance(error, errors.Stale) else (),
        is_stale=isinstance(error, errors.Stale),
        is_ending=way.is_ending(view.process, action),
        to=words.text(view.process.states[action.to].name) if action.to else None,
        starts=_starts(frame, view, name),
        nearest=case_page.clock_of(view, name, sorted(running, key=lambda it: it.due_at)),
        makes_paper=any(
            paper.process == view.case.process
            and name in paper.made_by
            and access.may_open_paper(view.rights, paper, view.pack, frame.person)
            for paper in view.pack.papers.values()
        ),
        then=typed.get("then", ""),
        followers=_followers(frame, view) if name == SESSION else (),
        n_sessions=sum(event.name == name for event in view.events) + 1,
        sides=case_page.sides(frame, view, {}, reveal=None),
    )


def _summary(
    frame: frames.Frame, error: errors.GridcaseError, declared: Mapping[str, pack.Field]
) -> tuple[tuple[str | None, str], ...]:
    """The faults with their remedy where no input stands beside them."""
    words = frame.words
    lines = forms.summary(error, declared, words)
    told = []
    for (target, line), fault in zip(lines, error.faults, strict=True):
        whole = replace(words.error(fault, forms.labels(declared, words)), text=line)
        told.append((target, line if target else problems.joined(whole, words)))
    return tuple(told)


def _options(
    frame: frames.Frame, view: case_query.CaseView, act_name: str
) -> dict[str, tuple[forms.Option, ...]]:
    """Whom and what can be named."""
    action = view.process.actions[act_name]
    found = dict(
        office.candidates(
            frame.engine.database,
            actions={act_name: action},
            pack=view.pack,
            case=view.case,
            facts=view.facts,
        )[act_name]
    )
    chosen = papers.choices(view.papers, view.pack, act_name)
    found |= {
        field: chosen
        for field in (*action.needs, *action.takes)
        if view.pack.fields[field].type == "paper"
    }
    return {
        name: tuple(
            forms.Option(value=it.value, label=it.label, hint=frame.words.text(it.hint))
            for it in choices
        )
        for name, choices in found.items()
    }


def _changes(
    frame: frames.Frame, view: case_query.CaseView, seen: int | None
) -> tuple[happened.Entry, ...]:
    """What happened since the form was opened, newest first."""
    since = [event for event in view.events if seen is not None and event.seq > seen]
    names = office.names(frame.engine.database, *happened.named(view))
    return happened.entries(frame, view, names=names, opened={})[: len(since)]


def _starts(frame: frames.Frame, view: case_query.CaseView, name: str) -> tuple[Started, ...]:
    """The clocks that begin with this act, as far as that is sure."""
    words, found = frame.words, []
    for rule in view.pack.deadlines.values():
        if rule.process != view.case.process or name not in rule.starts or rule.when:
            continue
        found.append(
            Started(
                name=words.text(rule.name),
                belongs_to=rule.belongs_to,
                length=_length(frame, view, rule),
                source=rule.source,
            )
        )
    return tuple(found)


def _length(frame: frames.Frame, view: case_query.CaseView, rule: pack.DeadlineRule) -> str:
    """How long it runs, and until when at the latest, by the clocks that run now."""
    told = labels.limit(view.pack, rule, frame.words)
    ends = [
        max(it.due_on, frame.house.today)
        for it in view.clocks
        if it.rule in rule.no_later_than and it.ended_at is None
    ]
    if not ends:
        return told
    day = frame.words.day(min(ends))
    return frame.words.get("{length}, at the latest {day}", length=told, day=day)


def _followers(frame: frames.Frame, view: case_query.CaseView) -> tuple[tuple[str, str], ...]:
    """What may be recorded right after a session, from the state it leads to."""
    actions = view.process.actions
    held = actions[SESSION].to or view.case.state
    return tuple(
        (name, frame.words.text(actions[name].name))
        for name in AFTER_SESSION
        if name in actions and held in actions[name].source
    )
