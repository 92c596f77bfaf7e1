"""Notices outside the app: one's own addresses, the ledger, what could not be delivered."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import caller, login
from api.routes.answers import answer, refusals
from api.routes.shapes import contacts as shapes
from workflow.commands import contacts, notices
from workflow.queries import deliveries

router = APIRouter(tags=["notices"])


@router.get("/me/contacts", response_model=shapes.Contacts, responses=refusals(401))
def get_contacts(
    request: Request, signed: caller.Signed, opened: caller.Opened, words: caller.Spoken
) -> Response:
    """One's own addresses outside the app, masked, and the channels there are."""
    found = deliveries.contacts(opened.database, signed.actor)
    told = {
        "items": [
            {
                "channel": it.channel,
                "rhythm": it.rhythm,
                "address": it.masked,
                "updated_at": it.updated_at,
            }
            for it in found
        ],
        "offered": sorted(caller.door(request).names),
    }
    return answer(shapes.Contacts.model_validate(told), words)


@router.put("/me/contacts/{channel}", status_code=204, responses=refusals(401, 403, 413))
def put_contact(
    channel: shapes.Channel,
    sent: shapes.NewContact,
    request: Request,
    signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
) -> Response:
    """Set one's own address on a channel, and when to use it. Messages come in the language of
    this request."""
    contacts.set_contact(
        opened,
        signed.actor,
        channel,
        rhythm=sent.rhythm,
        address=sent.address,
        language=words.language,
        offered=caller.door(request).names,
    )
    return Response(status_code=204)


@router.delete("/me/contacts/{channel}", status_code=204, responses=refusals(401, 403))
def delete_contact(
    channel: shapes.Channel, signed: caller.Signed, opened: caller.Opened
) -> Response:
    """Forget one's own address on a channel, with what was to go there."""
    contacts.forget(opened.database, signed.actor, channel)
    return Response(status_code=204)


@router.post(
    "/me/contacts/{channel}/test",
    status_code=204,
    responses=refusals(401, 403, 404, 409, 429),
)
def post_test(
    channel: shapes.Channel,
    request: Request,
    signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
) -> Response:
    """Send a word to one's own address, and wait for the outcome."""
    login.count_test(request, signed.actor)
    contacts.send_test(
        opened, signed.actor, channel, door=caller.door(request), language=words.language
    )
    return Response(status_code=204)


@router.get("/me/deliveries", response_model=shapes.Deliveries, responses=refusals(401))
def get_deliveries(
    signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """What went to oneself outside the app, newest first."""
    found = deliveries.mine(opened.database, signed.actor, limit=limit)
    items = [asdict(it) for it in found]
    return answer(shapes.Deliveries.model_validate({"items": items}), words)


@router.get("/deliveries/dead", response_model=shapes.DeadList, responses=refusals(401))
def get_dead(signed: caller.Signed, opened: caller.Opened, words: caller.Spoken) -> Response:
    """What could not be delivered, of the cases that one watches; empty where one watches none."""
    found = deliveries.dead(opened.database, signed.actor)
    return answer(shapes.DeadList.model_validate(asdict(found)), words)


@router.post(
    "/deliveries/retry",
    response_model=shapes.Sent,
    responses=refusals(401, 403, 404, 409, 413),
)
def post_retry(
    sent: shapes.Again, signed: caller.Signed, opened: caller.Opened, words: caller.Spoken
) -> Response:
    """Let go once more, as a new message, what could not be delivered to a person."""
    n = notices.retry(
        opened.database, signed.actor, receiver_id=sent.receiver_id, channel=sent.channel
    )
    return answer(shapes.Sent(notices=n), words)
