"""`gridcase pack`: is a pack sound, what does it say, when does one of its clocks end."""

from __future__ import annotations

import json as json_
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import rich.table
import typer

from api import texts
from api.cli import answer, due_answer, installation, law_answer
from api.rulebook import edition, pictures
from rules import calendars, check, due, errors, load
from rules import pack as pack_
from workflow import db
from workflow.commands import packs
from workflow.queries import directory

app = typer.Typer(no_args_is_help=True, help="Packs of policy / 规则包")
SHIPPED = "cn-national"
_TICK = timedelta(microseconds=1)
SHORTEST_HASH = 8
"""So many letters of a hash name a pack."""

Folder = Annotated[
    str, typer.Option("--pack", help="Folder, or name of a shipped pack / 目录或随附规则包名称")
]


@app.callback()
def group() -> None:
    """Packs of policy / 规则包"""


@app.command("check")
def check_pack(
    context: typer.Context,
    folder: Annotated[
        str | None,
        typer.Argument(metavar="[DIR|NAME]", help="None: every shipped pack / 省略则检查全部"),
    ] = None,
    json: answer.Json = False,
    lang: answer.Language = None,
) -> None:
    """Load packs, prove them sound, run their examples / 检查规则包并运行示例"""
    words = answer.words(context)
    asked = load.shipped_names() if folder is None else (folder,)
    found = [_checked(name) for name in asked]
    if json:
        told = [_verdict(one, words) for one in found]
        is_ok = all(not one.faults for one in found)
        answer.print_json(told[0] if folder else {"ok": is_ok, "packs": told})
    else:
        for one in found:
            _say(one, words)
    if any(one.faults for one in found):
        raise typer.Exit(answer.BAD_INPUT)


@app.command()
def show(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="A process or clock / 流程或时限")] = None,
    process: Annotated[
        str | None, typer.Option("--process", metavar="NAME", help="A process / 流程")
    ] = None,
    svg: Annotated[
        str | None,
        typer.Option("--svg", metavar="FILE|-", help="Its drawing as SVG / 流程图写入 SVG 文件"),
    ] = None,
    json: answer.Json = False,
    folder: Folder = SHIPPED,
    lang: answer.Language = None,
) -> None:
    """Show a pack, one of its processes, or one clock / 显示规则包、流程或时限"""
    loaded, _ = _read(folder)
    words = answer.words(context)
    name = process or name
    if svg is not None or process is not None:
        name = _process(loaded.pack, name)
    if svg is not None:
        drawn = edition.Edition(pack=loaded.pack, hash=loaded.hash)
        _write(svg, pictures.svg(drawn, name or "", words))
    elif name is None or name == loaded.pack.name:
        _show_pack(loaded, words, as_json=json)
    elif name in loaded.pack.processes:
        _show_process(loaded, words, name=name, as_json=json)
    else:
        owner, extension = _clock(loaded.pack, name)
        told = due_answer.described(loaded.pack, owner, extension=extension)
        answer.print_json(told) if json else due_answer.print_facts(told, words)


@app.command()
def law(
    context: typer.Context,
    json: answer.Json = False,
    folder: Folder = SHIPPED,
    lang: answer.Language = None,
) -> None:
    """The law row by row, and the lines of the pack that keep it / 逐条规定与规则包条目对照"""
    loaded, _ = _read(folder)
    if json:
        answer.print_json(law_answer.told(loaded.pack))
    else:
        words = answer.words(context)
        answer.OUT.print(law_answer.table(loaded.pack, words))
        answer.OUT.print(law_answer.summary(loaded.pack, words))
    if law_answer.missing(loaded.pack):
        raise typer.Exit(answer.FOUND_WRONG)


@app.command("due")
def due_of(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A clock, as petition.handle / 时限名称")],
    start: Annotated[
        str,
        typer.Option("--start", metavar="DATE|INSTANT", help="When it starts / 开始的日期或时刻"),
    ],
    extend: Annotated[
        int,
        typer.Option("--extend", metavar="DAYS", help="Days or hours / 延长的长度"),
    ] = 0,
    pause: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--pause",
            metavar="FROM TO",
            help="Dates or moments of a pause / 中止的起止",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="DATE",
            help="The day that a field names, or another clock ends / 字段给出或另一时限届满的日子",
        ),
    ] = None,
    json: answer.Json = False,
    folder: Folder = SHIPPED,
    lang: answer.Language = None,
) -> None:
    """When a clock ends, and why / 时限何时届满、如何计算"""
    loaded, calendar = _read(folder)
    owner, extension = _clock(loaded.pack, name)
    rule = loaded.pack.deadlines[owner]
    if extension is not None and extend == 0:
        extend = extension.max.n
    asked = due_answer.Asked(
        start_at=_start(start, calendar),
        extend=extend,
        pauses=() if pause is None else (_pause(pause, calendar),),
        until=None if until is None else _day(until, field="until"),
    )
    told = due_answer.computed(
        loaded.pack, owner, extension=extension, asked=asked, calendar=calendar
    )
    if json:
        answer.print_json(told)
    else:
        words = answer.words(context)
        due_answer.print_facts(told, words)
        answer.OUT.print(due_answer.spans_table(rule, asked, calendar=calendar, words=words))


