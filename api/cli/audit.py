"""`gridcase audit`: is what is stored what was written."""

from __future__ import annotations

import dataclasses

import typer

from api.cli import answer, installation
from workflow import audit

app = typer.Typer(no_args_is_help=True, help="The chain of events / 事件链")


@app.callback()
def group() -> None:
    """The chain of events / 事件链"""


@app.command()
def verify(
    context: typer.Context,
    json: answer.Json = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """Check every chain, value and log row / 核对全部事件链、个人信息和日志"""
    with installation.opened(answer.read_settings(data)) as engine:
        report = audit.verify(engine.database, engine.seals)
    if json:
        answer.print_json({"ok": not report.faults} | dataclasses.asdict(report))
    else:
        _tell(report, is_zh=answer.words(context).is_zh)
    if report.faults:
        raise typer.Exit(answer.FOUND_WRONG)


def _tell(report: audit.Report, *, is_zh: bool) -> None:
    for fault in report.faults:
        answer.OUT.print(f"{fault.place}: {fault.what}", markup=False, style="red")
    counts = (report.cases, report.events, report.values, report.log_rows, len(report.faults))
    line = (
        "案件 {} 件，事件 {} 条，个人信息 {} 项，日志 {} 行；发现问题 {} 处。"
        if is_zh
        else "{} cases, {} events, {} personal values, {} log rows; {} faults."
    )
    answer.OUT.print(line.format(*counts))
