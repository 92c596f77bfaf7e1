"""The API describes itself: `/openapi.json` for programs, `/docs` for people.

The page is drawn from the same document by our own templates: a ready-made viewer would bring
scripts from elsewhere, which our own security policy refuses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api import caller, problems, render
from api.routes import shapes

router = APIRouter(include_in_schema=False)

_SECURITY: Mapping[caller.Who, list[dict[str, list[str]]]] = {
    "public": [],
    "resident": [],
    "session": [{"token": []}, {"cookie": []}],
}
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": caller.COOKIE},
}
_TAG = {"type": "string", "pattern": '^"[0-9]{1,9}"$'}
_ABOUT = """Case workflow for disputes and petitions.

Ids of cases and actions are UUIDs that the client makes; sent again with the same content, a
request is answered as before and does no more. An action says in `If-Match` which version of
the case it has seen. Errors are problems (RFC 9457) with a `code` that never changes and words
in the language of `Accept-Language` (`zh-CN`, `en`). What is not yours is answered like what is
not there.
"""


@router.get("/openapi.json", dependencies=[caller.PUBLIC])
def get_openapi_document(request: Request) -> Response:
    """The OpenAPI document."""
    return JSONResponse(document(request.app))


@router.get("/docs", dependencies=[caller.PUBLIC])
def get_docs(request: Request) -> Response:
    """The same for people."""
    found = document(request.app)
    return render.page(
        "reference.html",
        render.here(request),
        title=found["info"]["title"],
        version=found["info"]["version"],
        about=found["info"]["description"].strip().split("\n\n"),
        operations=tuple(_operations(found)),
    )


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of an application; with each operation stands who may call it."""
    if app.openapi_schema is None:
        app.openapi_schema = _drawn(app)
    return app.openapi_schema


def _drawn(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=_ABOUT, routes=app.routes)
    found.setdefault("components", {})["securitySchemes"] = _SCHEMES
    for shape in _all(shapes.Shape):
        # drawing leaves out what is null, and an example needs it
        extra = shape.model_config.get("json_schema_extra")
        drawn = found["components"]["schemas"].get(shape.__name__)
        if drawn is not None and isinstance(extra, dict):
            drawn["example"] = extra["example"]
    for entry in caller.registry(app):
        for method in entry.methods:
            operation = found["paths"].get(entry.path, {}).get(method.lower())
            if operation is not None and entry.who is not None:
                operation["security"] = _SECURITY[entry.who]
                operation["x-gridcase-who"] = entry.who
                for parameter in operation.get("parameters", ()):
                    if parameter["name"] == "if-match":
                        # asked for by a status of its own, so not by the framework
                        parameter |= {"required": True, "schema": _TAG}
                for answer in operation["responses"].values():
                    if problems.MEDIA_TYPE in answer.get("content", {}):
                        answer["content"].pop("application/json", None)
    return found


def _all(shape: type[shapes.Shape]) -> Iterator[type[shapes.Shape]]:
    for kind in shape.__subclasses__():
        yield kind
        yield from _all(kind)


# ---- for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation as the page shows it."""

    method: str
    path: str
    summary: str
    who: str
    parameters: tuple[tuple[str, str, bool], ...]
    sent: str
    given: str
    statuses: tuple[tuple[str, str], ...]


def _operations(found: Mapping[str, Any]) -> Iterator[Operation]:
    for path, item in found["paths"].items():
        for method, operation in item.items():
            yield Operation(
                method=method.upper(),
                path=path,
                summary=operation.get("description") or operation.get("summary", ""),
                who=operation.get("x-gridcase-who", ""),
                parameters=tuple(
                    (it["name"], it["in"], bool(it.get("required")))
                    for it in operation.get("parameters", ())
                ),
                sent=_example(found, operation.get("requestBody", {})),
                given=next(
                    (
                        text
                        for status, answer in operation["responses"].items()
                        if status.startswith("2") and (text := _example(found, answer))
                    ),
                    "",
                ),
                statuses=tuple(
                    (status, answer["description"])
                    for status, answer in sorted(operation["responses"].items())
                ),
            )


def _example(found: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    """The example of a body's shape as indented JSON; empty where it has none."""
    schema = body.get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    shown = found["components"]["schemas"].get(name, {}).get("example")
    return "" if shown is None else _indented(json.dumps(shown, ensure_ascii=False))


@cache
def _indented(text: str) -> str:
    return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
