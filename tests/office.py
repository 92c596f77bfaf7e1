"""A small district to test in: two streets, real codes, one person per role.

Everything is made and moved by commands; office time stands where a test puts it, because
the data set is a demo's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Table, insert, select, update
from sqlmodel import SQLModel

from tests import postgres
from workflow import access, clock, db, ids, read, scheduler, sweep
from workflow.commands import act, office, packs, people
from workflow.decide import Scalar
from workflow.engine import Engine
from workflow.files import Store
from workflow.personal import Seals
from workflow.queries import search
from workflow.tables import office as tables

_HOUSE: Final = tables.Installation.__table__  # type: ignore[attr-defined]
_MADE: Final = frozenset(
    [
        "installation",
        "pack",
        "calendar",
        "area",
        "office",
        "person",
        "account",
        "post",
        "office_log",
    ]
)
"""Tables that the commands of an installation write."""
PASSWORD = "a long enough pass phrase"
MOST_BYTES = 200_000
"""What a file of the tests may weigh."""
ZONE = ZoneInfo("Asia/Shanghai")
DISTRICT = "420303"
STREET = "420303001"
OTHER_STREET = "420303002"
COMMUNITY = "420303001002"
OTHER_COMMUNITY = "420303002001"
GRID = "420303001002001"
OTHER_GRID = "420303002001001"

AREAS = (
    ("42", "湖北省", "province", None),
    ("4203", "十堰市", "city", "42"),
    (DISTRICT, "张湾区", "district", "4203"),
    (STREET, "花果街道", "street", DISTRICT),
    (OTHER_STREET, "红卫街道", "street", DISTRICT),
    (COMMUNITY, "花果园社区", "community", STREET),
    (OTHER_COMMUNITY, "红卫社区", "community", OTHER_STREET),
    (GRID, "花果园社区第1网格", "grid", COMMUNITY),
    (OTHER_GRID, "红卫社区第1网格", "grid", OTHER_COMMUNITY),
)
# (key, kind, area, superior's key)
OFFICES = (
    ("government", "leading_office", DISTRICT, None),
    ("petitions", "petition_office", DISTRICT, "government"),
    ("housing", "department", DISTRICT, "government"),
    ("labour", "department", DISTRICT, "government"),
    ("street", "leading_office", STREET, "government"),
    ("street_committee", "mediation_committee", STREET, "street"),
    ("committee", "mediation_committee", COMMUNITY, "street_committee"),
    ("desk", "case_desk", COMMUNITY, "street"),
    ("other_street", "leading_office", OTHER_STREET, "government"),
    ("other_committee", "mediation_committee", OTHER_COMMUNITY, "other_street"),
    ("other_desk", "case_desk", OTHER_COMMUNITY, "other_street"),
)
# (person, role, office, scope)
POSTS = (
    ("officer", "grid_officer", "desk", GRID),
    ("desk", "case_desk", "desk", None),
    ("mediator", "mediator", "committee", None),
    ("street_desk", "case_desk", "street_committee", None),
    ("street_mediator", "mediator", "street_committee", None),
    ("supervisor", "supervisor", "street", None),
    ("leader", "leader", "street", None),
    ("district_supervisor", "supervisor", "government", None),
    ("district_leader", "leader", "government", None),
    ("reviewer", "reviewer", "government", None),
    ("petition_officer", "petition_officer", "petitions", None),
    ("handler", "department_handler", "housing", None),
    ("head", "organ_head", "housing", None),
    ("other_handler", "department_handler", "labour", None),
    ("auditor", "auditor", "government", None),
    ("other_officer", "grid_officer", "other_desk", OTHER_GRID),
    ("other_desk", "case_desk", "other_desk", None),
    ("other_supervisor", "supervisor", "other_street", None),
)
DISPUTE: Mapping[str, Scalar] = {
    "subject": "3号楼502漏水，402天花板受损",
    "story": "卫生间漏水，楼下天花板泡坏，两家上周五开始争执。",
    "category": "0201",
    "applicant_name": "张示例",
    "respondent_name": "李样本",
    "told": True,
}
PETITION: Mapping[str, Scalar] = {
    "petition_class": "claim",
    "subject": "公益岗位补贴三个月未发",
    "story": "补贴自八月起没有发放。",
    "category": "0703",
    "channel": "visit",
    "petitioner_name": "吴样本",
    "heads": 1,
    "representatives": 1,
    "identity_clear": True,
}


WRITTEN: Mapping[str, Scalar] = {
    "agreement_facts": "漏水泡坏天花板，责任在楼上。",
    "agreement_duties": "楼上修补，楼下配合。",
    "perform_how": "上门修补。",
    "perform_place": "楼下住户家中。",
    "mediator_signed": True,
    "sealed_by_committee": True,
    "copies_given": True,
}
"""What a written agreement holds besides its terms."""
SESSION: Mapping[str, Scalar] = {"attended": "both", "minutes": "各说各的。"}
"""A session that says nothing of its own, but for its day."""
ON_THE_SPOT: Mapping[str, Scalar] = {
    "rights_told": True,
    "agreement_facts": WRITTEN["agreement_facts"],
}
"""What is told where no session is recorded apart, whatever the form."""
CONSENT: Mapping[str, Scalar] = {"consent_applicant": True, "consent_respondent": True}


def usual(action: str, fields: Mapping[str, object], *, today: str) -> Mapping[str, Scalar]:
    """What the law asks for with an action, where a test does not say."""
    if action in ("name_mediator", "name_mediator_here"):
        return CONSENT
    if action == "record_session":
        return {"rights_told": True, "session_open": "closed"}
    if action == "accept" and fields.get("route", "6") != "6":
        return {"route_how": "向区人民法院起诉，按民事诉讼法办理。"}
    if action == "report_breach":
        return {"routes_told": True}
    if action == "refuse":
        bar = {"mediation_bar": "other"} if "legal_basis" in fields else {}
        elsewhere = fields.get("refusal_ground") in ("not_in_remit", "judicial")
        return {**bar, **({"other_routes": "可以向有权处理的机关提出。"} if elsewhere else {})}
    if action in ("record_agreement", "settle_here"):
        is_written = fields.get("agreement_form") == "written"
        form = WRITTEN if is_written else {"oral_wished": True}
        return {"effective_on": today, **(ON_THE_SPOT if action == "settle_here" else {}), **form}
    return {}


def local(text: str) -> datetime:
    """An instant from local words: `2026-03-20 16:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


@dataclass(slots=True)
class District:
    """The district, open, with everybody in it."""

    engine: Engine
    offices: dict[str, UUID] = field(default_factory=dict)
    posts: dict[str, UUID] = field(default_factory=dict)
    people: dict[str, UUID] = field(default_factory=dict)

    def actor(self, name: str) -> access.Actor:
        """A person of the district, with the posts they hold now."""
        with db.snapshot(self.engine.database) as tx:
            found = read.actor(tx, self.people[name])
        assert found is not None
        return found

    def now(self) -> datetime:
        """Office time."""
        with db.snapshot(self.engine.database) as tx:
            return db.now(tx)

    def at(self, text: str) -> None:
        """Puts office time forward to a local moment, sweeping on the way."""
        scheduler.advance(self.engine, by=max(local(text) - self.now(), timedelta()))

    def jump(self, text: str) -> None:
        """As if no worker had run until a local moment: time moves, nothing sweeps."""
        with db.transaction(self.engine.database) as tx:
            office.advance(tx, seconds=int((local(text) - db.now(tx)).total_seconds()) + 1)

    def sweep(self) -> sweep.TickReport:
        """One sweep now."""
        return sweep.run(self.engine)

    def file(
        self,
        by: str = "officer",
        *,
        process: str = "dispute",
        grid: str = GRID,
        received_at: datetime | None = None,
        **fields: Scalar,
    ) -> act.Receipt:
        """Files a case with ordinary fields; others given win."""
        usual = DISPUTE if process == "dispute" else PETITION
        request = act.Request(
            case_id=ids.uuid7(),
            action_id=ids.uuid7(),
            action="file_case",
            fields={**usual, **fields},
            filing=act.Filing(process=process, origin_grid=grid, received_at=received_at),
        )
        return act.act(self.engine, self.actor(by), request)

    def do(
        self, case: act.Receipt | UUID, action: str, by: str, /, **fields: Scalar
    ) -> act.Receipt:
        """Does one action as a person of the district."""
        case_id = case if isinstance(case, UUID) else case.case_id
        today = f"{self.now().astimezone(ZONE):%F}"
        request = act.Request(
            case_id=case_id,
            action_id=ids.uuid7(),
            action=action,
            fields={**usual(action, fields, today=today), **fields},
        )
        return act.act(self.engine, self.actor(by), request)

    def hold_session(self, case: act.Receipt | UUID, by: str = "mediator") -> act.Receipt:
        """A session of today with both sides: before it nothing is agreed, and nothing fails."""
        today = f"{self.now().astimezone(ZONE):%F}"
        return self.do(case, "record_session", by, **SESSION, session_on=today)

    def ask(self, case: act.Receipt, action: str, /, **fields: Scalar) -> act.Receipt:
        """Does one action as a party does it itself, with number and code."""
        request = act.Request(
            case_id=case.case_id, action_id=ids.uuid7(), action=action, fields=fields
        )
        return act.act(self.engine, self.resident(case), request)

    def resident(self, case: act.Receipt) -> access.Actor:
        """Whoever holds number and code of a case."""
        return search.by_code(self.engine, case.number, case.code or "")

    def staff(
        self, key: str, *, kind: str, area: str, superior: str | None = "government", **roles: str
    ) -> None:
        """One more office, and in it a person for each name, with this role."""
        self.offices[key] = ids.uuid7()
        new = office.NewOffice(
            id=self.offices[key],
            kind=kind,
            name=f"单位 {key}",
            area_code=area,
            superior_id=self.offices[superior] if superior else None,
        )
        office.add_offices(self.engine.database, [new])
        self.seat({name: (role, key) for name, role in roles.items()})

    def seat(self, posts: Mapping[str, tuple[str, str]]) -> None:
        """One more person for each name, with this role at this office."""
        for name, (role, at) in posts.items():
            self.people[name], self.posts[name] = ids.uuid7(), ids.uuid7()
            person = people.NewPerson(id=self.people[name], name=f"演示{name}")
            people.add_people(self.engine.database, [person])
            post = office.NewPost(
                id=self.posts[name],
                role=role,
                office_id=self.offices[at],
                holder_id=person.id,
            )
            office.add_posts(self.engine.database, [post])

    def case(self, case: act.Receipt | UUID):  # type: ignore[no-untyped-def]
        """The case row as it stands."""
        case_id = case if isinstance(case, UUID) else case.case_id
        with db.snapshot(self.engine.database) as tx:
            row = read.case_row(tx, case_id)
        assert row is not None
        return row

    def deadlines(self, case: act.Receipt) -> dict[str, list]:  # type: ignore[type-arg]
        """All deadlines of a case, by rule, in order."""
        found: dict[str, list] = {}  # type: ignore[type-arg]
        with db.snapshot(self.engine.database) as tx:
            for row in tx.execute(read.DEADLINES, {"case_ids": [case.case_id]}):
                found.setdefault(row.rule, []).append(row)
        return found


@dataclass(slots=True, kw_only=True)
class _Built:
    """A district as this process has made it once by commands: its rows, to copy. `filling` puts
    them into PostgreSQL in one trip."""

    offices: Mapping[str, UUID]
    posts: Mapping[str, UUID]
    people: Mapping[str, UUID]
    rows: Mapping[Table, list[dict[str, Any]]]
    took_s: int
    filling: str = ""


_BUILT: dict[tuple[str, frozenset[str]], _Built] = {}


def build(
    database: db.Database, *, start: str = "2026-03-20 16:00", accounts: Collection[str] = ()
) -> District:
    """A district whose office time stands at a local moment. Those named in `accounts` log in
    with their key and `PASSWORD`. Made by commands once a process, later copied row by row."""
    district = District(engine=engine_of(database))
    offset_s = int((local(start) - clock.system()).total_seconds())
    built = _BUILT.get((start, frozenset(accounts)))
    if built is None:
        _BUILT[start, frozenset(accounts)] = _build(district, accounts, offset_s)
    else:
        _copy(built, district, offset_s)
    return district


def _build(district: District, accounts: Collection[str], offset_s: int) -> _Built:
    database, began = district.engine.database, clock.system()
    office.install(database, is_demo=True, offset_s=offset_s)
    packs.ship(database)
    office.add_areas(
        database,
        [
            office.NewArea(code=code, name=name, level=level, parent_code=parent)
            for code, name, level, parent in AREAS
        ],
    )
    for key, kind, area, superior in OFFICES:
        district.staff(key, kind=kind, area=area, superior=superior)
    _add_posts(district, accounts)
    return _Built(
        offices=dict(district.offices),
        posts=dict(district.posts),
        people=dict(district.people),
        rows=rows(database),
        took_s=ceil((clock.system() - began).total_seconds()),
    )


def rows(database: db.Database) -> dict[Table, list[dict[str, Any]]]:
    """All that the commands of an installation have written, areas and offices after those above
    them: a database gives them in no order of its own."""
    made = [it for it in SQLModel.metadata.sorted_tables if it.name in _MADE]
    with db.snapshot(database) as tx:
        found = {it: [dict(row) for row in tx.execute(select(it)).mappings()] for it in made}
    for there in found.values():
        there.sort(key=lambda row: (row.get("depth", 0), len(row.get("line", ""))))
    return found


def _copy(built: _Built, district: District, offset_s: int) -> None:
    """Office time begins where it stood when the rows were made: nobody holds a post of later."""
    with db.transaction(district.engine.database) as tx:
        driver: Any = tx.connection.driver_connection
        if built.filling and district.engine.database.is_postgres:
            driver.execute(built.filling, prepare=False)
        else:
            for table, there in built.rows.items():
                if there:
                    tx.execute(insert(table), there)
            if district.engine.database.is_postgres:
                built.filling = postgres.filling(driver, [table.name for table in built.rows])
        tx.execute(update(_HOUSE).values(offset_s=offset_s + built.took_s))
    district.offices.update(built.offices)
    district.posts.update(built.posts)
    district.people.update(built.people)


def engine_of(database: db.Database, *, folder: Path = Path("/dev/null/attachments")) -> Engine:
    """An engine with the tests' key; attached files go into the folder, which most tests have
    not."""
    store = Store(folder=folder, most_bytes=MOST_BYTES)
    return Engine(database=database, seals=Seals(bytes(range(32))), files=store)


def _add_posts(district: District, accounts: Collection[str]) -> None:
    for person, _, _, _ in POSTS:
        district.people[person] = ids.uuid7()
        district.posts[person] = ids.uuid7()
    people.add_people(
        district.engine.database,
        [
            people.NewPerson(
                id=key,
                name=f"演示{name}",
                username=name if name in accounts else None,
                password=PASSWORD if name in accounts else None,
            )
            for name, key in district.people.items()
        ],
    )
    office.add_posts(
        district.engine.database,
        [
            office.NewPost(
                id=district.posts[person],
                role=role,
                office_id=district.offices[at],
                scope_code=scope,
                holder_id=district.people[person],
            )
            for person, role, at, scope in POSTS
        ],
    )
