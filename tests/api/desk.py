"""The test district behind its web server: people sign in, and everything goes over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import func, select

from tests import office
from tests.api import site
from workflow import db, engine, ids, settings
from workflow.tables import case as case_tables

API = "/api/v1"
ENGLISH = {"Accept-Language": "en"}
_EVENT = case_tables.Event.__table__  # type: ignore[attr-defined]


@dataclass(slots=True)
class Desk:
    """A district, its application, and the tokens of those who have signed in."""

    district: office.District
    site: site.Site
    tokens: dict[str, str] = field(default_factory=dict)

    def as_(self, name: str | None, method: str, path: str, **given: Any) -> httpx.Response:
        """One request as a person of the district; None for nobody."""
        headers = dict(given.pop("headers", {}))
        if name is not None:
            headers["Authorization"] = f"Bearer {self.token(name)}"
        return self.site.send(method, f"{API}{path}", headers=headers, **given)

    def get(self, name: str | None, path: str, **given: Any) -> httpx.Response:
        """One GET as somebody."""
        return self.as_(name, "GET", path, **given)

    def post(self, name: str | None, path: str, sent: object, **given: Any) -> httpx.Response:
        """One POST of JSON as somebody."""
        return self.as_(name, "POST", path, json=sent, **given)

    def token(self, name: str) -> str:
        """Their token; the first call signs them in."""
        if name not in self.tokens:
            given = {"username": name, "password": office.PASSWORD}
            self.tokens[name] = self.site.post(f"{API}/session", json=given).json()["token"]
        return self.tokens[name]

    def new_case(self, **change: object) -> dict[str, Any]:
        """The body of an ordinary filing; fields given win."""
        return {
            "id": str(ids.uuid7()),
            "action_id": str(ids.uuid7()),
            "process": "dispute",
            "origin_grid": office.GRID,
            "fields": {**office.DISPUTE, **change},
        }

    def file(self, by: str = "officer", **change: object) -> dict[str, Any]:
        """Files a case over HTTP and gives its receipt."""
        answer = self.post(by, "/cases", self.new_case(**change))
        assert answer.status_code == 201, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    def try_(
        self, case_id: str, action: str, by: str, /, *, version: int | None = None, **fields: object
    ) -> httpx.Response:
        """Tries one action on the case as it stands, or as it stood at a version."""
        seen = self.version(case_id) if version is None else version
        today = f"{self.district.now().astimezone(office.ZONE):%F}"
        fields = {**office.usual(action, fields, today=today), **fields}
        return self.post(
            by,
            f"/cases/{case_id}/actions/{action}",
            {"id": str(ids.uuid7()), "fields": fields},
            headers={"If-Match": f'"{seen}"'},
        )

    def do(self, case_id: str, action: str, by: str, /, **fields: object) -> dict[str, Any]:
        """Does one action and gives its receipt."""
        answer = self.try_(case_id, action, by, version=None, **fields)
        assert answer.status_code == 200, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    def hold_session(self, case_id: str, by: str = "mediator") -> dict[str, Any]:
        """A session of today with both sides, as `District.hold_session` holds it."""
        today = f"{self.district.now().astimezone(office.ZONE):%F}"
        return self.do(case_id, "record_session", by, **office.SESSION, session_on=today)

    def version(self, case_id: str) -> int:
        """The case's version, read beside the API."""
        from_db: int = self.district.case(_uuid(case_id)).version
        return from_db

    def standing(self, case_id: str) -> tuple[int, int]:
        """Version and number of events: what must not change where a request is refused."""
        with db.snapshot(self.district.engine.database) as tx:
            n = tx.execute(
                select(func.count()).where(_EVENT.c.case_id == _uuid(case_id))
            ).scalar_one()
        return self.version(case_id), int(n)

    def count_cases(self) -> int:
        """How many cases there are."""
        table = case_tables.CaseFile.__table__  # type: ignore[attr-defined]
        with db.snapshot(self.district.engine.database) as tx:
            return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def open_desk(database: db.Database, *accounts: str) -> Desk:
    """A district in which the named people can sign in, and its application."""
    district = office.build(database, accounts=accounts)
    return Desk(district=district, site=site.Site(application(district)))


def engine_of(database: db.Database) -> engine.Engine:
    """An engine over a database that need not be set up."""
    return office.engine_of(database)


def visit(served: Any) -> site.Site:
    """A browser before an application."""
    return site.Site(served)


def application(district: office.District) -> Any:
    """The application over an open district."""
    chosen = settings.Settings(data_dir=Path("nowhere"))
    return site.application(chosen, district.engine)


def _uuid(text: str) -> UUID:
    return UUID(text)
