"""How every route answers: a shape as JSON in the request's language, problems with titles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api import forms, problems, texts
from api.routes import shapes
from rules import errors, pack
from workflow.engine import Engine
from workflow.queries import office

VARY: Final = "Accept-Language, Authorization, Cookie"
_TOLD: Final[Mapping[int, str]] = {
    401: "Nobody is signed in, or the login was refused.",
    403: "This act is not yours, or the request came from another site.",
    404: "It is not there, or not yours: the two look the same.",
    409: "The state or a clock does not allow it, or the id was used for something else.",
    412: "Somebody changed the case since it was read.",
    413: "The request weighs too much.",
    422: "The input is wrong; each fault names its field.",
    428: "`If-Match` is missing.",
    429: "Too many tries; `Retry-After` says when to come back.",
    503: "Nothing was done; try again in a moment.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documentation of a route's problems."""
    return {
        status: {
            "description": _TOLD[status],
            "model": shapes.Problem,
            "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*statuses, 422, 503})
    }


def answer(
    shape: BaseModel,
    words: texts.Words,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A shape as the body. It was checked when it was made, so it is not checked again."""
    told = {"Content-Language": words.language, "Vary": VARY, **(headers or {})}
    return Response(
        shape.model_dump_json(), status_code=status, headers=told, media_type="application/json"
    )


def etag(version: int) -> str:
    """A case's version as an entity tag."""
    return f'"{version}"'


def seen_version(header: str | None) -> int:
    """The version that `If-Match` names.

    Raises: `request.if_match` where it is missing, or is no tag of ours.
    """
    tag = (header or "").strip()
    digits = tag[1:-1]
    is_tag = tag[:1] == tag[-1:] == '"' and digits.isascii() and digits.isdigit()
    if not is_tag or len(digits) > 9:
        raise problems.PreconditionRequired("request.if_match")
    return int(digits)


@contextmanager
def labelled(request: Request, opened: Engine, words: texts.Words) -> Iterator[None]:
    """Errors that name fields of a pack get these fields' titles."""
    try:
        yield
    except errors.GridcaseError as error:
        if any(fault.field is not None for fault in error.faults):
            request.state.labels = _titles(opened, words)
        raise


def _titles(opened: Engine, words: texts.Words) -> Mapping[str, str]:
    active: pack.Pack = office.house(opened.database).rules.pack
    return forms.labels(active.fields, words)
