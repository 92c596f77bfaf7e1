"""The board as a supervisor leaves it open: fresh, honest about a dead worker and a lost
connection, each number a list, and whole without script."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright import sync_api

from tests import office
from tests.api import running
from tests.browser import walk
from tests.workflow import outside, receivers
from workflow import channels, outbox
from workflow.commands import office as office_commands
from workflow.queries import board

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FRESH_S: Final = 5
"""What a board may lag behind: a sum of two intervals. A busy machine is no fault."""
SECRET = bytes(range(32)).hex()
"""The key of `tests.office`."""


@contextmanager
def worker(url: str, folder: Path) -> Iterator[running.Running]:
    """A scheduling process of its own."""
    env = {
        "GRIDCASE_DATABASE_URL": url,
        "GRIDCASE_SECRET_KEY": SECRET,
        "GRIDCASE_DATA_DIR": str(folder),
    }
    with running.run(folder / "worker", "worker", env=env) as found:
        yield found


@pytest.mark.long
def test_a_worker_when_it_is_killed_is_said_to_be_silent(
    site: walk.Site, database_url: str, tmp_path: Path
) -> None:
    database = site.district.engine.database
    with site.signed_in("supervisor") as supervisor, worker(database_url, tmp_path) as one:
        page = supervisor.go("/board")
        sync_api.expect(page.locator("#health")).to_contain_text("正常")
        assert page.locator("#silent").count() == 0
        polled = page.locator("#board").get_attribute("hx-trigger")
        assert polled is not None
        assert board.SILENT_S + int(polled.removeprefix("every ").removesuffix("s")) <= FRESH_S
        one.process.kill()
        sync_api.expect(page.locator("#silent")).to_be_visible()
        sync_api.expect(page.locator("#health")).to_contain_text("失联")
        assert [line.life for line in board.workers(database)] == ["silent"]
        assert supervisor.noise == []


@pytest.mark.long
def test_a_worker_when_it_ends_by_itself_is_said_to_be_stopped(
    site: walk.Site, database_url: str, tmp_path: Path
) -> None:
    with site.signed_in("supervisor", language="en") as supervisor:
        page = supervisor.go("/board")
        with worker(database_url, tmp_path) as one:
            sync_api.expect(page.locator("#health")).to_contain_text("running")
            one.stop()
            one.ended()
        sync_api.expect(page.locator("#health")).to_contain_text("stopped")
        assert page.locator("#silent").count() == 0, "nobody has died"
        sync_api.expect(page.locator("#nobody")).to_be_visible()


@pytest.mark.long
def test_a_new_case_when_somebody_looks_is_counted_before_long(
    shared_site: walk.Site,
) -> None:
    with shared_site.signed_in("district_supervisor") as supervisor:
        page = supervisor.go("/board")
        number = page.locator(".tile b").first
        before = int(number.inner_text())
        page.locator(".tile").nth(2).focus()
        page.evaluate("scrollTo({top: 200, behavior: 'instant'})")
        place = page.evaluate("[scrollY, document.activeElement.textContent]")
        shared_site.district.file(subject="新报的一件")
        sync_api.expect(number).to_have_text(str(before + 1))
        after = page.evaluate("[scrollY, document.activeElement.textContent]")
        assert after[0] == place[0], "the page does not jump"
        assert after[1].startswith("已预警"), "the focus stays where it was"


@pytest.mark.long
def test_the_page_when_it_gets_no_answer_says_so_and_recovers(shared_site: walk.Site) -> None:
    with shared_site.signed_in("supervisor") as supervisor:
        page = supervisor.go("/board")
        said = page.locator("#no-connection")
        sync_api.expect(said).to_be_hidden()
        page.context.set_offline(True)
        sync_api.expect(said).to_be_visible()
        page.context.set_offline(False)
        sync_api.expect(said).to_be_hidden()


@pytest.mark.long
def test_the_page_when_nobody_looks_asks_for_nothing(shared_site: walk.Site) -> None:
    with shared_site.signed_in("supervisor") as supervisor:
        page = supervisor.go("/board")
        with _asked(page, "health"), _asked(page, "part"):
            pass
        hide = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => true})"
        page.evaluate(hide)
        page.wait_for_timeout(500)  # what was on its way
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(3_000)
        assert asked == []
        with _asked(page, "part"):
            page.evaluate("delete document.hidden")


def _asked(page: sync_api.Page, part: str) -> AbstractContextManager[object]:
    """Ends when the page has asked for this part of the board."""
    return page.expect_request(f"**/board/{part}*")


def test_the_page_when_the_session_has_ended_leads_to_the_sign_in(
    shared_site: walk.Site,
) -> None:
    with shared_site.signed_in("supervisor") as supervisor:
        page = supervisor.go("/board")
        page.context.clear_cookies()
        sync_api.expect(page.locator("#u")).to_be_visible()
        assert "/login" in page.url


@pytest.mark.long
@pytest.mark.parametrize("script", [True, False])
def test_the_board_when_looked_at_closer_leads_down_to_the_list_and_back(
    site: walk.Site, script: bool
) -> None:
    it = site.district
    for _ in range(2):
        case = it.file()
        it.do(case, "accept", "desk")
        it.do(case, "name_mediator", "desk", mediator=str(it.people["mediator"]))
    it.file()
    it.at("2026-04-02 10:00")
    with site.signed_in("district_supervisor", script=script, phone=True) as supervisor:
        supervisor.go("/board")
        page = supervisor.press("花果街道")
        assert supervisor.heading() == "花果街道看板"
        page = supervisor.press("单位 committee")
        assert supervisor.heading() == "单位 committee看板"
        row = page.locator("tr", has_text="演示mediator")
        supervisor.follow(row.locator("a.figure").last)
        assert page.locator(".work").count() == 2
        page.go_back()
        supervisor.press("张湾区")
        assert supervisor.heading() == "张湾区看板"
        supervisor.follow(page.get_by_role("link", name="刷新"))
        assert supervisor.heading() == "张湾区看板"
        assert page.locator("#late li.late").count() == 3


@pytest.mark.long("postgresql")
def test_a_late_case_when_urged_is_one_click_from_the_board(site: walk.Site) -> None:
    filed = site.district.file()
    site.district.at("2026-03-26 10:00")
    with site.signed_in("supervisor") as supervisor:
        page = supervisor.go("/board")
        supervisor.follow(page.locator("#late").get_by_role("link", name="催办"))
        assert page.url.endswith(f"/cases/{filed.case_id}/do/urge")
        supervisor.fill({"urge_reason": "今天内受理。"})
        supervisor.send_as_it_stands()
        supervisor.go("/board")
    with site.signed_in("leader") as leader:
        page = leader.go("/board")
        assert page.locator("#late li.late").count() == 1
        assert page.locator("#late .actions").count() == 0, "who watches only is offered nothing"


@pytest.mark.long
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize("how", walk.HEARD)
def test_a_bad_week_when_looked_at_has_no_grave_fault(site: walk.Site, how: walk.How) -> None:
    it = site.district
    for n in range(4):
        it.file(subject=f"楼道堆放杂物，多次劝说无果（{n}）")
    office_commands.appoint(it.engine.database, it.posts["supervisor"], holder_id=None)
    office_commands.appoint(it.engine.database, it.posts["district_leader"], holder_id=None)
    office_commands.appoint(it.engine.database, it.posts["leader"], holder_id=None)
    it.at("2026-04-10 10:00")
    with site.visitor(**walk.kind(how)) as visitor:
        visitor.sign_in("district_supervisor", office.PASSWORD)
        visitor.go("/board")
        faults = walk.check(visitor, f"{how}-bad-week")
        page = visitor.page
        assert page.locator("#stuck tbody tr").count() == 4
        visitor.go(f"/board?area={office.STREET}&office={it.offices['desk']}")
        faults += walk.check(visitor, f"{how}-bad-week-office")
    assert faults == []


@pytest.mark.long
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
@pytest.mark.parametrize("how", walk.HEARD)
def test_what_was_given_up_when_the_channel_is_back_goes_by_one_click(
    site: walk.Site, how: walk.How
) -> None:
    it = site.district
    outside.reach(it, "desk")
    filed = [it.file(subject=f"楼道堆放杂物，多次劝说无果（{n}）") for n in range(2)]
    outbox.run(it.engine)
    with receivers.mail() as mail:
        door = channels.open({"mail": mail.template()})
        mail.answers["MAIL"] = "421 4.3.2 not now"
        outside.give_up(it, door)
        with site.signed_in("supervisor", **walk.kind(how)) as supervisor:
            page = supervisor.go("/board")
            supervisor.follow(page.locator("a[href='/board/undelivered']"))
            faults = walk.check(supervisor, f"{how}-undelivered")
            assert "演示desk" in supervisor.text()
            mail.answers.clear()
            supervisor.follow(page.locator("form[action='/notices/retry'] button"))
            assert page.locator("a[href='/board/undelivered']").count() == 0
        assert outside.send(it, door).messages == 1
    body = mail.got[0].get_body(("plain",))
    assert body is not None
    assert all(case.number in body.get_content() for case in filed)
    with site.signed_in("desk", **walk.kind(how)) as desk:
        page = desk.go("/notices/settings")
        faults += walk.check(desk, f"{how}-deliveries")
        sent = page.locator("li", has_text="Sent" if how.startswith("en") else "已发送")
        assert all(sent.filter(has_text=case.number).count() == 1 for case in filed)
    assert faults == []
