"""Exceptions -> answers: an RFC 9457 body for the API, a page for people.

The only place that knows HTTP statuses of errors. Not there and not yours give the same bytes
but for the request's number, whatever code, field or params the error carries.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import observe, render, texts
from rules import errors

MEDIA_TYPE = "application/problem+json"
URN = "urn:gridcase:error:"
API_PREFIX = "/api/"
LOGIN_PATH = "/login"
BUSY_RETRY_S = 2


class Unauthenticated(errors.GridcaseError):
    """Nobody is signed in, or the login was refused."""


class TooLarge(errors.GridcaseError):
    """The request is larger than is taken."""


class PreconditionRequired(errors.GridcaseError):
    """The request must say which version it has seen."""


class TooMany(errors.GridcaseError):
    """Too many requests; wait `retry_after_s` seconds."""


class NoSuchMethod(errors.GridcaseError):
    """The address is right, the method is not."""


class Fault(errors.GridcaseError):
    """Something of ours broke; nothing was saved."""


STATUSES: Mapping[type[errors.GridcaseError], HTTPStatus] = {
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.PackInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.NotPermitted: HTTPStatus.FORBIDDEN,
    errors.NotNow: HTTPStatus.CONFLICT,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Stale: HTTPStatus.PRECONDITION_FAILED,
    errors.Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    PreconditionRequired: HTTPStatus.PRECONDITION_REQUIRED,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    NoSuchMethod: HTTPStatus.METHOD_NOT_ALLOWED,
    Fault: HTTPStatus.INTERNAL_SERVER_ERROR,
}
TITLES: Mapping[type[errors.GridcaseError], str] = {
    errors.Invalid: "Something needs correcting",
    errors.PackInvalid: "This pack cannot be used",
    errors.NotFound: "This page or case was not found",
    errors.NotPermitted: "Your post may not do this",
    errors.NotNow: "This cannot be done now",
    errors.Conflict: "This number is taken",
    errors.Stale: "The case has changed meanwhile",
    errors.Busy: "The system is busy, nothing was saved",
    Unauthenticated: "Please sign in",
    TooLarge: "This is too large",
    PreconditionRequired: "Something needs correcting",
    TooMany: "Too many requests",
    NoSuchMethod: "This cannot be done here",
    Fault: "The system has a fault, nothing was saved",
}
# pydantic's kinds of fault that deserve words of their own; all else is request.value
_VALIDATION_CODES: Mapping[str, str] = {
    "missing": "request.missing",
    "extra_forbidden": "request.unknown",
    "json_invalid": "request.json",
    "string_too_long": "request.too_long",
    "too_long": "request.too_long",
    "uuid_parsing": "request.id",
    "uuid_type": "request.id",
}
_NOT_FOUND = errors.NotFound("not_found")


def status_of(error: errors.GridcaseError) -> HTTPStatus:
    """The HTTP status of an error; a class of no kind here is a fault of ours."""
    for kind in type(error).__mro__:
        if kind in STATUSES:
            return STATUSES[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def title_of(error: errors.GridcaseError) -> str:
    """The msgid of an error's title."""
    return next((TITLES[kind] for kind in type(error).__mro__ if kind in TITLES), TITLES[Fault])


def respond(request: Request, error: errors.GridcaseError) -> Response:
    """The answer for an error: body or page, in the request's language."""
    observe.ERRORS.labels(error.code).inc()
    if isinstance(error, errors.NotFound):
        error = _NOT_FOUND
    response = _page(request, error) if wants_page(request) else _body(request, error)
    for name, value in _headers(error).items():
        response.headers[name] = value
    return response


def wants_page(request: Request) -> bool:
    """Whether a person reads the answer."""
    if request.url.path.startswith(API_PREFIX):
        return False
    accept = request.headers.get("accept", "*/*")
    return "text/html" in accept or "json" not in accept


