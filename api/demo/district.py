"""Offices, posts and the people who hold them, in the whole district.

Per community a case desk (with the grid officers) and a mediation committee; per street a
mediation committee with a secretary at its desk, a 司法所, a leading office with one
supervisor and two leaders; in the district petition office, 综治中心, leading office and three
departments. One handler's post is vacant, so that a case can be seen which cannot escalate.
Above stands the city's leading office: 复核 is asked of the next organ up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from api.demo import names, places
from rules import pack
from workflow import ids
from workflow.commands import office, people
from workflow.engine import Engine

DEPARTMENTS: Final = ("区住房和城乡建设局", "区人力资源和社会保障局", "区市场监督管理局")
VACANT: Final = DEPARTMENTS[2]
"""Its handler's post has no holder."""

Place = tuple[str, str]
"""Office kind (or a department's name) and area code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A way in, and what to try with it."""

    username: str
    role: str
    place: Place
    title: pack.Text
    hint: pack.Text
    scope: str | None = None
    nth: int = 0


def _account(
    username: str,
    role: str,
    place: Place,
    title: str,
    en: str,
    *,
    hint: str,
    try_: str,
    **more: int,
) -> Account:
    return Account(
        username=username,
        role=role,
        place=place,
        title=pack.Text(zh=title, en=en),
        hint=pack.Text(zh=hint, en=try_),
        scope=places.GRID if role == "grid_officer" and username == "officer" else None,
        nth=more.get("nth", 0),
    )


_HOUSING: Final = (DEPARTMENTS[0], places.DISTRICT)
_STREET: Final = ("leading_office", places.STREET)
_TOP: Final = ("leading_office", places.DISTRICT)
ACCOUNTS: Final = (
    _account(
        "officer", "grid_officer", ("case_desk", places.COMMUNITY), "网格员", "Grid officer",
        hint="上报一件纠纷；登记回访", try_="file a dispute; pay a return visit",
    ),
    _account(
        "desk", "case_desk", ("case_desk", places.COMMUNITY), "社区案件台", "Case desk",
        hint="受理，指派调解员", try_="accept, name a mediator",
    ),
    _account(
        "mediator", "mediator", ("mediation_committee", places.COMMUNITY), "社区调解员", "Mediator",
        hint="登记调解、协议，或提请街道调解", try_="record a session, an agreement, or hand up",
    ),
    _account(
        "street-desk", "case_desk", ("mediation_committee", places.STREET),
        "街道调委会秘书", "Street secretary",
        hint="给提请上来的案件指派调解员", try_="name a mediator for what was handed up",
    ),
    _account(
        "street-mediator", "mediator", ("mediation_committee", places.STREET),
        "街道调解员", "Street mediator", hint="调解、登记协议", try_="mediate, record an agreement",
    ),
    _account(
        "supervisor", "supervisor", _STREET, "街道督办员", "Street supervisor",
        hint="看红黄灯和看板，指定包案领导", try_="watch the board, name a leader",
    ),
    _account(
        "leader", "leader", _STREET, "街道包案领导", "Street leader",
        hint="批准包案方案（四定）", try_="approve a plan with its four fixed things",
    ),
    _account(
        "district-supervisor", "supervisor", _TOP, "区督办员", "District supervisor",
        hint="看全区看板和无法升级的案件", try_="the district's board, the cases that are stuck",
    ),
    _account(
        "district-leader", "leader", _TOP, "区包案领导", "District leader",
        hint="批准升级到区里的方案", try_="plans for cases that climbed to the district",
    ),
    _account(
        "petition", "petition_officer", ("petition_office", places.DISTRICT),
        "信访员", "Petition officer", hint="登记信访事项，转交部门", try_="register, transfer",
    ),
    _account(
        "handler", "department_handler", _HOUSING, "部门承办人", "Department handler",
        hint="受理、答复、送达", try_="accept, answer, serve",
    ),
    _account(
        "head", "organ_head", _HOUSING, "部门负责人", "Head of the department",
        hint="批准延长办理期限", try_="approve an extension",
    ),
    _account(
        "reviewer", "reviewer", _TOP, "复查员", "Reviewer",
        hint="办理复查申请", try_="answer a request for review",
    ),
    _account(
        "auditor", "auditor", _TOP, "审计员", "Auditor",
        hint="只能看，不能办；个人信息是遮住的", try_="sees all, acts on nothing, names are masked",
    ),
    _account(
        "officer2", "grid_officer", ("case_desk", "420303002001"),
        "另一街道的网格员", "Grid officer elsewhere",
        hint="看不到别的网格的案件", try_="sees nothing of the other grids",
    ),
)  # fmt: skip
"""One account per role of the story, all where it plays; and one from elsewhere."""


@dataclass(slots=True)
class Cast:
    """Who is where: offices by place, holders by place and role in the order of their rank."""

    offices: dict[Place, UUID] = field(default_factory=dict)
    holders: dict[tuple[Place, str], list[UUID]] = field(default_factory=lambda: defaultdict(list))
    officers: dict[str, UUID] = field(default_factory=dict)
    """Grid officers by grid."""

    def holder(self, kind: str, area: str, role: str, *, nth: int = 0) -> UUID:
        """A holder of a role at an office."""
        return self.holders[(kind, area), role][nth]


