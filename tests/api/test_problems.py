"""Errors as answers: statuses, bodies, pages, and that nothing leaks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

from api import observe, problems, render
from rules import errors
from tests.api import site

PAGE = {"Accept": "text/html"}
ENGLISH = {"Accept-Language": "en"}


class Body(BaseModel):
    """A small body to be refused."""

    model_config = ConfigDict(extra="forbid")
    count: int


def client(raised: Callable[[], Exception] | None = None) -> site.Site:
    """An application that raises one error, at an address of the API and at a page's."""
    app = FastAPI()

    @app.get("/api/v1/it")
    @app.post("/it")
    @app.get("/it")
    def it() -> None:
        if raised is not None:
            raise raised()

    @app.post("/api/v1/body")
    def body(body: Body) -> int:
        return body.count

    problems.register(app)
    app.add_middleware(render.SecurityHeaders)
    app.add_middleware(observe.Requests)
    return site.Site(app)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Invalid("request.value"), 422),
        (errors.NotFound("not_found"), 404),
        (errors.NotPermitted("request.value"), 403),
        (errors.NotNow("request.value"), 409),
        (errors.Conflict("request.value"), 409),
        (errors.Stale("request.value"), 412),
        (errors.PackInvalid([]), 422),
        (errors.Busy("request.value"), 503),
        (problems.Unauthenticated("login.required"), 401),
        (problems.TooLarge("request.too_large"), 413),
        (problems.PreconditionRequired("request.if_match"), 428),
        (problems.TooMany("request.too_many", retry_after_s=30), 429),
        (errors.GridcaseError("request.value"), 500),
    ],
)
def test_status_when_raised(error: errors.GridcaseError, status: int) -> None:
    answer = client(lambda: error).get("/api/v1/it")
    assert answer.status_code == status
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    assert answer.json()["status"] == status


def test_body_when_faults_are_many_tells_all_in_both_languages() -> None:
    error = errors.Invalid(
        "request.missing",
        field="story",
        also=[errors.Invalid("request.too_long", field="note", max=4000)],
    )
    zh = client(lambda: error).get("/api/v1/it").json()
    en = client(lambda: error).get("/api/v1/it", headers=ENGLISH).json()
    assert zh["type"] == "urn:gridcase:error:request.missing"
    assert (zh["field"], zh["code"]) == ("story", "request.missing")
    assert zh["detail"] == "story：缺少这一项"
    assert en["detail"] == "story: This is missing"
    assert [item["field"] for item in en["errors"]] == ["story", "note"]
    assert en["errors"][1]["params"] == {"max": 4000}
    assert en["remedy"]
    assert zh["remedy"]


def test_retry_after_when_busy() -> None:
    assert client(lambda: errors.Busy("request.value")).get("/api/v1/it").headers["retry-after"]
    many = problems.TooMany("request.too_many", retry_after_s=30)
    assert client(lambda: many).get("/api/v1/it").headers["retry-after"] == "30"


@pytest.mark.parametrize("headers", [ENGLISH, {**PAGE, **ENGLISH}])
@pytest.mark.parametrize("path", ["/api/v1/it", "/it"])
def test_I7_not_found_when_not_yours_or_not_there_is_equal_but_for_the_number(
    path: str, headers: dict[str, str]
) -> None:
    not_yours = client(lambda: errors.NotFound("case.hidden", field="id", number="1234")).get(
        path, headers=headers
    )
    not_there = client(lambda: errors.NotFound("area.unknown")).get(path, headers=headers)
    no_such_page = client().get(f"{path}/nothing", headers=headers)
    seen = [
        (
            answer.status_code,
            answer.text.replace(answer.headers["x-request-id"], "")
            .replace("/nothing", "")
            .replace("%2Fnothing", ""),
        )
        for answer in (not_yours, not_there, no_such_page)
    ]
    assert seen[0] == seen[1] == seen[2]
    assert "1234" not in not_yours.text


def test_validation_when_framework_refuses_speaks_our_codes() -> None:
    visitor = client()
    answer = visitor.post(
        "/api/v1/body", json={"count": "x", "more": "<b>secret</b>"}, headers=ENGLISH
    )
    assert answer.status_code == 422
    assert {(item["field"], item["code"]) for item in answer.json()["errors"]} == {
        ("count", "request.value"),
        ("more", "request.unknown"),
    }
    assert "secret" not in answer.text
    assert visitor.post("/api/v1/body", json={}).json()["code"] == "request.missing"
    broken = visitor.post(
        "/api/v1/body", content=b"{", headers={"Content-Type": "application/json"}
    )
    assert broken.json()["code"] == "request.json"


def test_method_when_not_taken_names_those_that_are() -> None:
    answer = client().get("/api/v1/body", headers=ENGLISH)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert answer.json()["code"] == "request.method"


def test_fault_when_unforeseen_shows_no_internals_and_is_counted() -> None:
    before = observe.REGISTRY.get_sample_value("gridcase_faults_total") or 0
    visitor = client(lambda: RuntimeError("password is hunter2"))
    for headers in ({}, PAGE):
        answer = visitor.get("/it", headers={**headers, **ENGLISH})
        assert answer.status_code == 500
        assert "hunter2" not in answer.text
        assert "RuntimeError" not in answer.text
        assert answer.headers["x-request-id"] in answer.text
        assert "nothing was saved" in answer.text
    assert observe.REGISTRY.get_sample_value("gridcase_faults_total") == before + 2


def test_page_when_signed_out_leads_to_login() -> None:
    visitor = client(lambda: problems.Unauthenticated("login.required"))
    answer = visitor.get("/it", headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/it")
    part = visitor.get("/it", headers={**PAGE, "HX-Request": "true"})
    assert part.headers["hx-redirect"] == "/login?next=/it"


def test_page_when_refused_escapes_what_was_sent() -> None:
    error = errors.Invalid("request.value", field="<script>x</script>")
    answer = client(lambda: error).post("/it", headers=PAGE)
    assert answer.status_code == 422
    assert "<script>x" not in answer.text
    assert "&lt;script&gt;x" in answer.text


def test_pack_when_invalid_names_file_and_line() -> None:
    fault = errors.PackFault(file="dispute.yaml", line=7, key="states.x", code="request.value")
    told = client(lambda: errors.PackInvalid([fault])).get("/api/v1/it").json()
    assert told["errors"][1]["file"] == "dispute.yaml"
    assert told["errors"][1]["line"] == 7
