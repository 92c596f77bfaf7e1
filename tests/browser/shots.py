"""A picture of every page, for looking at: `python -m tests.browser.shots FOLDER`.

A demo is made in a temporary folder and served on this machine while its people look at every
page and every state of a case, on a phone and at a desk, in both languages. `FOLDER/index.html`
shows all pictures side by side.
"""

from __future__ import annotations

import argparse
import html
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, get_args

from playwright import sync_api
from sqlalchemy import select

from api import app, observe
from api.demo import dataset, district, seed
from api.pages import way
from rules import errors
from rules import pack as pack_
from tests import conftest
from tests.api import running
from tests.browser import routes, walk
from workflow import access, db, ids, read, scheduler, settings
from workflow import engine as engine_
from workflow.commands import absences
from workflow.commands import office as office_commands
from workflow.engine import Engine
from workflow.queries import board, office, worklist
from workflow.queries import case as case_query
from workflow.tables import case as case_tables
from workflow.tables import office as tables

SHAPE: Final = seed.Shape(cases=150, days=70)
_ACCOUNT: Final = tables.Account.__table__.c  # type: ignore[attr-defined]
ACCOUNTS: Final = select(_ACCOUNT.person_id, _ACCOUNT.username)
_EVENT: Final = case_tables.Event.__table__.c  # type: ignore[attr-defined]
ENTERED: Final = select(_EVENT.case_id, _EVENT.seq).where(_EVENT.name == "add_material")