def body(
    error: errors.GridcaseError,
    words: texts.Words,
    *,
    request_id: str,
    labels: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """The RFC 9457 body. `labels` gives fields their titles in this language."""
    told = words.error(error, labels)
    problem: dict[str, object] = {
        "type": URN + error.code,
        "title": words.get(title_of(error)),
        "status": int(status_of(error)),
        "detail": detail(error, words, labels),
        "code": error.code,
        "remedy": told.remedy,
        "request_id": request_id,
    }
    if error.field is not None:
        problem["field"] = error.field
    if error.params:
        problem["params"] = dict(error.params)
    further = [_item(fault, words, labels) for fault in error.also] + _pack_faults(error, words)
    if further:
        problem["errors"] = [_item(error, words, labels), *further]
    return problem


def field_errors(
    error: errors.GridcaseError, words: texts.Words, labels: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What to say below each input of a form: the fault and its remedy, by field."""
    told: dict[str, str] = {}
    for fault in error.faults:
        if fault.field is not None and fault.field not in told:
            text = words.error(fault, labels)
            told[fault.field] = joined(text, words)
    return told


def detail(
    error: errors.GridcaseError, words: texts.Words, labels: Mapping[str, str] | None = None
) -> str:
    """What is wrong, led by the field's title."""
    text = words.error(error, labels).text
    if error.field is None:
        return text
    return words.get(
        "{field}: {text}", field=(labels or {}).get(error.field, error.field), text=text
    )


def joined(told: texts.ErrorText, words: texts.Words) -> str:
    """Fault and remedy as two sentences."""
    stop = "。" if words.is_zh else ". "
    return f"{told.text.rstrip('。.')}{stop}{told.remedy}".strip()


def _item(
    fault: errors.GridcaseError, words: texts.Words, labels: Mapping[str, str] | None
) -> dict[str, object]:
    """One fault of several."""
    item: dict[str, object] = {
        "code": fault.code,
        "detail": detail(fault, words, labels),
        "remedy": words.error(fault, labels).remedy,
    }
    if fault.field is not None:
        item["field"] = fault.field
    if fault.params:
        item["params"] = dict(fault.params)
    return item


def _pack_faults(error: errors.GridcaseError, words: texts.Words) -> list[dict[str, object]]:
    """A pack's faults: file, line, key, and both texts."""
    if not isinstance(error, errors.PackInvalid):
        return []
    items: list[dict[str, object]] = []
    for fault in error.pack_faults:
        told = words.error_text(fault.code, dict(fault.params))
        items.append(
            {
                "code": fault.code,
                "file": fault.file,
                "line": fault.line,
                "key": fault.key,
                "detail": told.text,
                "remedy": told.remedy,
            }
        )
    return items


def _headers(error: errors.GridcaseError) -> dict[str, str]:
    """What a status obliges to say."""
    if isinstance(error, errors.Busy):
        return {"Retry-After": str(BUSY_RETRY_S)}
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.params.get("retry_after_s", BUSY_RETRY_S))}
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="gridcase"'}
    if isinstance(error, NoSuchMethod):
        return {"Allow": str(error.params.get("allow", ""))}
    return {}


def _body(request: Request, error: errors.GridcaseError) -> Response:
    words = texts.Words(language=render.language(request))
    problem = body(
        error, words, request_id=observe.request_id(request.scope), labels=_labels(request)
    )
    headers = {"Content-Language": words.language, "Vary": "Accept-Language, Cookie"}
    return JSONResponse(
        problem, status_code=int(status_of(error)), headers=headers, media_type=MEDIA_TYPE
    )


def _labels(request: Request) -> Mapping[str, str] | None:
    """Titles of fields, where the route has left them in `request.state.labels`."""
    return getattr(request.state, "labels", None)


def _page(request: Request, error: errors.GridcaseError) -> Response:
    """The page of an error, in the frame of whoever is signed in (`request.state.here`)."""
    if isinstance(error, Unauthenticated) and request.url.path != LOGIN_PATH:
        back = request.url.path if request.method == "GET" else "/"
        return render.see_other(request, f"{LOGIN_PATH}?next={back}")
    here = getattr(request.state, "here", None) or render.here(request)
    return render.page(
        "error.html",
        here,
        status=int(status_of(error)),
        shape=_shape(error),
        title=here.words.get(title_of(error)),
        faults=tuple(
            (detail(fault, here.words, _labels(request)), here.words.error(fault).remedy)
            for fault in error.faults
        ),
    )


