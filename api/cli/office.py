"""`gridcase office`: who is there, who holds which post, who is away; the calendar beside.

Whoever may read the data directory has the keys to all of it: no right is asked here, and each
act is a row of the office log without a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer
from rich import cells

from api.cli import answer, calendars, installation
from rules import errors
from workflow import db
from workflow.commands import absences
from workflow.commands import office as commands
from workflow.queries import absences as absence_query
from workflow.queries import directory

app = typer.Typer(
    no_args_is_help=True, help="People, posts, absences, calendar / 人员、岗位、离岗、日历"
)
user = typer.Typer(no_args_is_help=True, help="People / 人员")
post = typer.Typer(no_args_is_help=True, help="Posts / 岗位")
absence = typer.Typer(no_args_is_help=True, help="Days away / 离岗登记")
app.add_typer(user, name="user")
app.add_typer(post, name="post")
app.add_typer(absence, name="absence")
app.add_typer(calendars.app, name="calendar")

Person = Annotated[str, typer.Argument(metavar="USER", help="User name or id / 账号或编号")]


@app.callback()
def group() -> None:
    """People, posts, absences, calendar / 人员、岗位、离岗、日历"""


# -- people ---------------------------------------------------------------------------------------


@user.command("list")
def list_users(
    context: typer.Context,
    json: answer.Json = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """Who holds posts or may, and who is away / 列出人员"""
    with _opened(data) as database:
        found = directory.users(database)
    if json:
        answer.print_json({"users": [asdict(one) for one in found]})
        return
    is_zh = answer.words(context).is_zh
    rows = [(one.username or "-", one.name, _away(one, is_zh=is_zh), str(one.id)) for one in found]
    _print(("账号", "姓名", "", "编号") if is_zh else ("User", "Name", "", "Id"), rows)


def _away(one: directory.User, *, is_zh: bool) -> str:
    if one.is_disabled:
        return "已停用" if is_zh else "disabled"
    if one.away_until_on is None:
        return ""
    return f"离岗至 {one.away_until_on}" if is_zh else f"away until {one.away_until_on}"


# -- posts ----------------------------------------------------------------------------------------


@post.command("list")
def list_posts(
    context: typer.Context,
    area: Annotated[
        str | None, typer.Option("--area", metavar="CODE", help="At and below it / 该区域及以下")
    ] = None,
    json: answer.Json = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """The posts, and who is in them / 列出岗位和任职人员"""
    with _opened(data) as database:
        found = directory.posts(database, area=area)
        called = _called(database)
    if json:
        answer.print_json({"posts": [asdict(one) for one in found]})
        return
    is_zh = answer.words(context).is_zh
    rows = [
        (one.office, one.role, one.scope_name, *_people(one, called), str(one.id)) for one in found
    ]
    _print(_POSTS[is_zh], rows)


@post.command("appoint")
def appoint(
    context: typer.Context,
    post_id: Annotated[str, typer.Argument(metavar="POST", help="Its id / 岗位编号")],
    holder: Annotated[
        str | None, typer.Option("--holder", metavar="USER", help="Who holds it / 任职人员")
    ] = None,
    deputy: Annotated[
        str | None, typer.Option("--deputy", metavar="USER", help="Who stands in / 代岗人")
    ] = None,
    no_holder: Annotated[
        bool, typer.Option("--no-holder", help="The post is vacant / 岗位空缺")
    ] = False,
    no_deputy: Annotated[
        bool, typer.Option("--no-deputy", help="Nobody stands in / 没有代岗人")
    ] = False,
    json: answer.Json = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """Say who holds a post and who stands in / 任命岗位人员和代岗人

    What is not named stays as it is. Cases that nobody could take go on.
    """
    if (holder and no_holder) or (deputy and no_deputy):
        raise errors.Invalid("cli.both", field="holder" if holder and no_holder else "deputy")
    if not (holder or deputy or no_holder or no_deputy):
        raise errors.Invalid("cli.nobody", field="holder")
    with _opened(data) as database:
        before = _post(database, post_id)
        commands.appoint(
            database,
            before.id,
            holder_id=None if no_holder else _chosen(database, holder, before.holder_id),
            deputy_id=None if no_deputy else _chosen(database, deputy, before.deputy_id),
        )
        found = _post(database, post_id)
        called = _called(database)
    if json:
        answer.print_json(asdict(found))
        return
    is_zh = answer.words(context).is_zh
    line = "{} {}：任职 {}，代岗 {}。" if is_zh else "{} {}: held by {}, deputy {}."
    answer.OUT.print(line.format(found.office, found.role, *_people(found, called)))


_POSTS: Final = {
    True: ("单位", "岗位", "范围", "任职人员", "代岗人", "编号"),
    False: ("Office", "Post", "Scope", "Holder", "Deputy", "Id"),
}


def _post(database: db.Database, text: str) -> directory.Post:
    """Raises: `post.unknown`."""
    found = directory.post(database, _id(text, "post.unknown"))
    if found is None:
        raise errors.NotFound("post.unknown")
    return found


def _chosen(database: db.Database, name: str | None, before: UUID | None) -> UUID | None:
    return before if name is None else _person(database, name)


def _called(database: db.Database) -> dict[UUID, str]:
    """Everybody by id, as the command line calls them."""
    return {one.id: one.username or one.name for one in directory.users(database)}


def _people(one: directory.Post, called: dict[UUID, str]) -> tuple[str, str]:
    holder, deputy = one.holder_id, one.deputy_id
    return ("-" if holder is None else called[holder], "-" if deputy is None else called[deputy])


# -- absences -------------------------------------------------------------------------------------


@absence.command("add")
def add_absence(
    context: typer.Context,
    person: Person,
    from_: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day away / 离岗第一天")
    ],
    until: Annotated[
        str, typer.Option("--until", metavar="DATE", help="Last day away / 离岗最后一天")
    ],
    json: answer.Json = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """Say that somebody is away / 登记离岗"""
    days = {"from_on": _day(from_, "from_on"), "until_on": _day(until, "until_on")}
    with _opened(data) as database:
        found = absences.enter(database, None, person_id=_person(database, person), **days)
    if json:
        answer.print_json({"id": str(found)})
        return
    is_zh = answer.words(context).is_zh
    line = "{} 从 {} 到 {} 离岗。编号 {}" if is_zh else "{} is away from {} to {}. Id {}"
    answer.OUT.print(line.format(person, *days.values(), found))


@absence.command("end")
def end_absence(
    context: typer.Context,
    period: Annotated[str, typer.Argument(metavar="ID", help="Of the absence / 离岗登记编号")],
    json: answer.Json = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """Somebody is back today, or does not go / 结束或撤销离岗登记"""
    with _opened(data) as database:
        absences.end(database, None, _id(period, "absence.unknown"))
    if json:
        answer.print_json({"id": period, "ended": True})
        return
    answer.OUT.print("离岗已结束。" if answer.words(context).is_zh else "The absence is ended.")


@absence.command("list")
def list_absences(
    context: typer.Context,
    json: answer.Json = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """Who is away now or will be / 列出离岗登记"""
    with _opened(data) as database:
        found = absence_query.every(database)
    if json:
        answer.print_json({"absences": [asdict(one) for one in found]})
        return
    is_zh = answer.words(context).is_zh
    now = "现在" if is_zh else "now"
    rows = [
        (one.name, f"{one.from_on}", f"{one.until_on}", now if one.is_now else "", str(one.id))
        for one in found
    ]
    _print(("姓名", "从", "到", "", "编号") if is_zh else ("Name", "From", "Until", "", "Id"), rows)


# -- shared ---------------------------------------------------------------------------------------


@contextmanager
def _opened(data: Path | None) -> Iterator[db.Database]:
    with installation.opened(answer.read_settings(data)) as engine:
        yield engine.database


def _person(database: db.Database, name: str) -> UUID:
    """Somebody by user name or id. Raises: `person.unknown`."""
    for one in directory.users(database):
        if name in (one.username, str(one.id)):
            return one.id
    raise errors.NotFound("person.unknown", name=name[:100])


def _id(text: str, code: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise errors.NotFound(code) from None


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise errors.Invalid("field.date", field=field) from None


def _print(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A line a row, however long: an id that is folded cannot be copied."""
    lines = (columns, *rows)
    widths = [max(map(cells.cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = map(cells.set_cell_size, line, widths)
        answer.OUT.print("  ".join(padded).rstrip())
