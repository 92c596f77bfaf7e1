"""The JSON API held to its own description by requests nobody thought of: the real application,
an open district, and people of several roles. The draws are the same in every run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from tests.api import desk
from workflow import db, outbox

WHO: Final = ("officer", "desk", "mediator", "supervisor", "handler", "auditor", "other_desk")
LEAVING: Final = "head"
"""Who signs out: the others stay."""
CHECKED: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
EXAMPLES: Final = 12
"""Requests for each operation, kind and run."""
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
KINDS: Final = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def _document(front: desk.Desk) -> dict[str, Any]:
    found: dict[str, Any] = front.site.get("/openapi.json").json()
    return found


def _send(front: desk.Desk, case: schemathesis.Case[Any], by: str | None) -> httpx.Response:
    """Sends it as somebody; who they are is ours to say, not the draw's."""
    drawn = case.as_transport_kwargs(base_url="http://testserver")
    headers = {
        name: value for name, value in drawn["headers"].items() if name.lower() != "authorization"
    }
    if by is not None:
        headers["Authorization"] = f"Bearer {front.token(by)}"
    kept = {key: drawn[key] for key in ("params", "json", "data") if drawn.get(key)}
    if isinstance(kept.get("data"), bytes | str):
        kept["content"] = kept.pop("data")
    front.site.cookies.clear()
    return front.site.send(
        drawn["method"], drawn["url"].removeprefix("http://testserver"), headers=headers, **kept
    )


@pytest.mark.long
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
def test_answers_when_anything_is_asked_are_what_the_document_promises(
    database: db.Database, kind: GenerationMode
) -> None:
    front = desk.open_desk(database, *WHO, LEAVING)
    for name in (*WHO, LEAVING):
        front.token(name)
    filed = [front.file() for _ in range(2)]
    front.do(filed[0]["case_id"], "accept", "desk")
    outbox.run(front.district.engine)
    load_all_checks()
    checks: list[Any] = list(CHECKS.get_by_names(CHECKED))
    schema = schemathesis.openapi.from_dict(_document(front), config=_config())
    seen: Counter[int] = Counter()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if kind is GenerationMode.NEGATIVE and not operation.body and not any(_inputs(operation)):
            continue  # nothing to ask wrongly

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(generation_mode=kind),
            by=st.sampled_from((*WHO, None)),
            real=st.sampled_from([UUID(one["case_id"]) for one in filed] + [None]),
        )
        def ask(case: schemathesis.Case[Any], by: str | None, real: UUID | None) -> None:
            if real is not None and "case_id" in (case.path_parameters or {}):
                case.path_parameters["case_id"] = str(real)
            who = LEAVING if by and case.method == "DELETE" else by
            answer = _send(front, case, who)
            seen[answer.status_code] += 1
            case.validate_response(answer, checks=checks)

        ask()
    print(kind.value, dict(sorted(seen.items())))
    assert seen.total() > 10 * EXAMPLES
    assert {401, 404, 422} <= seen.keys()
    assert seen[401] < seen.total() / 3
    assert seen[200] > 50


def _inputs(operation: Any) -> Iterator[object]:
    for place in (operation.path_parameters, operation.query, operation.headers):
        yield from place


def _config() -> SchemathesisConfig:
    return SchemathesisConfig(seed=1, projects=ProjectsConfig(default=ProjectConfig()))


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_methods_when_not_described_are_refused_with_those_that_are(database: db.Database) -> None:
    front = desk.open_desk(database, "desk")
    for path, item in _document(front)["paths"].items():
        described = {method.upper() for method in item}
        for method in set(METHODS) - described:
            named = re.findall(r"\{(\w+)\}", path)
            at = path.format(**{name: str(UUID(int=1)) for name in named})
            answer = front.site.send(method, at)
            assert answer.status_code == 405, (method, at)
            if path.startswith("/api/"):
                assert answer.json()["code"] == "request.method"
            assert {one.strip() for one in answer.headers["allow"].split(",")} >= described
