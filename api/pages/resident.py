"""The resident's own pages: look a case up by number and code, read how it stands, rate it, and do
what else the pack leaves to them. A third party who was invited comes the same way, and reads how
it stands.

The code travels in the body of a form, never in an address. What follows is known by a signed
cookie of a quarter of an hour, which stands for one case and for nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import caller, forms, login, problems
from api.pages import case as case_page
from api.pages import frame as frames
from api.pages import happened, papers_listed, walked, way
from rules import errors, picture
from workflow import access, clock, ids
from workflow.commands import act, people
from workflow.queries import case as case_query
from workflow.queries import office, search

router = APIRouter()

COOKIE: Final = "mine"
COOKIE_S: Final = 15 * 60
PURPOSE: Final = b"gridcase resident 2:"
RATE: Final = "rate"
HOME: Final = "/mine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A right of the resident's own that runs out."""

    clock: case_query.ClockView
    action: str


@router.get("/lookup", dependencies=[caller.PUBLIC])
def get_lookup(frame: frames.Public) -> Response:
    """Number and code, please."""
    return _ask(frame)


@router.post("/lookup", dependencies=[caller.RESIDENT])
def post_lookup(request: Request, frame: frames.Public, sent: frames.Sent) -> Response:
    """Checks both at once; which of the two was wrong is not said."""
    number, code = sent.get("number", "").strip(), sent.get("code", "").strip()
    missing = [
        errors.Invalid("field.missing", field=name)
        for name, value in (("number", number), ("code", code))
        if not value
    ]
    if missing:
        first, *rest = missing
        return _ask(
            frame, number=number, error=errors.Invalid(first.code, field=first.field, also=rest)
        )
    try:
        actor = login.resident(request, number, code)
    except (errors.NotFound, problems.TooMany) as error:
        return _ask(frame, number=number, error=error)
    response = frame.go("/mine")
    _remember(frame, response, actor)
    return response


@router.get("/mine", dependencies=[caller.RESIDENT])
def get_mine(frame: frames.Public) -> Response:
    """The case as the resident sees it."""
    actor = known(frame)
    if actor is None:
        return frame.go("/lookup")
    view = case_query.view(frame.engine, actor, _case_id(actor))
    return _shown(frame, view) if actor.kind == "resident" else _invited(frame, view)


@router.get("/mine/do/{name}", dependencies=[caller.RESIDENT])
def get_act(frame: frames.Public, name: str) -> Response:
    """The form of an act of the resident's own, while it is open."""
    actor = known(frame)
    if actor is None:
        return frame.go("/lookup")
    view = case_query.view(frame.engine, actor, _case_id(actor))
    if name not in view.actions:
        return frame.go("/mine", toast=frame.words.get("This cannot be done now"))
    return _form(frame, view, name, typed={}, action_id=ids.uuid7())


@router.post("/mine/do/{name}", dependencies=[caller.RESIDENT])
def post_act(frame: frames.Public, name: str, sent: frames.Sent) -> Response:
    """Does it, once."""
    actor = known(frame)
    if actor is None:
        return frame.go(
            "/lookup",
            toast=frame.words.get("The quarter of an hour is over. Please look up again."),
        )
    view = case_query.view(frame.engine, actor, _case_id(actor))
    action = case_page.action_of(view, name)
    if way.RESIDENT not in action.by:
        raise errors.NotFound("case.unknown")
    values = forms.read_form(action, view.pack.fields, sent, zone=frame.words.zone)
    request = act.Request(
        case_id=_case_id(actor),
        action_id=_id(sent.get("action_id")),
        action=name,
        fields={name: v for name, v in values.items() if isinstance(v, str | int | bool)},
    )
    try:
        caller.refuse_staff(frame.request)
        act.act(frame.engine, actor, request)
    except errors.GridcaseError as error:
        return _form(frame, view, name, typed=sent, action_id=request.action_id, error=error)
    words = frame.words
    done = words.get("Done: {act}", act=words.text(action.name))
    is_rating = name == RATE
    return frame.go(
        "/mine", toast=words.get("Thank you. Your rating is recorded.") if is_rating else done
    )


@router.post("/mine/leave", dependencies=[caller.PUBLIC])
def post_leave(frame: frames.Public) -> Response:
    """Forgets the case on this device."""
    response = frame.go("/lookup", toast=frame.words.get("This device has forgotten the case."))
    response.delete_cookie(COOKIE, path="/")
    return response


# ---- who


def _remember(frame: frames.Frame, response: Response, actor: access.Actor) -> None:
    """A signed note of the one case, until when, and by which invitation (0: the resident)."""
    until = int(clock.system().timestamp()) + COOKIE_S
    numbers = until.to_bytes(8, "big") + (actor.invitation or 0).to_bytes(8, "big")
    body = _case_id(actor).bytes + numbers
    mark = hmac.digest(frame.engine.seals.secret, PURPOSE + body, "sha256")
    response.set_cookie(
        COOKIE,
        base64.urlsafe_b64encode(body + mark).decode(),
        max_age=COOKIE_S,
        path="/",
        httponly=True,
        samesite="strict",
        secure=frame.request.url.scheme == "https",
    )


def known(frame: frames.Frame) -> access.Actor | None:
    """Whom the cookie stands for; None where it is over or not ours, or where who was invited no
    longer is."""
    try:
        kept = base64.urlsafe_b64decode(frame.request.cookies.get(COOKIE, ""))
    except (binascii.Error, ValueError):
        return None
    body, mark = kept[:32], kept[32:]
    expected = hmac.digest(frame.engine.seals.secret, PURPOSE + body, "sha256")
    is_over = int.from_bytes(body[16:24], "big") <= int(clock.system().timestamp())
    if len(body) != 32 or not hmac.compare_digest(mark, expected) or is_over:
        return None
    case_id, invitation = UUID(bytes=body[:16]), int.from_bytes(body[24:], "big")
    if invitation:
        return search.invited(frame.engine, case_id, invitation)
    return access.Actor(kind="resident", case_id=case_id)