@app.command()
def activate(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FOLDER|NAME@VERSION|HASH",
            help="A shipped pack, a folder, or a stored one / 规则包",
        ),
    ],
    json: answer.Json = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """Start new cases under another pack / 新案件改用另一个规则包

    One that comes with this release is named by its name alone, one of your own by its folder:
    both are stored first. Cases under way keep the pack they started under, and the calendar stays:
    `office calendar import` changes it.
    """
    with installation.opened(answer.read_settings(data)) as engine:
        folder = _folder(name)
        if folder:
            name = packs.ship(engine.database, folder=folder)
        elif load.is_shipped(name):
            name = packs.ship(engine.database, name=name)
        found = _stored(engine.database, name)
        packs.switch(engine.database, found.hash)
    told = {"name": found.name, "version": found.version, "hash": found.hash}
    if json:
        answer.print_json(told)
        return
    line = (
        "新案件起用规则包 {name} {version}；在办案件沿用原规则包。"
        if answer.words(context).is_zh
        else "New cases start under pack {name} {version}; cases under way keep theirs."
    )
    answer.OUT.print(line.format(**told))
    answer.OUT.print(f"  sha256 {found.hash}")


# -- checking -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """A pack as asked for, with what was found; `loaded` is None where it cannot be read."""

    name: str
    loaded: load.Loaded | None
    faults: tuple[errors.PackFault, ...]


def _checked(name: str) -> _Checked:
    """Raises: `pack.unknown`, `pack.no_folder`."""
    try:
        loaded, calendar = _read(name)
    except errors.PackInvalid as error:
        return _Checked(name=name, loaded=None, faults=error.pack_faults)
    faults = check.check(loaded.pack, calendar, places=loaded.places)
    return _Checked(name=loaded.pack.name, loaded=loaded, faults=faults)


def _verdict(one: _Checked, words: texts.Words) -> dict[str, Any]:
    told = {} if one.loaded is None else _summary(one.loaded)
    return {"ok": not one.faults, "name": one.name, "faults": _faults(one.faults, words)} | told


def _say(one: _Checked, words: texts.Words) -> None:
    """One line where all is well; else each fault with its remedy, and the pack's name before
    them."""
    if one.faults or one.loaded is None:
        line = "规则包 {} 不能使用。" if words.is_zh else "Pack {} cannot be used."
        answer.ERR.print(line.format(one.name))
        answer.tell(errors.PackInvalid(one.faults), words)
        bases = {fault.file.partition("/")[0] for fault in one.faults}
        for base in sorted(bases.intersection(load.shipped_names()) if one.loaded else ()):
            cause = (
                "  {} 本身没有问题：写在它里面的错处，由这个规则包的改动引起。"
                if words.is_zh
                else "  {} is sound by itself: what is told of it comes of what this pack changes."
            )
            answer.ERR.print(cause.format(base))
        return
    line = (
        "规则包 {name} {version} 没有问题：流程 {processes} 个，时限 {clocks} 个，"
        "{examples} 个示例全部相符。"
        if words.is_zh
        else "Pack {name} {version} is sound: {processes} processes, {clocks} clocks, "
        "all {examples} examples come out as written."
    )
    answer.OUT.print(line.format(**_summary(one.loaded)))
    answer.OUT.print(f"  sha256 {one.loaded.hash}")


# -- reading what was asked ---------------------------------------------------------------------


def _read(folder: str) -> tuple[load.Loaded, calendars.Calendar]:
    """A pack with its calendar. Raises: `pack.unknown`, `pack.no_folder`, PackInvalid."""
    path = _folder(folder)
    loaded, calendar, _ = load.with_calendar(path) if path else load.release(folder)
    return loaded, calendar


def _folder(name: str) -> Path | None:
    """The folder that is named; None for a name. Raises: `pack.no_folder`."""
    path = Path(name)
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except OSError:  # a name longer than any
        is_folder, is_there = False, True
    if name and is_folder:
        return path
    if "/" in name or (name and is_there):
        raise errors.NotFound("pack.no_folder", folder=name[:200])
    return None


def _stored(database: db.Database, name: str) -> directory.StoredPack:
    """The stored pack of a name and version, or whose hash begins so.

    Raises: `pack.not_stored`, `pack.ambiguous`.
    """
    found = [
        pack
        for pack in directory.packs(database)
        if f"{pack.name}@{pack.version}" == name
        or (len(name) >= SHORTEST_HASH and pack.hash.startswith(name))
    ]
    if not found:
        raise errors.NotFound("pack.not_stored", field="name", name=name[:100])
    if len(found) > 1:
        hashes = ", ".join(pack.hash[:12] for pack in found)
        raise errors.Invalid("pack.ambiguous", field="name", hashes=hashes)
    return found[0]


