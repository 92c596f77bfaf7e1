"""`gridcase doctor`: is this machine and this installation fit to run; a line each.

`ok` needs nothing, `hint` is worth knowing, `wrong` has to be mended: its line says how.
"""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
import tempfile
import zoneinfo
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

import typer

from api import texts
from api.cli import answer, installation
from api.papers import docx, pdf, qr
from rules import calendars, errors, load, pack
from workflow import clock, db, engine, read, settings
from workflow.queries import board
from workflow.queries import installation as query

State = Literal["ok", "hint", "wrong"]

FREE_MB: Final = 500
"""Less room than this is too little."""
ON_ITS_WAY_S: Final = 3600
"""A file that is younger may not have its row yet."""
SHOWN: Final = 3
SKEW_S: Final = 30
"""The database's clock may differ from this machine's by so much."""

_WORDS: Final[dict[State, pack.Text]] = {
    "ok": pack.Text(zh="正常", en="ok   "),
    "hint": pack.Text(zh="提示", en="hint "),
    "wrong": pack.Text(zh="有误", en="WRONG"),
}
_STYLES: Final[dict[State, str | None]] = {"ok": None, "hint": "yellow", "wrong": "red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing looked at: what was found and, where it is not well, what to do."""

    check: str
    state: State
    text: pack.Text


def doctor(
    context: typer.Context,
    json: answer.Json = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """Look at machine, database and pack; a line each / 检查机器、数据库和规则包"""
    lines = tuple(examine(data))
    is_well = all(line.state != "wrong" for line in lines)
    if json:
        answer.print_json({"ok": is_well, "lines": [asdict(line) for line in lines]})
    else:
        words = answer.words(context)
        for line in lines:
            mark = words.text(_WORDS[line.state])
            told = f"{mark} {line.check}: {words.text(line.text)}"
            answer.OUT.print(told, style=_STYLES[line.state])
    if not is_well:
        raise typer.Exit(answer.FOUND_WRONG)


def examine(data: Path | None) -> Iterator[Line]:
    """Every line. What cannot be asked, because something before it is wrong, is left out.
    Nothing is made: no directory, no key, no database."""
    yield _python()
    yield _packages()
    try:
        chosen = answer.read_settings(data)
    except errors.Invalid as error:
        yield from (_fault("settings", fault) for fault in error.faults)
        return
    yield _settings()
    yield _data_dir(chosen)
    yield _key(chosen)
    yield _font()
    yield _papers()
    database = db.open(chosen.url)
    try:
        yield from _database(database, chosen)
    finally:
        db.close(database)


# -- the machine ----------------------------------------------------------------------------------


def _python() -> Line:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return _ok("python", version, version)


def _packages() -> Line:
    foreign = installation.foreign_names()
    if foreign:
        return _wrong(
            "packages",
            f"{foreign} 属于别的软件包；请装进单独的虚拟环境",
            f"{foreign} belong to another distribution; install into an environment of its own",
        )
    return _ok("packages", "rules、workflow、api 只属于 gridcase", "rules, workflow, api are ours")


def _settings() -> Line:
    unknown = ", ".join(settings.unknown())
    if unknown:
        return _hint("settings", f"没有这些设置，请核对拼写：{unknown}", f"misspelled? {unknown}")
    return _ok("settings", "已读取", "read")


def _data_dir(chosen: settings.Settings) -> Line:
    folder = chosen.data_dir
    try:
        if not folder.is_dir():
            return _wrong(
                "data",
                f"没有目录 {folder}；gridcase db upgrade 会建立它",
                f"there is no {folder}; gridcase db upgrade makes it",
            )
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        why = error.strerror
        return _wrong(
            "data",
            f"不能写入 {folder}（{why}）；请检查属主、权限和剩余空间",
            f"{folder} cannot be written ({why}); check its owner, rights and room",
        )
    free_mb = shutil.disk_usage(folder).free // 2**20
    if free_mb < FREE_MB:
        return _wrong(
            "data",
            f"{folder} 只剩 {free_mb} MB，至少要 {FREE_MB} MB；请腾出空间",
            f"{folder} has {free_mb} MB left, {FREE_MB} are needed; make room",
        )
    return _ok("data", f"{folder} 可写，剩 {free_mb} MB", f"{folder} writable, {free_mb} MB free")


def _key(chosen: settings.Settings) -> Line:
    path = chosen.data_dir / settings.KEY_FILE
    try:
        if not chosen.has_key():
            return _wrong(
                "key",
                f"没有 {path}；新安装请运行 gridcase db upgrade，否则从备份放回",
                f"there is no {path}; gridcase db upgrade makes one, else put back the one you "
                "saved",
            )
        chosen.key()
    except errors.Invalid as error:
        return _fault("key", error)
    if chosen.secret_key is not None:
        return _ok("key", "取自 GRIDCASE_SECRET_KEY", "from GRIDCASE_SECRET_KEY")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return _wrong(
            "key",
            f"{path} 别人也能读（{mode:o}）；请运行 chmod 600 {path}",
            f"{path} is open to others ({mode:o}); run chmod 600 {path}",
        )
    return _ok("key", f"{path}，仅本人可读", f"{path}, private")


def _font() -> Line:
    try:
        found = subprocess.run(
            ["fc-list", ":lang=zh-cn", "family"],  # noqa: S607  wherever the system has it
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        found = ""
    if not found.strip():
        return _hint(
            "font",
            "没有找到中文字体，PDF 文书会缺字；请安装，如 fonts-noto-cjk",
            "no Chinese font found, so PDF papers lack letters; install one, as fonts-noto-cjk",
        )
    name = found.splitlines()[0].split(",")[0]
    return _ok("font", name, name)


def _papers() -> Line:
    """Papers are always printed from the page; what else they can be made into here."""
    lacking = [
        name
        for name, is_there in (("docxtpl", docx.is_there()), ("segno", qr.is_there()))
        if not is_there
    ]
    trouble = pdf.trouble()
    lacking += [trouble] if trouble else []
    if lacking:
        names = ", ".join(lacking)
        return _hint(
            "papers",
            f"文书只能从网页打印，缺 {names}；请安装 gridcase[papers]，PDF 还要系统的 pango",
            f"papers print from the page alone, without {names}; "
            "install gridcase[papers], and pango on the machine for PDF",
        )
    return _ok("papers", "打印页、Word、PDF、二维码", "print page, Word, PDF, QR code")


# -- the database ---------------------------------------------------------------------------------


def _database(database: db.Database, chosen: settings.Settings) -> Iterator[Line]:
    shown = db.address(database.url)
    try:
        db.check_rights(database)
    except errors.Busy as error:
        yield _fault("database", error)
        return
    if not db.is_there(database):
        yield _wrong(
            "database",
            f"还没有 {shown}；请运行 gridcase db upgrade",
            f"there is no {shown} yet; run gridcase db upgrade",
        )
        return
    try:
        yield from _kept(query.about(database), shown)
        schema = _schema(database)
        yield schema
        if schema.state == "ok":
            yield from _stored(database, chosen)
    except errors.Busy as error:
        why = answer.reason(error)
        line = _fault("database", error)
        yield _wrong("database", f"{shown}：{line.text.zh} {why}", f"{shown}: {line.text.en} {why}")


def _kept(about: db.About, shown: str) -> Iterator[Line]:
    name = f"{about.product} {about.version}"
    if about.is_supported:
        yield _ok("database", f"{name}，{shown}", f"{name} at {shown}")
    else:
        old = errors.NotNow("database.old", field="GRIDCASE_DATABASE_URL", version=about.version)
        yield _fault("database", old)
    values = ", ".join(f"{kept.name}={kept.value}" for kept in about.kept)
    if not all(kept.is_safe for kept in about.kept):
        yield _wrong(
            "durable",
            f"断电会丢已提交的数据：{values}；请在数据库设置中改正",
            f"a power cut would lose what was saved: {values}; correct the database's settings",
        )
    elif about.has_wal_fault:
        yield _hint(
            "durable",
            f"{values}；这个 SQLite 版本有 WAL 缺陷，因此不用 WAL（较慢）；3.51.3 起已修复",
            f"{values}; this SQLite has the WAL fault and runs without (slower); mended in 3.51.3",
        )
    else:
        yield _ok("durable", values, values)


def _schema(database: db.Database) -> Line:
    try:
        installation.check_schema(database)
    except errors.NotNow as error:
        return _fault("schema", error)
    found, _ = db.revision(database)
    return _ok("schema", f"{found}", f"{found}")


def _stored(database: db.Database, chosen: settings.Settings) -> Iterator[Line]:
    health = query.health(database)
    yield _clock(health)
    yield _zone(health.zone)
    try:
        house = query.rules(database)
    except errors.PackInvalid as error:
        faults = error.pack_faults[:1]
        told = [
            answer.pack_faults(faults, texts.Words(language=language))[0]
            for language in answer.LANGUAGES
        ]
        yield _wrong("pack", *told)
    except errors.GridcaseError as error:
        yield _fault("pack", error)
    else:
        yield _pack(house)
        yield from _calendar(house)
    yield _files(database, chosen)
    yield _beat(health)
    yield _queues(health)
    yield _channels(health, chosen)


def _clock(health: query.Health) -> Line:
    skew = f"{health.skew_s:+.1f} s"
    if abs(health.skew_s) > SKEW_S:
        return _wrong(
            "clock",
            f"数据库与本机时钟相差 {skew}；请在两台机器上都启用 NTP",
            f"the database's clock differs by {skew}; run NTP on both machines",
        )
    return _ok("clock", f"与数据库相差 {skew}", f"{skew} against the database")


def _zone(zone: str | None) -> Line:
    if zone is None:
        return _fault("zone", errors.NotNow("installation.empty"))
    try:
        zoneinfo.ZoneInfo(zone)
    except zoneinfo.ZoneInfoNotFoundError:
        return _wrong(
            "zone",
            f"本机没有 {zone} 的时区数据；请安装 tzdata",
            f"this machine has no time zone data for {zone}; install tzdata",
        )
    return _ok("zone", zone, zone)


def _pack(house: read.House) -> Line:
    active, (shipped, _, _) = house.rules.pack, load.release(load.NATIONAL)
    name = f"{active.name} {active.version} ({house.rules.hash[:12]})"
    if active.name == shipped.pack.name and house.rules.hash != shipped.hash:
        brings = f"{shipped.pack.version} ({shipped.hash[:12]})"
        return _hint(
            "pack",
            f"正在使用 {name}；本版本随附 {brings}，gridcase pack show 可查看",
            f"{name} is active; this release brings {brings}, see gridcase pack show",
        )
    return _ok("pack", name, name)


def _calendar(house: read.House) -> Iterator[Line]:
    this_year = calendars.local_date(house.calendar, house.now).year
    years = {year.year: year.status for year in house.calendar.years}
    for number in (this_year, this_year + 1):
        status = years.get(number)
        if status == "official":
            yield _ok("calendar", f"{number} 年：正式", f"{number}: official")
        elif status is None or number == this_year:
            yield _wrong(
                "calendar",
                f"{number} 年的放假安排缺失或仍为暂定；请运行 gridcase office calendar import",
                f"the days off of {number} are missing or provisional; "
                "run gridcase office calendar import with that year's notice",
            )
        else:
            yield _hint(
                "calendar",
                f"{number} 年：暂定，放假通知公布后请运行 gridcase office calendar import",
                f"{number}: provisional; once the notice is out, gridcase office calendar import",
            )


def _files(database: db.Database, chosen: settings.Settings) -> Line:
    """Rows without a file are lost evidence; files without a row are left from a crash."""
    store = engine.store(chosen)
    named = query.files(database)
    lost = sorted(name for name in named if not store.has(name))
    if lost:
        return _wrong(
            "files",
            f"{store.folder} 缺 {len(lost)} 份附件；gridcase audit verify 会列出案件，请从备份放回",
            f"{store.folder} lacks {len(lost)} attached files; gridcase audit verify names their "
            "cases, put them back from a backup",
        )
    before_s = clock.system().timestamp() - ON_ITS_WAY_S
    left = [name for name in store.names(before_s=before_s) if name not in named]
    if left:
        names = ", ".join(left[:SHOWN]) + (" ..." if len(left) > SHOWN else "")
        return _hint(
            "files",
            f"附件 {len(named)} 份；{store.folder} 里另有 {len(left)} 个没有登记的文件，"
            f"是中断留下的，可以删除：{names}",
            f"{len(named)} attached; {len(left)} files in {store.folder} belong to no case, left "
            f"by an interruption, and may be deleted: {names}",
        )
    return _ok("files", f"附件 {len(named)} 份", f"{len(named)} attached")


def _beat(health: query.Health) -> Line:
    age = health.beat_age_s
    if age is None or age >= board.SILENT_S:
        seen_zh = "从未运行" if age is None else f"已 {age} 秒没有动静"
        seen_en = "has never run" if age is None else f"has been silent for {age} s"
        return _wrong(
            "worker",
            f"到期扫描{seen_zh}；请启动 gridcase worker",
            f"the sweep {seen_en}; start gridcase worker",
        )
    return _ok("worker", f"{age} 秒前有动静", f"alive {age} s ago")


def _queues(health: query.Health) -> Line:
    zh = f"无法升级的案件 {health.stuck} 件，未能送出的通知 {health.dead} 条"
    en = f"stuck cases: {health.stuck}, failed notices: {health.dead}"
    if health.stuck or health.dead:
        return _hint("queues", f"{zh}；见督办看板", f"{en}; see the supervisor's board")
    return _ok("queues", zh, en)


def _channels(health: query.Health, chosen: settings.Settings) -> Line:
    """What waits for a channel that was taken out of the settings is sent by nobody."""
    unset = health.waiting.keys() - set(chosen.channels)
    if unset:
        left = ", ".join(f"{name} {health.waiting[name]}" for name in sorted(unset))
        return _hint(
            "channels",
            f"有通知在等没有设置的渠道（{left}）；系统内可见，要外发请写回 GRIDCASE_CHANNELS",
            f"notices wait for channels that are not set ({left}); they show in the app, and go "
            "out once GRIDCASE_CHANNELS names the channel again",
        )
    names = ", ".join(sorted(chosen.channels))
    return _ok("channels", names or "只在系统内通知", names or "notices stay in the app")


# -- lines ----------------------------------------------------------------------------------------


def _ok(check: str, zh: str, en: str) -> Line:
    return Line(check=check, state="ok", text=pack.Text(zh=zh, en=en))


def _hint(check: str, zh: str, en: str) -> Line:
    return Line(check=check, state="hint", text=pack.Text(zh=zh, en=en))


def _wrong(check: str, zh: str, en: str) -> Line:
    return Line(check=check, state="wrong", text=pack.Text(zh=zh, en=en))


def _fault(check: str, error: errors.GridcaseError) -> Line:
    """An error of the program as a line: the same words as where it is raised."""
    return _wrong(check, *(answer.sentence(error, language) for language in answer.LANGUAGES))
