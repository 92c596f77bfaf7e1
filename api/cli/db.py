"""`gridcase db`: the schema of the database."""

from __future__ import annotations

import typer

from api.cli import answer, installation
from workflow import db, engine
from workflow.commands import office, packs

app = typer.Typer(no_args_is_help=True, help="The database / 数据库")


@app.callback()
def group() -> None:
    """The database / 数据库"""


@app.command()
def upgrade(context: typer.Context, data: answer.Data = None, lang: answer.Language = None) -> None:
    """Bring the schema to this release and add its pack / 升级数据库结构并加入随附的规则包

    The pack is added as available; only an empty database starts to use it.
    """
    chosen = answer.read_settings(data)
    if chosen.database_url is None:
        chosen.make_data_dir()
    started = engine.start(chosen)
    try:
        installation.check_version(started.database)
        installation.check_not_later(started.database)
        db.upgrade(started.database)
        office.install(started.database, is_demo=False)
        pack_hash = packs.ship(started.database)
        found, _ = db.revision(started.database)
    finally:
        engine.stop(started)
    is_zh = answer.words(context).is_zh
    line = "数据库已是 {}，规则包 {}。" if is_zh else "The database is at {}, the pack is {}."
    answer.OUT.print(line.format(found, pack_hash[:12]))
