"""`gridcase demo`, `serve`, `worker`: the commands that go on until they are told to stop."""

from __future__ import annotations

import os
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, Final

import rich.table
import typer

from api import app, observe, texts
from api.cli import answer, installation, web
from api.demo import dataset, district, seed
from rules import errors, load
from workflow import channels, scheduler, settings

PORT: Final = 8000
TELL_S: Final = 2.0
LOOPBACK: Final = "127.0.0.1"

Host = Annotated[str, typer.Option("--host", help="Address to listen on / 监听地址")]
Port = Annotated[
    int, typer.Option("--port", min=0, max=65535, help="Port, 0 for any free one / 端口")
]


def demo(
    context: typer.Context,
    reset: Annotated[
        bool, typer.Option("--reset", help="Make the data anew / 重新生成演示数据")
    ] = False,
    pack: Annotated[
        str, typer.Option("--pack", help="Name of a shipped pack / 随附规则包名称")
    ] = load.NATIONAL,
    port: Port = PORT,
    data: answer.Data = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Open no browser / 不打开浏览器")
    ] = False,
    host: Host = LOOPBACK,
    lang: answer.Language = None,
) -> None:
    """Open a working office for a real district / 打开一个演示用的区级案件办理系统"""
    installation.check_names()
    chosen = dataset.settings_of(answer.read_settings(), data=data)
    installation.check_for_demo(chosen)
    run_demo(
        chosen,
        shape=seed.Shape(pack=pack),
        reset=reset,
        host=host,
        port=port,
        words=answer.words(context),
        browse=None if no_browser else browse,
    )


def run_demo(
    chosen: settings.Settings,
    *,
    shape: seed.Shape,
    reset: bool,
    host: str,
    port: int,
    words: texts.Words,
    browse: Callable[[str], None] | None,
) -> None:
    """The demo: data made or found, then web server and scheduler in this process."""
    observe.configure_logging("console", "WARNING")
    answer.OUT.print(_data_line(chosen, words))
    with web.listen_near(host, port) as listening, answer.progress() as progress:
        task = progress.add_task(_SEEDING[words.is_zh], total=None)

        def told(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        with dataset.prepared(chosen, shape=shape, reset=reset, told=told) as found:
            progress.stop()
            if found.report is not None:
                answer.OUT.print(_report_line(found.report, words))
            url = web.address(listening)

            def ready() -> None:
                _welcome(url, found, words, host=host)
                if browse is not None:
                    browse(url)

            with web.ending() as ended:
                served = app.create_app(chosen, rings=True)
                web.serve(served, listening, ready=ready, ended=ended)


def browse(url: str) -> None:
    """Opens a graphical browser, if there is one; a text browser would take the terminal."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return
    if type(found) is not webbrowser.GenericBrowser:
        threading.Thread(target=found.open, args=(url,), daemon=True).start()


def serve(
    context: typer.Context,
    host: Host = LOOPBACK,
    port: Port = PORT,
    worker: Annotated[
        bool,
        typer.Option("--worker", help="Sweep and send notices here too / 本进程同时扫描、通知"),
    ] = False,
    data: answer.Data = None,
    lang: answer.Language = None,
) -> None:
    """Serve pages and API; a worker rings beside it / 启动网页和接口，另需 worker"""
    installation.check_names()
    chosen, words = answer.read_settings(data), answer.words(context)
    with web.ending() as ended:
        with installation.started(chosen, ended=ended, words=words):
            pass
        with web.listen(host, port) as listening:
            observe.configure_logging()
            url = web.address(listening)
            web.serve(
                app.create_app(chosen, rings=worker, stuck=_giving_up(words)),
                listening,
                ready=lambda: answer.OUT.print(url),
                ended=ended,
                drain_s=chosen.drain_s,
            )


def worker(
    context: typer.Context,
    data: answer.Data = None,
    metrics_port: Annotated[
        int | None,
        typer.Option("--metrics-port", min=0, max=65535, help="Serve /metrics here / 指标端口"),
    ] = None,
    host: Host = LOOPBACK,
    lang: answer.Language = None,
) -> None:
    """Ring the ladder and send notices / 到期扫描与通知"""
    installation.check_names()
    chosen, words = answer.read_settings(data), answer.words(context)
    door = channels.open(chosen.channels)
    with (
        web.ending() as ended,
        installation.started(chosen, ended=ended, words=words) as engine,
        _metrics(host, metrics_port),
    ):
        observe.configure_logging()
        bell = scheduler.Bell(
            engine,
            tick_s=chosen.tick_s,
            told=observe.rang,
            audited=observe.audited,
            sent=observe.sent,
            stuck=_giving_up(words),
            door=door,
            public_url=chosen.public_url,
        )
        bell.start()
        try:
            ended.wait()
        finally:
            bell.stop()


def _giving_up(words: texts.Words) -> Callable[[], None]:
    """Ends a process whose jobs stand still: the service manager starts it again, and stopping
    would wait for dead threads. A log that takes nothing any more may be why they stand, so it is
    told beside, and not waited for."""
    error = errors.Busy("worker.stuck")

    def give_up() -> None:
        telling = threading.Thread(target=answer.tell, args=(error, words), daemon=True)
        telling.start()
        telling.join(TELL_S)
        os._exit(answer.exit_code(error))

    return give_up


@contextmanager
def _metrics(host: str, port: int | None) -> Iterator[None]:
    """The numbers of a process without pages, and nothing else of it.

    Raises: `port.in_use`, `port.host`.
    """
    if port is None:
        yield
        return
    with ExitStack() as stack:
        try:
            given = stack.enter_context(observe.served(host, port))
        except OSError as error:
            raise web.refused(error, port, field="metrics_port") from error
        answer.OUT.print(f"http://{host}:{given}/metrics")
        yield


# -- what is said -------------------------------------------------------------------------------

_SEEDING: Final = {True: "生成三个月的演示数据", False: "Making three months of history"}


def _data_line(chosen: settings.Settings, words: texts.Words) -> str:
    where = "GRIDCASE_DATABASE_URL" if chosen.database_url else str(chosen.data_dir)
    return f"数据：{where}" if words.is_zh else f"Data: {where}"


def _report_line(report: seed.Report, words: texts.Words) -> str:
    line = (
        "已生成案件 {} 件，办理动作 {} 次，升级 {} 次。"
        if words.is_zh
        else "Made {} cases by {} actions; {} rungs fired."
    )
    return line.format(report.cases, report.commands, report.sweep.fired)


def _welcome(url: str, found: dataset.Prepared, words: texts.Words, *, host: str) -> None:
    table = rich.table.Table(box=None, pad_edge=False)
    for title in _COLUMNS[words.is_zh]:
        table.add_column(title, overflow="fold")
    for account in district.ACCOUNTS:
        table.add_row(
            account.username,
            found.passwords[account.username],
            words.text(account.title),
            words.text(account.hint),
        )
    answer.OUT.print(table)
    if host not in (LOOPBACK, "localhost", "::1"):
        answer.OUT.print(_OPEN_HOST[words.is_zh], style="bold")
    answer.OUT.print(_ADDRESS[words.is_zh].format(url), style="bold")


_COLUMNS: Final = {
    True: ("账号", "密码", "身份", "可以试试"),
    False: ("Account", "Password", "Who", "What to try"),
}
_OPEN_HOST: Final = {
    True: "注意：同一网络里的人都能用上面的账号登录。",
    False: "Note: anybody in this network can log in with these accounts.",
}
_ADDRESS: Final = {
    True: "演示已就绪：{}   按 Ctrl-C 结束",
    False: "The demo is ready: {}   Ctrl-C ends it",
}
