"""`gridcase office calendar`: which calendars are there, what is in one, and a year's notice
taken in: first what it moves, then, if asked, done."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml

from api.cli import answer, calendar_answer, installation
from rules import errors
from rules.load import dates, rows
from workflow.commands import calendars as commands
from workflow.queries import almanac, directory

app = typer.Typer(no_args_is_help=True, help="Working days and office hours / 工作日历和办公时间")

Name = Annotated[
    str | None,
    typer.Argument(metavar="[HASH]", help="How it begins; else the one in use / 默认为现用的"),
]


class Way(StrEnum):
    """What happens to deadlines that run already."""

    KEEP = "keep"
    FROM_NOW_ON = "from-now-on"
    REBUILD = "rebuild"

    @property
    def mode(self) -> commands.Mode:
        """The same for the command."""
        return _MODES[self]


_MODES: Final[dict[Way, commands.Mode]] = {
    Way.KEEP: "keep",
    Way.FROM_NOW_ON: "from_now_on",
    Way.REBUILD: "rebuild",
}
WAYS: Final[dict[commands.Mode, str]] = {mode: way.value for way, mode in _MODES.items()}


@app.callback()
def group() -> None:
    """Working days and office hours / 工作日历和办公时间"""


@app.command("list")
def list_calendars(
    context: typer.Context,
    json: answer.Json = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """The calendars that are stored / 列出日历"""
    with installation.opened(answer.read_settings(data)) as engine:
        found = almanac.every(engine.database)
    if json:
        answer.print_json({"calendars": [calendar_answer.summary(one) for one in found]})
        return
    calendar_answer.print_list(found, answer.words(context))


@app.command("show")
def show(
    context: typer.Context,
    name: Name = None,
    json: answer.Json = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """A calendar's years and office hours / 显示日历的年份和办公时间"""
    with installation.opened(answer.read_settings(data)) as engine:
        found = almanac.one(engine.database, name)
    if json:
        answer.print_json(calendar_answer.described(found))
        return
    calendar_answer.print_calendar(found, answer.words(context))


@app.command("export")
def export(
    name: Name = None,
    year: Annotated[
        int | None, typer.Option("--year", metavar="YEAR", help="The year's file / 某一年的文件")
    ] = None,
    hours: Annotated[
        bool, typer.Option("--hours", help="The office hours' file / 办公时间文件")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="The year as CSV / 年份用 CSV 格式")] = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """A year or the office hours as a file that import takes / 导出一年或办公时间

    Printed, to be kept with > FILE.
    """
    if hours == (year is not None) or (hours and csv):
        raise errors.Invalid("calendar.export_what", field="year")
    with installation.opened(answer.read_settings(data)) as engine:
        found = almanac.one(engine.database, name)
    if hours:
        typer.echo(_yaml(dates.hours_document(found.hours)), nl=False)
        return
    chosen = next((one for one in found.calendar.years if one.year == year), None)
    if chosen is None:
        raise errors.NotFound("calendar.no_year", field="year", year=year)
    typer.echo(rows.write(chosen) if csv else _yaml(dates.year_document(chosen)), nl=False)


def _yaml(document: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(
        document, allow_unicode=True, sort_keys=False, default_flow_style=None, width=96
    )
    return text


@app.command("import")
def import_file(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="YAML, or CSV / YAML 或 CSV 文件")],
    way: Annotated[
        Way | None,
        typer.Option(
            "--apply",
            help="Do it; what becomes of running deadlines / 执行，以及如何处理正在计算的期限",
        ),
    ] = None,
    notify: Annotated[
        bool, typer.Option("--notify", help="Send the notices too / 同时发出通知")
    ] = False,
    json: answer.Json = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """Take in a year's days off, or office hours / 导入一年的放假安排或办公时间

    Without --apply it shows what would move and changes nothing. keep: running deadlines stay
    as they are. from-now-on: those not late are computed anew. rebuild: all are.
    """
    text = _read(path)
    with installation.opened(answer.read_settings(data)) as engine:
        told = calendar_answer.Telling(
            words=answer.words(context),
            ways=WAYS,
            path=str(path),
            called={one.id: one.username or one.name for one in directory.users(engine.database)},
        )
        made = commands.read_file(engine.database, text, file=path.name)
        if way is None:
            shown = commands.preview(engine, made)
            if json:
                answer.print_json(told.previewed(made, shown))
            else:
                told.print_preview(made, shown)
            return
        done = commands.apply(engine, made, mode=way.mode, notify=notify)
    if json:
        answer.print_json(
            told.head(made) | {"applied": way.value, "notified": notify} | asdict(done)
        )
    else:
        told.print_result(made, done, way=way.value, notify=notify)
    if done.failed:
        raise typer.Exit(answer.FOUND_WRONG)


def _read(path: Path) -> bytes:
    """A file's bytes, no more than would be refused for its size. Raises: `calendar.no_file`."""
    try:
        with path.open("rb") as stream:
            return stream.read(dates.MAX_NOTICE_BYTES + 1)
    except OSError as error:
        raise errors.NotFound("calendar.no_file", file=str(path)[:200]) from error