def _case_id(actor: access.Actor) -> UUID:
    return actor.case_id or UUID(int=0)


def _id(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        return ids.uuid7()


# ---- pages


def _ask(
    frame: frames.Frame, *, number: str = "", error: errors.GridcaseError | None = None
) -> Response:
    """The look-up form; a wrong pair is told as a pair."""
    words = frame.words
    labels = {"number": words.get("Case number"), "code": words.get("Look-up code")}
    faults = {} if error is None else problems.field_errors(error, words, labels)
    summary: tuple[tuple[str | None, str], ...] = ()
    if error is not None:
        summary = tuple(
            (f"f-{fault.field}", problems.detail(fault, words, labels))
            if fault.field in labels
            else (None, _told(frame, fault))
            for fault in error.faults
        )
    return frame.page(
        "resident/lookup.html",
        status=200 if error is None else int(problems.status_of(error)),
        errors=summary,
        number=forms.Input(
            name="number",
            id="f-number",
            kind="text",
            label=labels["number"],
            hint=words.get("9 digits, on your receipt"),
            required=True,
            value=number,
            error=faults.get("number", ""),
            inputmode="numeric",
        ),
        code=forms.Input(
            name="code",
            id="f-code",
            kind="text",
            label=labels["code"],
            hint=words.get("6 digits, beside the number"),
            required=True,
            error=faults.get("code", ""),
            inputmode="numeric",
        ),
    )


def _told(frame: frames.Frame, fault: errors.GridcaseError) -> str:
    return problems.joined(frame.words.error(fault), frame.words)


def _shown(frame: frames.Frame, view: case_query.CaseView) -> Response:
    names = office.names(frame.engine.database, *_offices(view))
    running = [it for it in view.clocks if it.state in ("running", "paused")]
    running.sort(key=lambda it: it.due_at)
    turn = case_page.turn(frame, view)
    offices = [it for it in running if it.owner == "office"]
    own = {name for name, act in view.process.actions.items() if way.RESIDENT in act.by}
    return frame.page(
        "resident/case.html",
        view=view,
        nearest=case_page.clock_of(view, turn.action, offices) if offices else None,
        windows=tuple(it for it in running if it.owner == "party"),
        turn=turn,
        who=_who(frame, view, turn),
        act=frame.words.text(view.process.actions[turn.action].name) if turn.action else None,
        ahead=_ahead(frame, view),
        book=walked.rules_of(view),
        entries=happened.resident_entries(frame, view, names=names, opened=_texts(frame, view)),
        sides=case_page.sides(frame, view, {}, reveal=None),
        may_rate=RATE in view.actions,
        acts=tuple(
            (name, frame.words.text(view.process.actions[name].name))
            for name in view.actions
            if name != RATE
        ),
        asked=tuple(it for it in offices if own & {*view.pack.deadlines[it.rule].starts}),
        papers=papers_listed.items(frame, view, base=HOME),
        readings=view.readings,
    )


def _invited(frame: frames.Frame, view: case_query.CaseView) -> Response:
    names = office.names(frame.engine.database, frozenset(), frozenset())
    owed = [it for it in view.clocks if it.state in ("running", "paused")]
    return frame.page(
        "resident/invited.html",
        view=view,
        nearest=min(owed, key=lambda it: it.due_at, default=None),
        entries=happened.resident_entries(frame, view, names=names, opened={}),
    )


def _texts(frame: frames.Frame, view: case_query.CaseView) -> Mapping[str, str]:
    """Reasons, answers, terms: the texts written to the resident, and their own story. Names,
    phones and addresses stay masked; number and code may be on a slip of paper."""
    texts = [name for name, field in view.pack.fields.items() if field.personal == "free_text"]
    actor = access.Actor(kind="resident", case_id=view.case.id)
    return people.open_values(
        frame.engine, actor, view.case.id, reason="resident", only=frozenset(texts)
    )


def _offices(view: case_query.CaseView) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """The resident reads names of offices, not of the persons in them."""
    return frozenset(), happened.named(view)[1]


def _who(frame: frames.Frame, view: case_query.CaseView, turn: way.Turn) -> str:
    """Whose turn it is, as a resident says it."""
    if turn.is_residents:
        return frame.words.get("You")
    role = view.pack.roles.get(turn.roles[0]) if turn.roles else None
    return frame.words.text(role.name) if role else view.lead_office


def _ahead(frame: frames.Frame, view: case_query.CaseView) -> tuple[str, ...]:
    states = picture.ahead(view.process, view.case.state, case_page.offered(frame, view))
    return tuple(frame.words.text(view.process.states[name].name) for name in states)


def _form(
    frame: frames.Frame,
    view: case_query.CaseView,
    name: str,
    *,
    typed: Mapping[str, str],
    action_id: UUID,
    error: errors.GridcaseError | None = None,
) -> Response:
    action = view.process.actions[name]
    declared, words = view.pack.fields, frame.words
    windows = (
        it
        for it in view.clocks
        if (it.state, it.owner) == ("running", "party")
        and name in view.pack.deadlines[it.rule].stops
    )
    return frame.page(
        "resident/act.html",
        status=200 if error is None else int(problems.status_of(error)),
        view=view,
        act=name,
        title=words.text(action.name),
        is_rating=name == RATE,
        action_id=action_id,
        inputs=forms.inputs(action, declared, words, values=typed, error=error),
        errors=() if error is None else forms.summary(error, declared, words),
        window=next(windows, None),
    )
