"""How the command line answers: the person's language, errors in words, exit codes.

Every command may raise; the errors are told here, once, and nowhere else.
"""

from __future__ import annotations

import json
import locale
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import pydantic
import rich.console
import rich.progress
import sqlalchemy.exc
import typer
import typer.core

from api import problems, texts
from rules import errors, pack
from workflow import settings

FOUND_WRONG: Final = 1
BAD_INPUT: Final = 2
UNREACHABLE: Final = 3

# What a pack or a file says is text, never markup.
OUT: Final = rich.console.Console(highlight=False, soft_wrap=True, markup=False)
ERR: Final = rich.console.Console(stderr=True, highlight=False, soft_wrap=True, markup=False)

# Inputs that are called otherwise on the command line.
_LABELS: Final[Mapping[str, str]] = {
    name: f"--{name}"
    for name in (
        *("start", "until", "extend", "pause", "host", "port", "data", "holder", "deputy"),
        *("process", "svg"),
    )
} | {"from_on": "--from", "until_on": "--until", "metrics_port": "--metrics-port"}


class Lang(StrEnum):
    """The two languages, as the command line calls them."""

    ZH = "zh"
    EN = "en"


def _choose(context: typer.Context, value: Lang | None) -> Lang | None:
    if value is not None:
        context.find_root().obj = value
    return value


Language = Annotated[
    Lang | None,
    typer.Option(
        "--lang", callback=_choose, is_eager=True, help="Language of the answer / 回答所用的语言"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="For machines / 供程序读取")]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="Data directory / 数据目录", show_default=False),
]


class Root(typer.core.TyperGroup):
    """The boundary: what a command raises is told in words, with its exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Runs a command."""
        try:
            return super().invoke(ctx)
        except errors.GridcaseError as error:
            code = tell(error, words(ctx))
        except sqlalchemy.exc.OperationalError as error:
            away = errors.Busy("database.unreachable")
            away.__cause__ = error
            code = tell(away, words(ctx))
        raise typer.Exit(code)


def words(context: typer.Context | None = None) -> texts.Words:
    """The words of this call: the language asked for, else the terminal's, else Chinese."""
    chosen = context.find_root().obj if context is not None else None
    if chosen is None:
        found = locale.setlocale(locale.LC_CTYPE) or ""
        chosen = Lang.EN if found.startswith("en") else Lang.ZH
    return texts.Words(language="en" if chosen == Lang.EN else "zh-CN")


def tell(error: errors.GridcaseError, told: texts.Words) -> int:
    """Says on standard error what is wrong and what to do. Gives the exit code."""
    if isinstance(error, errors.PackInvalid):
        for line in pack_faults(error.pack_faults, told):
            ERR.print(line)
    for fault in error.faults:
        text = problems.detail(fault, told, _LABELS)
        ERR.print(f"{text} [{fault.code}]", style="red")
        remedy = told.error(fault, _LABELS).remedy
        if remedy:
            ERR.print(f"  {remedy}")
    if reason(error):
        ERR.print(f"  {reason(error)}")
    return exit_code(error)


def reason(error: errors.GridcaseError) -> str:
    """What the database's driver said, in one line; empty where it said nothing."""
    said = str(getattr(error.__cause__, "orig", None) or "").strip()
    return f"({said.splitlines()[0]})" if said else ""


LANGUAGES: Final[tuple[texts.Language, texts.Language]] = ("zh-CN", "en")


def sentence(error: errors.GridcaseError, language: texts.Language) -> str:
    """An error on one line: what is wrong, and what to do."""
    told = texts.Words(language=language)
    text = problems.detail(error, told, _LABELS)
    return _with_remedy(text, told.error(error, _LABELS).remedy, told)


def _with_remedy(text: str, remedy: str, told: texts.Words) -> str:
    return f"{text.rstrip('。.')}{'。' if told.is_zh else '. '}{remedy}"


def pack_faults(faults: tuple[errors.PackFault, ...], told: texts.Words) -> list[str]:
    """A pack's faults, a line each: `file:line: key: what is wrong. What to do.`"""
    lines = []
    for fault in faults:
        text = told.error_text(fault.code, dict(fault.params))
        what = _with_remedy(text.text, text.remedy, told)
        line = f":{fault.line}" if fault.line else ""  # a file as a whole has none
        place = f"{fault.file}{line}" + (f": {fault.key}" if fault.key else "")
        lines.append(f"{place}: {what} [{fault.code}]")
    return lines


def exit_code(error: errors.GridcaseError) -> int:
    """Which exit code an error gives."""
    if isinstance(error, errors.Busy) and error.code.startswith("database."):
        return UNREACHABLE
    if isinstance(error, errors.Invalid | errors.PackInvalid | errors.NotFound):
        return BAD_INPUT
    return FOUND_WRONG


def read_settings(data: Path | None = None) -> settings.Settings:
    """The settings of this call; `data` wins over the environment.

    Raises: `settings.value`, each with the values it takes.
    """
    try:
        return settings.Settings() if data is None else settings.Settings(data_dir=data)
    except pydantic.ValidationError as error:
        faults = [_setting(item) for item in error.errors(include_input=False, include_url=False)]
        first, *rest = faults
        raise errors.Invalid(first.code, field=first.field, also=rest, **first.params) from None


def _setting(item: Mapping[str, Any]) -> errors.Invalid:
    name = str(item["loc"][0]) if item["loc"] else "data_dir"
    told = allowed(name)
    return errors.Invalid(
        "settings.value",
        field=f"{settings.PREFIX}{name.upper()}",
        allowed_zh=told.zh,
        allowed_en=told.en,
    )


_ALLOWED: Final[Mapping[str, pack.Text]] = {
    "data_dir": pack.Text(zh="一个目录", en="a directory"),
    "database_url": pack.Text(
        zh="sqlite:///文件 或 postgresql://用户@主机/库名",
        en="sqlite:///FILE or postgresql://USER@HOST/NAME",
    ),
    "secret_key": pack.Text(zh="64 位十六进制数", en="64 hex digits"),
    "channels": pack.Text(
        zh='{"mail": "mailtos://…?to={address}"}，名称为 mail、wecom、dingtalk、feishu、sms',
        en='{"mail": "mailtos://...?to={address}"}, names: mail, wecom, dingtalk, feishu, sms',
    ),
    "public_url": pack.Text(zh="https://主机", en="https://HOST"),
}


def allowed(name: str) -> pack.Text:
    """The values a setting takes, in words."""
    if name in _ALLOWED:
        return _ALLOWED[name]
    limit = settings.bounds(name)
    whole = settings.Settings.model_fields[name].annotation is int
    low, high = limit.get("gt", limit.get("ge")), limit.get("le")
    zh = f"{'整数' if whole else '数'}，{'大于' if 'gt' in limit else '不小于'} {low}"
    en = f"a{' whole' if whole else ''} number, {'above' if 'gt' in limit else 'at least'} {low}"
    if high is None:
        return pack.Text(zh=zh, en=en)
    return pack.Text(zh=f"{zh}，不大于 {high}", en=f"{en}, at most {high}")


def progress() -> rich.progress.Progress:
    """How far something long has come; silent where nobody looks."""
    return rich.progress.Progress(
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        rich.progress.TextColumn("{task.completed}/{task.total}"),
        rich.progress.TimeElapsedColumn(),
        console=ERR,
        transient=True,
        disable=not ERR.is_terminal,
    )


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def both(text: pack.Text | None) -> dict[str, str] | None:
    """A pack's words in both languages, for machines."""
    return None if text is None else {"zh": text.zh, "en": text.en}
