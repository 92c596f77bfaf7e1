"""Notices in the app: what happened on cases that are mine to know of. And outside it: where I
am told, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api import caller, forms, login, problems, texts
from api.pages import frame as frames
from rules import errors
from workflow import channels
from workflow.commands import contacts, notices
from workflow.queries import deliveries, office

router = APIRouter()

SETTINGS: Final = "/notices/settings"


@router.get("/notices", dependencies=[caller.SESSION])
def get_notices(frame: frames.Signed) -> Response:
    """The inbox, newest first."""
    found = office.inbox(frame.engine.database, frame.person)
    return frame.page(
        "notices.html",
        messages=tuple((message, frame.words.notice(message)) for message in found),
        unread=sum(not message.is_read for message in found),
    )


@router.post("/notices/read", dependencies=[caller.SESSION])
def post_read(frame: frames.Signed, sent: frames.Sent) -> Response:
    """Marks one as read and opens its case, or all of them and stays."""
    key = sent.get("key")
    notices.mark_read(frame.engine.database, frame.person, key=key)
    if key is None:
        return frame.go("/notices", toast=frame.words.get("All marked as read."))
    return frame.go(f"/cases/{key.partition('.')[0]}")


@router.post("/notices/retry", dependencies=[caller.SESSION])
def post_retry(frame: frames.Signed, sent: frames.Sent) -> Response:
    """Lets go once more what could not be delivered to a person, from the board."""
    try:
        receiver_id = UUID(sent.get("receiver", ""))
    except ValueError as error:
        raise errors.NotFound("delivery.unknown") from error
    channel = sent.get("channel", "")
    notices.retry(frame.engine.database, frame.person, receiver_id=receiver_id, channel=channel)
    return frame.go("/board", toast=frame.words.get("It is sent once more."))


# ---- where I am told


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One channel as the page shows it. `masked` is empty where no address is kept."""

    channel: str
    name: str
    masked: str
    inputs: tuple[forms.Input, ...]


@router.get(SETTINGS, dependencies=[caller.SESSION])
def get_settings(frame: frames.Signed) -> Response:
    """Where one is told outside the app, and what went there last."""
    return _settings(frame)


@router.post(SETTINGS, dependencies=[caller.SESSION])
def post_settings(frame: frames.Signed, sent: frames.Sent) -> Response:
    """Keeps an address and when to use it. A fault brings the form back with what was typed."""
    channel = sent.get("channel", "")
    try:
        contacts.set_contact(
            frame.engine,
            frame.person,
            channel,
            rhythm=sent.get("rhythm", ""),
            address=sent.get("address", "").strip() or None,
            language=frame.words.language,
            offered=caller.door(frame.request).names,
        )
    except errors.Invalid as error:
        return _settings(frame, channel=channel, typed=sent, error=error)
    return frame.go(SETTINGS, toast=frame.words.get("Saved."))


@router.post(f"{SETTINGS}/forget", dependencies=[caller.SESSION])
def post_forget(frame: frames.Signed, sent: frames.Sent) -> Response:
    """Forgets an address."""
    contacts.forget(frame.engine.database, frame.person, sent.get("channel", ""))
    return frame.go(SETTINGS, toast=frame.words.get("The address is forgotten."))


@router.post(f"{SETTINGS}/test", dependencies=[caller.SESSION])
def post_test(frame: frames.Signed, sent: frames.Sent) -> Response:
    """Sends a word to one's own address, and says what came of it."""
    channel = sent.get("channel", "")
    login.count_test(frame.request, frame.person)
    try:
        contacts.send_test(
            frame.engine,
            frame.person,
            channel,
            door=caller.door(frame.request),
            language=frame.words.language,
        )
    except errors.GridcaseError as error:
        return _settings(frame, channel=channel, error=error)
    return frame.go(SETTINGS, toast=frame.words.get("The test was sent. Look whether it came."))


def _settings(
    frame: frames.Frame,
    *,
    channel: str = "",
    typed: Mapping[str, str] | None = None,
    error: errors.GridcaseError | None = None,
) -> Response:
    database, words = frame.engine.database, frame.words
    kept = {it.channel: it for it in deliveries.contacts(database, frame.person)}
    offered = [name for name in channels.NAMES if name in caller.door(frame.request).names]
    ways = []
    for name in offered:
        is_it = name == channel
        given, fault = (typed or {}, error) if is_it else ({}, None)
        ways.append(_way(words, name, kept=kept.get(name), typed=given, error=fault))
    sent = deliveries.mine(database, frame.person)
    return frame.page(
        "notice_settings.html",
        status=200 if error is None else int(problems.status_of(error)),
        ways=ways,
        deliveries=[
            (it, words.channel(it.channel), words.delivery(it.state), _why(words, it.error))
            for it in sent
        ],
        errors=_faults(words, channel, error),
    )


def _faults(
    words: texts.Words, channel: str, error: errors.GridcaseError | None
) -> list[tuple[str | None, str]]:
    """What is wrong, each with the input that it is about."""
    labels = _labels(words)
    return [
        (f"{fault.field}-{channel}", problems.detail(fault, words, labels))
        if fault.field in labels
        else (None, problems.joined(words.error(fault), words))
        for fault in (() if error is None else error.faults)
    ]


def _why(words: texts.Words, code: str | None) -> str:
    return "" if code is None else words.error_text(code, {}).text


def _labels(words: texts.Words) -> dict[str, str]:
    return {
        "address": words.get("Address"),
        "rhythm": words.get("When"),
    }


def _way(
    words: texts.Words,
    name: str,
    *,
    kept: deliveries.Contact | None,
    typed: Mapping[str, str],
    error: errors.GridcaseError | None,
) -> Way:
    labels = _labels(words)
    faults = {} if error is None else problems.field_errors(error, words, labels)
    address = forms.Input(
        name="address",
        id=f"address-{name}",
        kind="text",
        label=labels["address"],
        hint=_hint(words, name, is_kept=kept is not None),
        required=kept is None,
        value=typed.get("address", ""),
        error=faults.get("address", ""),
    )
    chosen = typed.get("rhythm") or (kept.rhythm if kept else "at_once")
    rhythm = forms.Input(
        name="rhythm",
        id=f"rhythm-{name}",
        kind="radios",
        label=labels["rhythm"],
        required=True,
        options=tuple(
            forms.Option(value=value, label=label, chosen=value == chosen)
            for value, label in (
                ("at_once", words.get("As it comes, but not at night or on days off")),
                ("digest", words.get("Once a working day, all together")),
                ("off", words.get("Not at all")),
            )
        ),
        error=faults.get("rhythm", ""),
    )
    masked = kept.masked if kept else ""
    return Way(channel=name, name=words.channel(name), masked=masked, inputs=(address, rhythm))


def _hint(words: texts.Words, name: str, *, is_kept: bool) -> str:
    what = {
        "mail": words.get("An e-mail address of the office."),
        "sms": words.get("A mobile phone number."),
    }.get(name, words.get("The webhook address of a robot in a group of your own, or its key."))
    return f"{what} {words.get('Leave it empty to keep the one there is.')}" if is_kept else what