Act = Callable[[walk.Visitor], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A page to take a picture of: who looks, where, and what they do there first."""

    name: str
    who: str | None
    path: str
    then: Act = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The demo, served."""

    engine: Engine
    url: str
    browser: sync_api.Browser
    passwords: Mapping[str, str]
    folder: Path


@contextmanager
def browsing() -> Iterator[sync_api.Browser]:
    """The machine's browser."""
    with sync_api.sync_playwright() as playwright:
        path = conftest.chromium_path(playwright)
        browser = playwright.chromium.launch(executable_path=path, args=list(conftest.QUIET))
        yield browser
        browser.close()


@contextmanager
def opened(browser: sync_api.Browser) -> Iterator[Office]:
    """A demo of its own, from its making to its end; nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix="gridcase-shots-") as folder:
        chosen = settings.Settings(data_dir=Path(folder), database_url=None, channels=walk.CHANNELS)
        with dataset.prepared(chosen, shape=SHAPE, reset=False, told=lambda _d, _n: None) as found:
            engine = engine_.start(chosen)
            try:
                with walk.running(app.create_app(chosen, engine=engine, rings=True)) as url:
                    yield Office(
                        engine=engine,
                        url=url,
                        browser=browser,
                        passwords=found.passwords,
                        folder=Path(folder),
                    )
            finally:
                engine_.stop(engine)


# ---- what there is to see


def sights(it: Office) -> tuple[Sight, ...]:
    """Every page, and every state that a case of this demo stands in."""
    pack_hash = office.house(it.engine.database).rules.hash
    return (*_plain(pack_hash), *_filing(), *_cases(it), *_material(it), *_residents(it))


def _plain(pack_hash: str) -> Iterator[Sight]:
    yield Sight(name="login", who=None, path="/login")
    yield Sight(name="login-wrong", who=None, path="/login", then=_wrong)
    yield Sight(name="lookup", who=None, path="/lookup")
    yield Sight(name="logout", who="desk", path="/logout")
    yield Sight(name="clock", who=None, path="/demo/clock")
    yield Sight(name="docs", who=None, path="/docs")
    yield Sight(name="rules", who=None, path="/rules")
    yield Sight(name="rules-staff", who="desk", path="/rules")
    yield Sight(name="rules-pinned", who=None, path=f"/rules/{pack_hash}")
    yield Sight(name="not-found", who="mediator", path="/cases/nothing")
    for account in district.ACCOUNTS:
        yield Sight(name=f"list-{account.username}", who=account.username, path="/")
    yield Sight(name="list-closed", who="officer", path="/?closed=1")
    yield Sight(name="list-red", who="supervisor", path="/?narrow=red")
    yield Sight(name="list-stuck", who="district-supervisor", path="/?narrow=stuck")
    for who in ("officer", "desk", "supervisor", "officer2"):
        yield Sight(name=f"notices-{who}", who=who, path="/notices")
        yield Sight(name=f"absence-{who}", who=who, path="/absence")
    yield Sight(name="notice-settings", who="desk", path="/notices/settings")
    yield Sight(name="search", who="officer", path="/search")
    yield Sight(name="search-nothing", who="officer", path="/search?q=1111-1111-1")
    for who in ("leader", "district-leader"):
        yield Sight(name=f"leader-{who}", who=who, path="/leader")
    for who in ("supervisor", "district-supervisor"):
        yield Sight(name=f"board-{who}", who=who, path="/board")
        yield Sight(name=f"board-{who}-closer", who=who, path="/board", then=_closer)
    yield Sight(name="board-undelivered", who="supervisor", path="/board/undelivered")


def _filing() -> Iterator[Sight]:
    yield Sight(name="file-1", who="officer", path="/cases/new")
    yield Sight(
        name="file-1-faults", who="officer", path="/cases/new", then=walk.Visitor.send_as_it_stands
    )
    yield Sight(name="file-2", who="officer", path="/cases/new", then=_to_second)
    yield Sight(name="file-3", who="officer", path="/cases/new", then=_to_third)
    yield Sight(name="file-done", who="officer", path="/cases/new", then=_to_receipt)
    yield Sight(name="file-petition", who="petition", path="/cases/new")


def _wrong(visitor: walk.Visitor) -> None:
    visitor.sign_in("officer", "wrong")


def _to_second(visitor: walk.Visitor) -> None:
    visitor.fill(walk.MATTER)
    visitor.send_as_it_stands()


def _to_third(visitor: walk.Visitor) -> None:
    _to_second(visitor)
    visitor.fill(walk.PEOPLE)
    visitor.send_as_it_stands()


def _to_receipt(visitor: walk.Visitor) -> None:
    _to_third(visitor)
    visitor.page.check("#f-told")
    visitor.send_as_it_stands()


# ---- cases, by the state they stand in


def _cases(it: Office) -> Iterator[Sight]:
    """One of each state, seen by one whose turn it is, with its papers; and the form of each
    act."""
    stands: set[str] = set()
    done: set[str] = set()
    made: set[str] = set()
    rules = office.house(it.engine.database).rules.pack
    for who, actor in _people(it).items():
        for item in _items(it.engine, actor):
            process, where = rules.processes[item.process], f"/cases/{item.case_id}"
            state = f"{item.process}-{item.state}"
            if state not in stands and _is_theirs(process.states[item.state], actor):
                stands.add(state)
                yield Sight(name=f"case-{state}", who=who, path=where)
                if len(stands) == 1:
                    yield Sight(name="case-open", who=who, path=f"{where}/open")
                yield from _papers(it.engine, actor, item, who=who, made=made)
            for action in _acts(it.engine, actor, item, process):
                named = f"act-{item.process}-{action}"
                if named not in done:
                    done.add(named)
                    form = Sight(name=named, who=who, path=f"{where}/do/{action}")
                    yield form
                    if action == "record_no_agreement":
                        yield replace(form, name="draft", then=_drafting)
                    if process.actions[action].needs:  # else sending it would do it
                        yield replace(
                            form, name=f"{named}-faults", then=walk.Visitor.send_as_it_stands
                        )


def _material(it: Office) -> Iterator[Sight]:
    """Something from outside in the file of a case, seen by the first who may."""
    with db.snapshot(it.engine.database) as tx:
        entered = tx.execute(ENTERED).all()
    for who, actor in _people(it).items():
        for case_id, seq in entered:
            with suppress(errors.NotFound):
                if case_query.view(it.engine, actor, case_id).materials:
                    page = f"/cases/{case_id}/materials/{seq}/files"
                    yield Sight(name="material", who=who, path=page)
                    return


def _papers(
    engine: Engine, actor: access.Actor, item: worklist.WorkItem, *, who: str, made: set[str]
) -> Iterator[Sight]:
    """Those of a case that are like none before, with their receipts; and one file of a case."""
    where = f"/cases/{item.case_id}"
    for paper in case_query.view(engine, actor, item.case_id).papers:
        if paper.can_open and paper.key not in made:
            if not made:
                yield Sight(name="case-file", who=who, path=f"{where}/file")
            made.add(paper.key)
            page = f"{where}/papers/{paper.no}"
            yield Sight(name=f"paper-{paper.key}", who=who, path=page)
            yield Sight(name=f"paper-{paper.key}-en", who=who, path=f"{page}?copy=en")
            yield Sight(name=f"paper-{paper.key}-receipts", who=who, path=f"{page}/receipts")


def _people(it: Office) -> Mapping[str, access.Actor]:
    with db.snapshot(it.engine.database) as tx:
        found = {row.username: read.actor(tx, row.person_id) for row in tx.execute(ACCOUNTS)}
    actors = {account.username: found[account.username] for account in district.ACCOUNTS}
    return {name: actor for name, actor in actors.items() if actor is not None}


def _items(engine: Engine, actor: access.Actor) -> Iterator[worklist.WorkItem]:
    """The first page of every seat, open and closed."""
    for seat, _ in worklist.seats(engine.database, actor):
        yield from worklist.page(engine.database, actor, seat_key=seat.key).items
        yield from worklist.page(engine.database, actor, seat_key=seat.key, closed="closed").items


def _is_theirs(state: pack_.State, actor: access.Actor) -> bool:
    return not state.owner or bool(actor.roles.intersection(state.owner))


def _acts(
    engine: Engine, actor: access.Actor, item: worklist.WorkItem, process: pack_.Process
) -> tuple[str, ...]:
    able = any(actor.roles.intersection(process.actions[name].by) for name in item.offered)
    return tuple(case_query.view(engine, actor, item.case_id).actions) if able else ()


# ---- a bad week


def bad_week() -> Iterator[Sight]:
    """The board after `spoil`."""
    yield Sight(name="board-bad-week", who="district-supervisor", path="/board")
    yield Sight(
        name="board-bad-week-closer", who="district-supervisor", path="/board", then=_closer
    )
    yield Sight(name="board-bad-week-leader", who="leader", path="/board")


def spoil(it: Office) -> None:
    """Ten days in which nobody came: the street's supervisor has left, the district's is away,
    a process that sweeps has died, and what fell due meanwhile is caught up with at once."""
    database = it.engine.database
    people = _people(it)
    street, above = people["supervisor"], people["district-supervisor"]
    with running.run(it.folder, "worker", env={"GRIDCASE_DATA_DIR": str(it.folder)}) as worker:
        worker.wait(lambda: any(line.pid == worker.process.pid for line in board.workers(database)))
        worker.process.kill()
    for post in street.posts:
        office_commands.appoint(database, post.id, holder_id=None)
    today = office.house(database).today
    absences.enter(database, above, from_on=today, until_on=today + timedelta(days=20))
    scheduler.jump(it.engine, by=timedelta(days=10))


def _closer(visitor: walk.Visitor) -> None:
    """Into the first office of the first area."""
    page = visitor.page
    for _ in range(2):
        link = page.locator("main th[scope=row] a[href^='/board?']").last
        if link.count():
            visitor.follow(link)


# ---- residents


def _residents(it: Office) -> Iterator[Sight]:
    """A resident's case of each state, the form of each act of their own, and a paper to them."""
    seen: set[str] = set()
    rules = office.house(it.engine.database).rules.pack
    for item in _items(it.engine, _people(it)["auditor"]):
        name = f"resident-{item.process}-{item.state}"
        if name in seen:
            continue
        seen.add(name)
        enter = _entering(item.number, ids.lookup_code(it.engine.seals.secret, item.case_id))
        yield Sight(name=name, who=None, path="/lookup", then=enter)
        own = access.Actor(kind="resident", case_id=item.case_id)
        paper = f"resident-{item.process}-paper"
        if paper not in seen and case_query.view(it.engine, own, item.case_id).papers:
            seen.add(paper)
            yield Sight(name=paper, who=None, path="/lookup", then=_reading(enter))
        for act, action in rules.processes[item.process].actions.items():
            form = f"resident-{item.process}-do-{act}"
            is_open = item.state in (action.source or ())
            if way.RESIDENT in action.by and is_open and form not in seen:
                seen.add(form)
                yield Sight(name=form, who=None, path="/lookup", then=_acting(enter, act))


def _drafting(visitor: walk.Visitor) -> None:
    visitor.fill({"no_agreement_reason": "双方分歧太大。"})
    visitor.draft()


def _entering(number: str, code: str) -> Act:
    def enter(visitor: walk.Visitor) -> None:
        visitor.fill({"number": number, "code": code})
        visitor.send_as_it_stands()

    return enter


def _acting(enter: Act, name: str) -> Act:
    def act(visitor: walk.Visitor) -> None:
        enter(visitor)
        visitor.go(f"/mine/do/{name}")

    return act


def _reading(enter: Act) -> Act:
    def read(visitor: walk.Visitor) -> None:
        enter(visitor)
        paper = visitor.page.locator("a[href^='/mine/papers/']").first.get_attribute("href")
        visitor.go((paper or "").removesuffix("/pdf"))

    return read


# ---- pictures


def take(it: Office, folder: Path, wanted: Sequence[Sight], how: walk.How) -> frozenset[str]:
    """All pictures of one kind; gives the addresses that they show."""
    seen: set[str] = set()
    (folder / how).mkdir(parents=True, exist_ok=True)
    for who in dict.fromkeys(sight.who for sight in wanted):
        with walk.visiting(it.browser, it.url, **walk.kind(how)) as visitor:
            if who is not None:
                visitor.sign_in(who, it.passwords[who])
            for sight in wanted:
                if sight.who == who:
                    visitor.go(sight.path)
                    sight.then(visitor)
                    _shoot(visitor.page, folder / how / f"{sight.name}.png")
                    seen.update((sight.path, visitor.page.url.removeprefix(it.url)))
    return frozenset(seen)


def _shoot(page: sync_api.Page, file: Path) -> None:
    """The whole page in a window as high as it: what sticks to the foot is at the foot."""
    window = page.viewport_size or walk.DESK
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": window["width"], "height": max(height, window["height"])})
    page.screenshot(path=str(file))
    page.set_viewport_size(window)


def index(folder: Path, wanted: Sequence[Sight], hows: Sequence[walk.How]) -> None:
    """The contact sheet: a page a row, a kind a column."""
    rows = []
    for sight in wanted:
        files = [f"{how}/{sight.name}.png" for how in hows]
        cells = "".join(
            f'<td><a href="{file}"><img loading="lazy" alt="{file}" src="{file}"></a></td>'
            for file in files
        )
        title = html.escape(f"{sight.name} ({sight.who or 'nobody'})")
        rows.append(f'<tr><th scope="row">{title}</th>{cells}</tr>')
    style = "img{max-width:20rem;max-height:30rem;border:1px solid #ccc}td,th{vertical-align:top}"
    (folder / "index.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Gridcase</title>'
        f"<style>{style}</style><table>{''.join(rows)}</table></html>\n",
        encoding="utf-8",
    )


def main() -> int:
    """Takes all pictures; fails where a page of the program is on none of them."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--how", nargs="*", choices=get_args(walk.How), default=get_args(walk.How))
    asked.add_argument("--only", default="", help="pages whose name contains this")
    chosen = asked.parse_args()
    observe.configure_logging("console", "WARNING")
    began = time.monotonic()
    with browsing() as browser, opened(browser) as it:
        wanted = [sight for sight in sights(it) if chosen.only in sight.name]
        seen = [take(it, chosen.folder, wanted, how) for how in chosen.how]
        spoilt = [sight for sight in bad_week() if chosen.only in sight.name]
        if spoilt:
            spoil(it)
            seen += [take(it, chosen.folder, spoilt, how) for how in chosen.how]
            wanted += spoilt
    index(chosen.folder, wanted, chosen.how)
    took = time.monotonic() - began
    print(f"{len(wanted) * len(chosen.how)} pictures in {took:.0f} s: {chosen.folder}/index.html")
    unseen = [] if chosen.only else routes.unseen(frozenset[str]().union(*seen))
    for path in unseen:
        print(f"not seen: {path}", file=sys.stderr)
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