def build(engine: Engine, *, passwords: Mapping[str, str]) -> Cast:
    """Adds areas, offices, people and posts: one command each."""
    areas = places.read()
    office.add_areas(engine.database, areas.all)
    cast = Cast()
    new = tuple(_offices(areas, cast))
    office.add_offices(engine.database, new)
    posts, found = _posts(areas, cast)
    people.add_people(engine.database, _with_accounts(found, cast, passwords))
    office.add_posts(engine.database, posts)
    return cast


# -- offices --------------------------------------------------------------------------------------


def _offices(areas: places.Areas, cast: Cast) -> Iterator[office.NewOffice]:
    """Superiors first: an office's superior must be known."""

    def made(
        kind: str, area: str, name: str, *, superior: Place | None = None, key: str = ""
    ) -> office.NewOffice:
        place = (key or kind, area)
        cast.offices[place] = ids.uuid7()
        return office.NewOffice(
            id=cast.offices[place],
            kind=kind,
            name=name,
            area_code=area,
            superior_id=cast.offices[superior] if superior else None,
        )

    city = ("leading_office", places.CITY)
    yield made("leading_office", places.CITY, "十堰市人民政府办公室")
    yield made("leading_office", places.DISTRICT, "张湾区委区政府办公室", superior=city)
    yield made("petition_office", places.DISTRICT, "张湾区信访局", superior=_TOP)
    yield made("governance_centre", places.DISTRICT, "张湾区综治中心", superior=_TOP)
    for name in DEPARTMENTS:
        yield made("department", places.DISTRICT, f"张湾{name}", superior=_TOP, key=name)
    for area in areas.at("street"):
        leading = ("leading_office", area.code)
        yield made("leading_office", area.code, _leading_name(area.name), superior=_TOP)
        yield made("mediation_committee", area.code, f"{area.name}人民调解委员会", superior=leading)
        yield made("justice_office", area.code, f"{area.name}司法所", superior=leading)
    for area in areas.at("community"):
        street = str(area.parent_code)
        above = ("mediation_committee", street)
        yield made("mediation_committee", area.code, f"{area.name}人民调解委员会", superior=above)
        yield made(
            "case_desk", area.code, f"{area.name}案件台", superior=("leading_office", street)
        )


def _leading_name(name: str) -> str:
    if name.endswith("街道"):
        return f"{name}办事处"
    return f"{name}人民政府" if name[-1] in "镇乡" else f"{name}管委会"


# -- posts and people -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seat:
    """A post to be made."""

    place: Place
    role: str
    count: int = 1
    scope: str | None = None
    is_vacant: bool = False


def _seats(areas: places.Areas) -> Iterator[_Seat]:
    city = ("leading_office", places.CITY)
    for place, leaders in ((city, 1), (_TOP, 2)):
        yield _Seat(place=place, role="supervisor")
        yield _Seat(place=place, role="leader", count=leaders)
        yield _Seat(place=place, role="reviewer")
    yield _Seat(place=_TOP, role="auditor")
    yield _Seat(place=("petition_office", places.DISTRICT), role="petition_officer", count=2)
    for name in DEPARTMENTS:
        at = (name, places.DISTRICT)
        yield _Seat(place=at, role="organ_head")
        yield _Seat(place=at, role="department_handler", is_vacant=name == VACANT)
    for area in areas.at("street"):
        committee = ("mediation_committee", area.code)
        yield _Seat(place=committee, role="case_desk")
        yield _Seat(place=committee, role="mediator", count=2)
        yield _Seat(place=("leading_office", area.code), role="supervisor")
        yield _Seat(place=("leading_office", area.code), role="leader", count=2)
    for area in areas.at("community"):
        yield _Seat(place=("case_desk", area.code), role="case_desk")
        yield _Seat(place=("mediation_committee", area.code), role="mediator", count=2)
    for grid in areas.at("grid"):
        at = ("case_desk", str(grid.parent_code))
        yield _Seat(place=at, role="grid_officer", scope=grid.code)
    for area in areas.at("street"):
        yield _Seat(place=("justice_office", area.code), role="mediator")
    yield _Seat(place=("governance_centre", places.DISTRICT), role="mediator")


def _posts(areas: places.Areas, cast: Cast) -> tuple[list[office.NewPost], list[people.NewPerson]]:
    posts: list[office.NewPost] = []
    found: list[people.NewPerson] = []
    called = names.staff()
    for seat in _seats(areas):
        for rank in range(seat.count):
            holder = None
            if not seat.is_vacant:
                holder = ids.uuid7()
                found.append(people.NewPerson(id=holder, name=next(called)))
                cast.holders[seat.place, seat.role].append(holder)
                if seat.role == "grid_officer" and seat.scope:
                    cast.officers[seat.scope] = holder
            posts.append(
                office.NewPost(
                    id=ids.uuid7(),
                    role=seat.role,
                    office_id=cast.offices[seat.place],
                    scope_code=seat.scope,
                    holder_id=holder,
                    rank=rank,
                )
            )
    return posts, found


def _with_accounts(
    found: list[people.NewPerson], cast: Cast, passwords: Mapping[str, str]
) -> Iterator[people.NewPerson]:
    ways = {cast.holders[a.place, a.role][a.nth]: a.username for a in ACCOUNTS}
    for person in found:
        username = ways.get(person.id)
        if username is None:
            yield person
        else:
            yield people.NewPerson(
                id=person.id,
                name=person.name,
                username=username,
                password=passwords[username],
            )
