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
    """Check every chain, value, file and log row / 核对全部事件链、个人信息、附件和日志"""
    with installation.opened(answer.read_settings(data)) as engine:
        report = audit.verify(engine.database, engine.seals)
        files = audit.verify_files(engine.database, engine.seals, engine.files)
    faults = (*report.faults, *files.faults)
    if json:
        told = dataclasses.asdict(report) | {"files": files.files}
        told["faults"] = [dataclasses.asdict(fault) for fault in faults]
        answer.print_json({"ok": not faults} | told)
    else:
        _tell(report, files, faults, is_zh=answer.words(context).is_zh)
    if faults:
        raise typer.Exit(answer.FOUND_WRONG)


def _tell(
    report: audit.Report,
    files: audit.FileReport,
    faults: tuple[audit.Fault, ...],
    *,
    is_zh: bool,
) -> None:
    for fault in faults:
        answer.OUT.print(f"{fault.place}: {fault.what}", style="red")
    counts = (report.cases, report.events, report.values, files.files, report.log_rows, len(faults))
    line = (
        "案件 {} 件，事件 {} 条，个人信息 {} 项，附件 {} 份，日志 {} 行；发现问题 {} 处。"
        if is_zh
        else "{} cases, {} events, {} personal values, {} files, {} log rows; {} faults."
    )
    answer.OUT.print(line.format(*counts))
