"""Signing in and out, and who one is."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import caller, login
from api.routes import views
from api.routes.answers import answer, refusals
from api.routes.shapes import people
from workflow.queries import office, worklist

router = APIRouter(tags=["session"])


@router.post(
    "/session",
    status_code=201,
    response_model=people.SignedIn,
    responses=refusals(401, 403, 413, 429),
    dependencies=[caller.PUBLIC],
)
def post_session(request: Request, sent: people.SignIn, words: caller.Spoken) -> Response:
    """Sign in: a token for a program, or a cookie for a browser."""
    token = login.log_in(request, sent.username, sent.password, kind=sent.kind)
    is_token = sent.kind == "token"
    signed = people.SignedIn(kind=sent.kind, token=token if is_token else None)
    response = answer(signed, words, status=201)
    if not is_token:
        caller.remember(request, response, token)
    return response


@router.delete("/session", status_code=204, responses=refusals(401, 403))
def delete_session(request: Request, signed: caller.Signed) -> Response:
    """Sign out: the token or cookie is worth nothing afterwards."""
    login.log_out(request, signed)
    response = Response(status_code=204)
    caller.forget(request, response)
    return response


@router.get("/me", response_model=people.Me, responses=refusals(401))
def get_me(signed: caller.Signed, opened: caller.Opened, words: caller.Spoken) -> Response:
    """Who is signed in: posts, seats with their open cases, unread notices."""
    actor = signed.actor
    pack = office.house(opened.database).rules.pack
    me = people.Me.model_validate(
        {
            "person_id": actor.person_id,
            "name": actor.name,
            "posts": tuple(views.post(held, pack, words) for held in actor.posts),
            "seats": tuple(
                views.seat(seat, n) for seat, n in worklist.seats(opened.database, actor)
            ),
            "unread": office.unread(opened.database, actor),
        }
    )
    return answer(me, words)