def _process(pack: pack_.Pack, name: str | None) -> str:
    """The process of that name, or the only one. Raises: `pack.no_process`."""
    if name is None and len(pack.processes) == 1:
        return next(iter(pack.processes))
    if name is None or name not in pack.processes:
        known = ", ".join(pack.processes)
        raise errors.Invalid("pack.no_process", field="process", known=known)
    return name


def _write(file: str, text: str) -> None:
    """Writes a text to a file, or to standard output. Raises: `cli.not_written`."""
    if file == "-":
        typer.echo(text, nl=False)
        return
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as fault:
        problem = fault.strerror or type(fault).__name__
        raise errors.Invalid(
            "cli.not_written", field="svg", file=file[:200], problem=problem
        ) from fault


def _clock(pack: pack_.Pack, name: str) -> tuple[str, pack_.Extension | None]:
    """The clock of that name, or the one that the extension of that name belongs to.

    Raises: `pack.no_clock`.
    """
    if name in pack.deadlines:
        return name, None
    for owner, rule in pack.deadlines.items():
        if rule.extension is not None and rule.extension.name == name:
            return owner, rule.extension
    raise errors.NotFound("pack.no_clock", name=name[:60])


def _start(text: str, calendar: calendars.Calendar) -> datetime:
    """A local date, or an instant; one without an offset is local. Raises: `cli.start`."""
    try:
        if len(text) == len("2026-03-20"):
            return calendars.start_of_day(calendar, date.fromisoformat(text))
        at = datetime.fromisoformat(text)
    except ValueError:
        raise errors.Invalid("cli.start", field="start") from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=calendars.zone(calendar))
    return at.astimezone(UTC)


def _pause(pair: tuple[str, str], calendar: calendars.Calendar) -> due.Pause:
    """Two local dates: the days after the first up to and including the last; or two instants,
    for clocks of hours. Raises: `field.date`, `cli.pause`."""
    if all(len(text) <= len("2026-03-20") for text in pair):
        first, last = (_day(text, field="pause") for text in pair)
        return due.Pause(from_on=first, to_on=last, reason="--pause")
    try:
        from_at, to_at = (_start(text, calendar) for text in pair)
    except errors.Invalid:
        raise errors.Invalid("cli.pause", field="pause") from None
    if to_at < from_at:
        raise errors.Invalid("deadline.pause_order", field="pause")
    return due.Pause(
        from_on=calendars.local_date(calendar, from_at),
        to_on=calendars.local_date(calendar, max(from_at, to_at - _TICK)),
        from_at=from_at,
        to_at=to_at,
        reason="--pause",
    )


def _day(text: str, *, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise errors.Invalid("field.date", field=field) from None


# -- telling ------------------------------------------------------------------------------------


def _summary(loaded: load.Loaded) -> dict[str, Any]:
    pack = loaded.pack
    return {
        "name": pack.name,
        "version": pack.version,
        "hash": loaded.hash,
        "processes": len(pack.processes),
        "clocks": len(pack.deadlines),
        "examples": len(pack.examples),
    }


def _faults(faults: tuple[errors.PackFault, ...], words: texts.Words) -> list[dict[str, object]]:
    return [
        {"file": fault.file, "line": fault.line, "key": fault.key, "code": fault.code}
        | {"detail": (told := words.error_text(fault.code, dict(fault.params))).text}
        | {"remedy": told.remedy}
        for fault in faults
    ]


def _show_pack(loaded: load.Loaded, words: texts.Words, *, as_json: bool) -> None:
    if as_json:
        answer.print_json({"hash": loaded.hash, "document": json_.loads(loaded.document)})
        return
    pack = loaded.pack
    answer.OUT.print(f"{words.text(pack.title)}  {pack.name} {pack.version}")
    answer.OUT.print(f"sha256 {loaded.hash}")
    for name, process in pack.processes.items():
        states = len(process.states)
        answer.OUT.print(f"{name}  {words.text(process.name)}  ({states}, {len(process.actions)})")
    table = rich.table.Table(box=None, pad_edge=False)
    for column in _CLOCK_COLUMNS[words.is_zh]:
        table.add_column(column, overflow="fold")
    for name, rule in pack.deadlines.items():
        limit = due_answer.limit_text(rule, words)
        table.add_row(name, words.text(rule.name), limit, words.phrase(rule.tag), rule.source)
    answer.OUT.print(table)


_CLOCK_COLUMNS = {
    True: ("时限", "名称", "长度", "依据类别", "依据"),
    False: ("Clock", "Name", "Limit", "Tag", "Source"),
}


def _show_process(loaded: load.Loaded, words: texts.Words, *, name: str, as_json: bool) -> None:
    if as_json:
        answer.print_json(json_.loads(loaded.document)["processes"][name])
        return
    process = loaded.pack.processes[name]
    answer.OUT.print(f"{name}  {words.text(process.name)}")
    for key, action in process.actions.items():
        roles = ", ".join(action.by)
        way = f"{', '.join(action.source) or '-'} -> {action.to or '='}"
        answer.OUT.print(f"  {key}  {words.text(action.name)}: {way}  ({roles})")
