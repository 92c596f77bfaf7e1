"""Days away: one's own, and those of the people whose absences one keeps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api import caller, forms, problems, texts
from api.pages import frame as frames
from rules import errors
from workflow.commands import absences
from workflow.queries import absences as query

router = APIRouter()

PATH: Final = "/absence"
FIELDS: Final = ("person_id", "from_on", "until_on")


@router.get(PATH, dependencies=[caller.SESSION])
def get_absence(frame: frames.Signed, name: str = "") -> Response:
    """The days away to come, and the form for more; `name` narrows the people shown."""
    return _page(frame, name=name[:50])


@router.post(PATH, dependencies=[caller.SESSION])
def post_absence(frame: frames.Signed, sent: frames.Sent) -> Response:
    """Enters days away. A fault brings the form back with what was typed."""
    person = sent.get("person_id")
    try:
        absences.enter(
            frame.engine.database,
            frame.person,
            person_id=_id(person, "absence.person") if person else None,
            from_on=_day(sent, "from_on"),
            until_on=_day(sent, "until_on"),
        )
    except (errors.Invalid, errors.Conflict, errors.NotFound) as error:
        return _page(frame, typed=sent, error=error)
    return frame.go(PATH, toast=frame.words.get("The days away are entered."))


@router.post(f"{PATH}/end", dependencies=[caller.SESSION])
def post_end(frame: frames.Signed, sent: frames.Sent) -> Response:
    """Somebody is back, or does not go."""
    try:
        absences.end(frame.engine.database, frame.person, _id(sent.get("id"), "absence.unknown"))
    except (errors.NotFound, errors.NotNow) as error:
        return _page(frame, error=error)
    return frame.go(PATH, toast=frame.words.get("The days away are ended."))


def _id(text: str | None, code: str) -> UUID:
    try:
        return UUID(text or "")
    except ValueError as error:
        raise errors.NotFound(code) from error


def _day(sent: Mapping[str, str], name: str) -> date:
    """A day as a browser sends it. Raises: `field.missing`, `field.date`."""
    text = sent.get(name, "").strip()
    if not text:
        raise errors.Invalid("field.missing", field=name)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise errors.Invalid("field.date", field=name) from error


# ---- what is shown


def _page(
    frame: frames.Frame,
    *,
    name: str = "",
    typed: Mapping[str, str] | None = None,
    error: errors.GridcaseError | None = None,
) -> Response:
    database, words = frame.engine.database, frame.words
    kept = query.kept(database, frame.person, name=name)
    labels = titles(words)
    faults = () if error is None else error.faults
    return frame.page(
        "absence.html",
        status=200 if error is None else int(problems.status_of(error)),
        own=query.own(database, frame.person),
        kept=kept,
        part=name,
        inputs=_inputs(frame, kept, typed or {}, error),
        errors=[
            (fault.field, problems.detail(fault, words, labels))
            if fault.field
            else (None, problems.joined(words.error(fault), words))
            for fault in faults
        ],
    )


def titles(words: texts.Words) -> dict[str, str]:
    """The fields of the form, in words."""
    return {
        "person_id": words.get("Who is away"),
        "from_on": words.get("First day away"),
        "until_on": words.get("Last day away"),
    }


def _inputs(
    frame: frames.Frame,
    kept: query.Kept,
    typed: Mapping[str, str],
    error: errors.GridcaseError | None,
) -> list[forms.Input]:
    words, today = frame.words, frame.house.today
    labels = titles(words)
    faults = {} if error is None else problems.field_errors(error, words, labels)
    people = [(str(frame.person.person_id), words.get("Myself"))]
    people += [(choice.value, choice.label) for choice in kept.people]
    chosen = typed.get("person_id", people[0][0])
    who = forms.Input(
        name="person_id",
        id="person_id",
        kind="select",
        label=labels["person_id"],
        required=True,
        options=tuple(
            forms.Option(value=value, label=label, chosen=value == chosen)
            for value, label in people
        ),
        error=faults.get("person_id", ""),
    )
    days = [
        forms.Input(
            name=name,
            id=name,
            kind="date",
            label=labels[name],
            hint=words.get("Both days count.") if name == "until_on" else "",
            required=True,
            value=typed.get(name, ""),
            min=today.isoformat(),
            max=(today + timedelta(days=absences.LONGEST_DAYS)).isoformat(),
            error=faults.get(name, ""),
        )
        for name in ("from_on", "until_on")
    ]
    return [who, *days] if len(people) > 1 else days
