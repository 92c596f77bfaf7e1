"""The API describes itself truly: examples fit their shapes, answers fit what is promised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from api import app, caller, uploads
from api.routes import papers, reference
from tests.api import desk
from workflow import db, files, settings

FILES = frozenset({"text/plain", papers.DOCX, *files.SUFFIXES, uploads.FORM})
"""What is no JSON."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The OpenAPI document of an application that serves nothing yet."""
    return reference.document(app.create_app(settings.Settings(data_dir=Path("nowhere"))))


def _held_to(schema: object, value: object, document: dict[str, Any]) -> list[str]:
    whole = {**schema, "components": document["components"]}  # type: ignore[dict-item]
    validator = jsonschema_rs.Draft202012Validator(whole)
    return [f"{fault.instance_path}: {fault.message}" for fault in validator.iter_errors(value)]


def test_examples_when_held_to_their_schema_fit(document: dict[str, Any]) -> None:
    shown = {
        name: schema
        for name, schema in document["components"]["schemas"].items()
        if "example" in schema
    }
    assert len(shown) >= 20
    faults = {
        name: found
        for name, schema in shown.items()
        if (found := _held_to(schema, schema["example"], document))
    }
    assert faults == {}


def test_every_body_when_sent_or_given_has_an_example(document: dict[str, Any]) -> None:
    bare = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for body in bodies:
                for media, content in body.get("content", {}).items():
                    name = content["schema"].get("$ref", "").rpartition("/")[2]
                    has = "example" in document["components"]["schemas"].get(name, {})
                    if not has and media not in FILES:
                        bare.append(f"{method} {path} {media} {name}")
    assert bare == []


def test_operations_when_listed_say_who_may_call_and_how_they_refuse(
    document: dict[str, Any],
) -> None:
    names = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["x-gridcase-who"] in {"public", "resident", "session"}
            assert bool(operation["security"]) == (operation["x-gridcase-who"] == "session")
            names.append(operation["operationId"])
            if path.startswith(desk.API):
                assert "422" in operation["responses"], path
            if operation["x-gridcase-who"] == "session":
                assert "401" in operation["responses"], path
            assert operation["description"].strip(), (method, path)
    assert len(names) == len(set(names))


def test_answers_when_given_fit_the_document(
    database: db.Database, document: dict[str, Any]
) -> None:
    front = desk.open_desk(database, "officer", "desk", "supervisor", "mediator")
    filed = front.file(applicant_phone="13900001234")
    case = f"/cases/{filed['case_id']}"
    front.do(filed["case_id"], "accept", "desk")
    front.district.at("2026-04-02 10:00")
    given = {"number": filed["number"], "code": filed["code"]}
    reading = {"reason": "核对", "only": []}
    asked: tuple[tuple[str, str, str, object], ...] = (
        ("officer", "GET", "/me", None),
        ("supervisor", "GET", "/cases", None),
        ("desk", "GET", case, None),
        ("supervisor", "GET", f"{case}/events", None),
        ("supervisor", "GET", f"{case}/deadlines", None),
        ("supervisor", "GET", f"{case}/escalations", None),
        ("desk", "POST", f"{case}/readings", reading),
        ("desk", "POST", "/lookup", given),
        ("desk", "GET", "/areas", None),
        ("desk", "GET", "/offices?area=420303", None),
        ("desk", "GET", "/processes", None),
        ("desk", "GET", "/processes/petition", None),
        ("supervisor", "GET", "/board", None),
        ("desk", "GET", "/notices", None),
    )
    for who, method, path, sent in asked:
        answer = front.as_(who, method, path, json=sent) if sent else front.get(who, path)
        assert answer.status_code == 200, path
        named = path.split("?")[0].replace(filed["case_id"], "{case_id}")
        named = named.replace("/processes/petition", "/processes/{name}")
        operation = document["paths"][f"{desk.API}{named}"][method.lower()]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert _held_to(schema, answer.json(), document) == [], path


def test_actions_when_offered_carry_schemas_that_hold(database: db.Database) -> None:
    front = desk.open_desk(database, "desk")
    for name in ("dispute", "petition"):
        for action in front.get("desk", f"/processes/{name}").json()["actions"]:
            jsonschema_rs.meta.validate(
                {
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
                    **action["fields_schema"],
                }
            )


def test_docs_when_opened_bring_nothing_from_elsewhere(database: db.Database) -> None:
    front = desk.open_desk(database)
    page = front.site.get("/docs")
    assert page.status_code == 200
    assert "//cdn" not in page.text
    assert "https://" not in page.text
    for entry in caller.registry(desk.application(front.district)):
        if entry.in_schema:
            assert entry.path in page.text
    assert front.site.get("/openapi.json").json()["openapi"].startswith("3.")


def test_health_when_asked(database: db.Database) -> None:
    front = desk.open_desk(database)
    assert front.site.get("/livez").json() == {"alive": True}
    ready = front.site.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {
            "ready": True,
            "draining": False,
            "database": "ok",
            "revision": "ok",
            "sweep": "silent",
            "audit": "silent",
            "alarms": 0,
        },
    )
    assert "gridcase_requests_total" in front.site.get("/metrics").text


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_ready_when_the_database_has_no_tables_says_so(empty_url: str) -> None:
    opened = db.open(empty_url)
    served = app.create_app(
        settings.Settings(data_dir=Path("nowhere")),
        engine=desk.engine_of(opened),
    )
    answer = desk.visit(served).get("/readyz")
    assert (answer.status_code, answer.json()["revision"]) == (503, "behind")
    db.close(opened)


def test_ready_when_the_database_is_away_says_so() -> None:
    opened = db.open("postgresql://nobody@127.0.0.1:1/none")
    served = app.create_app(
        settings.Settings(data_dir=Path("nowhere")),
        engine=desk.engine_of(opened),
    )
    visitor = desk.visit(served)
    assert visitor.get("/readyz").json()["database"] == "unreachable"
    assert visitor.get("/livez").status_code == 200
    assert visitor.get(f"{desk.API}/areas").status_code == 401
    db.close(opened)
