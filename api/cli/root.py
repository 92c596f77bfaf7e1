"""The root of the command line: its groups and the commands that run something."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer

from api.cli import answer, audit, db, doctor, office, pack, running, transfer

app = typer.Typer(
    name="gridcase",
    cls=answer.Root,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Case workflow for disputes and petitions / 矛盾纠纷与信访案件办理",
)
for command in (running.demo, running.serve, running.worker, doctor.doctor):
    app.command()(command)
app.add_typer(pack.app, name="pack")
app.add_typer(audit.app, name="audit")
app.add_typer(db.app, name="db")
app.add_typer(office.app, name="office")
app.add_typer(transfer.app, name="transfer")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"gridcase {metadata.version('gridcase')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Version / 版本"),
    ] = False,
    lang: answer.Language = None,
) -> None:
    """Case workflow for disputes and petitions / 矛盾纠纷与信访案件办理"""