async def _sign_in_again(request: Request, error: Unauthenticated) -> Response:
    """The session ended while somebody typed: the sign-in form carries what they sent, and
    after it they go on where they were. A file is not carried, nor read from who is unknown."""
    observe.ERRORS.labels(error.code).inc()
    here = render.here(request)
    if request.headers.get("content-type", "").startswith("multipart/"):
        return render.page(
            "login.html",
            here,
            status=int(status_of(error)),
            user="",
            refused=here.words.get("Your session has ended. Sign in, and choose the file again."),
            next=request.url.path,
            lookup_url="/lookup",
            kept=[],
            kept_path=None,
        )
    sent = await request.form()
    return render.page(
        "login.html",
        here,
        status=int(status_of(error)),
        user="",
        refused=here.words.get("Your session has ended. What you filled in is kept: sign in."),
        next="/",
        lookup_url="/lookup",
        kept=[(k, v) for k, v in sent.items() if isinstance(v, str) and k != "csrf"],
        kept_path=request.url.path,
    )


def _shape(error: errors.GridcaseError) -> str:
    """Which of the error pages: notfound, fault or refused."""
    if isinstance(error, errors.NotFound):
        return "notfound"
    return "fault" if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR else "refused"


# ---- what the framework raises


def from_validation(error: RequestValidationError) -> errors.Invalid:
    """FastAPI's list of faults as one error of ours; the values sent are not repeated."""
    faults = [_from_pydantic(item) for item in error.errors()]
    first = faults[0] if faults else errors.Invalid("request.value")
    return errors.Invalid(first.code, field=first.field, also=faults[1:], **first.params)


def _from_pydantic(item: Mapping[str, object]) -> errors.Invalid:
    place = item.get("loc", ())
    names = [str(name) for name in place] if isinstance(place, Sequence) else []
    where = ".".join(names[1:]) if len(names) > 1 else None
    return errors.Invalid(
        _VALIDATION_CODES.get(str(item.get("type")), "request.value"),
        field=None if item.get("type") == "json_invalid" else where,
    )


def from_http(error: HTTPException) -> errors.GridcaseError:
    """The framework's own refusals as errors of ours."""
    if error.status_code == HTTPStatus.NOT_FOUND:
        return _NOT_FOUND
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return NoSuchMethod("request.method", allow=(error.headers or {}).get("Allow", ""))
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        return Unauthenticated("login.required")
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLarge("request.too_large")
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Fault("fault")
    return errors.Invalid("request.malformed")


def _ours(error: Exception) -> errors.GridcaseError:
    """Any exception as an error of ours."""
    if isinstance(error, errors.GridcaseError):
        return error
    if isinstance(error, RequestValidationError):
        return from_validation(error)
    return from_http(error) if isinstance(error, HTTPException) else Fault("fault")


def register(app: FastAPI) -> None:
    """Every exception of this application is answered here."""

    async def answer(request: Request, error: Exception) -> Response:
        found = _ours(error)
        if isinstance(found, Unauthenticated) and request.method == "POST" and wants_page(request):
            return await _sign_in_again(request, found)
        return respond(request, found)

    for kind in (errors.GridcaseError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)
    app.add_middleware(Boundary)


class Boundary:
    """ASGI middleware: the request boundary. What nobody foresaw is counted, logged by place
    without its message (which may hold personal data), and answered without internals."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except ClientDisconnect:
            return  # whoever asked has gone: no fault of ours, and nobody to answer
        except Exception as error:
            _report(error)
            if started:
                raise
            await respond(Request(scope), Fault("fault"))(scope, receive, send)


def _report(error: Exception) -> None:
    observe.FAULTS.inc()
    frames = traceback.extract_tb(error.__traceback__)
    observe.log.error(
        "request.fault",
        error=type(error).__qualname__,
        at=[f"{frame.filename.rsplit('/', 2)[-2:]}:{frame.lineno}" for frame in frames[-8:]],
    )
