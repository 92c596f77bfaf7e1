"""`gridcase transfer`: old closed cases of an earlier system taken over from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import rich.progress
import typer

from api import texts
from api.cli import answer, installation
from rules import errors
from rules.load import records
from workflow.commands import transfer as commands

app = typer.Typer(no_args_is_help=True, help="Cases of an earlier system / 原系统的案件")

_CHECKING: Final = {True: "正在检查", False: "Checking lines"}
_WRITING: Final = {True: "正在导入", False: "Importing cases"}


@app.callback()
def group() -> None:
    """Cases of an earlier system / 原系统的案件"""


@app.command("import")
def import_file(
    context: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, or .jsonl / CSV 或 .jsonl 文件")
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether it is sound / 只检查，不导入")
    ] = False,
    json: answer.Json = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """Take over old closed cases: nothing runs, nobody is told / 导入已办结的旧案件，不计时、不通知

    Every line is checked before any is written. What is here already is left alone, so that a file
    may be given again.
    """
    text, words = _read(path), answer.words(context)
    with installation.opened(answer.read_settings(data)) as engine, answer.progress() as progress:
        told = _telling(progress, _CHECKING[words.is_zh])
        made = commands.read_file(engine.database, text, file=path.name, told=told)
        told = _telling(progress, _WRITING[words.is_zh])
        written = 0 if check else commands.apply(engine, made, told=told)
    if json:
        answer.print_json(_described(made, written, check=check))
    else:
        answer.OUT.print(_line(made, written, words, check=check))


def _read(path: Path) -> bytes:
    """A file's bytes, no more than would be refused for its size. Raises: `transfer.no_file`."""
    try:
        with path.open("rb") as stream:
            return stream.read(records.MAX_BYTES + 1)
    except OSError as error:
        raise errors.NotFound("transfer.no_file", file=str(path)[:200]) from error


def _telling(progress: rich.progress.Progress, what: str) -> commands.Told:
    task = progress.add_task(what, total=None)

    def told(done: int, of: int) -> None:
        progress.update(task, completed=done, total=of)

    return told


def _described(made: commands.Import, written: int, *, check: bool) -> dict[str, Any]:
    return {
        "file": made.file,
        "hash": made.hash,
        "cases": len(made.new) + made.there,
        "new": len(made.new),
        "there": made.there,
        "imported": None if check else written,
    }


def _line(made: commands.Import, written: int, words: texts.Words, *, check: bool) -> str:
    if check:
        line = (
            "文件无误：可导入 {} 件，已在本系统中 {} 件。没有写入任何内容。"
            if words.is_zh
            else "The file is sound. To import: {}; here already: {}. Nothing was written."
        )
        return line.format(len(made.new), made.there)
    line = (
        "已导入案件 {} 件；此前已在本系统中 {} 件。"
        if words.is_zh
        else "Imported: {}; here already: {}."
    )
    return line.format(written, made.there + len(made.new) - written)
