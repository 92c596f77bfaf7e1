"""What somebody sends who means no good, or whose browser is broken."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
from starlette.types import Message

from api import observe
from tests import office
from tests.api import desk, site
from workflow import db

OWN = {"Origin": "http://testserver"}


def _page(served: desk.Desk, name: str) -> site.Site:
    """A browser in which somebody has signed in."""
    found = desk.visit(desk.application(served.district))
    form = {"user": name, "password": office.PASSWORD}
    assert found.post("/login", data=form, headers=OWN).status_code == 303
    return found


@pytest.mark.parametrize("path", ["/?area=42%0003", "/?area=%00"])
def test_address_when_it_holds_a_nul_is_not_there(database: db.Database, path: str) -> None:
    served = desk.open_desk(database, "desk")
    assert _page(served, "desk").get(path).status_code == 404


def test_form_when_it_holds_a_nul_is_refused(database: db.Database) -> None:
    served = desk.open_desk(database, "desk", "officer")
    filed = served.file()
    page = _page(served, "desk")
    sent = {"reason": "other", "words": "核实\x00电话"}
    answer = page.post(f"/cases/{filed['case_id']}/open", data=sent, headers=OWN)
    assert answer.status_code == 422
    assert "张示例" not in answer.text


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_part_when_asked_by_script_leads_to_an_address_of_ascii(database: db.Database) -> None:
    served = desk.open_desk(database, "desk")
    answer = served.site.get(
        "/cases/%E5%BC%A0", headers={"HX-Request": "true", "Accept": "text/html"}
    )
    assert answer.headers["hx-redirect"] == "/login?next=/cases/%E5%BC%A0"


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_resident_when_reading_sees_no_inner_paper(database: db.Database) -> None:
    """The leader's measures and a note from office to office are the office's own."""
    served = desk.open_desk(database, "officer", "desk", "mediator", "supervisor", "leader")
    people = {name: str(key) for name, key in served.district.people.items()}
    filed = served.file()
    case_id = filed["case_id"]
    served.do(case_id, "accept", "desk", note="内部备注甲")
    served.do(case_id, "name_mediator", "desk", mediator=people["mediator"])
    served.do(case_id, "name_leader", "supervisor", leader=people["leader"])
    served.do(
        case_id,
        "approve_plan",
        "leader",
        responsible=people["mediator"],
        measures="内部措施乙",
        plan_until="2026-04-20",
    )
    key = {"number": filed["number"], "code": filed["code"]}
    served.site.post("/lookup", data=key, headers=OWN)
    texts = (served.site.get("/mine").text, served.post(None, "/lookup", key).text)
    for text in texts:
        assert filed["number"] in text
        assert not re.search("内部备注甲|内部措施乙", text)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_place_of_a_session_when_it_names_a_home_is_sealed(database: db.Database) -> None:
    """A session may be held in somebody's home."""
    served = desk.open_desk(database, "officer", "desk", "mediator", "auditor")
    filed = served.file()
    case_id = filed["case_id"]
    served.do(case_id, "accept", "desk")
    mediator = str(served.district.people["mediator"])
    served.do(case_id, "name_mediator", "desk", mediator=mediator)
    session = {"session_on": "2026-03-20", "attended": "both", "minutes": "各说各的"}
    served.do(case_id, "record_session", "mediator", session_place="李样本家502室", **session)
    told = served.get("auditor", f"/cases/{case_id}/events").text
    assert '"record_session"' in told
    assert "李样本家502室" not in told


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_sender_when_gone_in_the_middle_is_no_fault_of_ours(database: db.Database) -> None:
    served = desk.open_desk(database)
    app = desk.application(served.district)
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        told.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/login",
        "query_string": b"",
        "headers": [(b"content-type", b"application/x-www-form-urlencoded")],
        "server": ("testserver", 80),
        "scheme": "http",
    }
    before = observe.metrics().decode()
    with ThreadPoolExecutor(1) as thread:  # in this one a browser of other tests may be at work
        thread.submit(anyio.run, app, scope, receive, send).result()
    faults = "gridcase_faults_total "
    assert _value(observe.metrics().decode(), faults) == _value(before, faults)
    assert told == []


def _value(metrics: str, name: str) -> str:
    return next(line for line in metrics.splitlines() if line.startswith(name))
