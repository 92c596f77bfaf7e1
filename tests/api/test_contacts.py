"""Where somebody is told outside the app: by page and by API, on real channels' forms."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

import pytest

from api import app
from rules import errors
from tests import office
from tests.api import desk, running, site
from tests.workflow import outside, receivers
from workflow import db, outbox, scheduler, settings
from workflow.queries import installation

HERE = {"Accept": "text/html", "Accept-Language": "en", "Sec-Fetch-Site": "same-origin"}
MAIL = {"address": "desk@example.org", "rhythm": "digest"}


@pytest.fixture
def door() -> outside.Recording:
    """A channel that takes everything."""
    return outside.Recording(names=frozenset({"mail", "wecom"}))


@pytest.fixture
def district(database: db.Database) -> office.District:
    """The district alone."""
    return office.build(database)


@pytest.fixture
def front(database: db.Database, door: outside.Recording) -> desk.Desk:
    """The district, whose application tells by mail and WeCom."""
    district = office.build(database, accounts=("officer", "desk", "supervisor"))
    served = desk.application(district)
    served.state.door = door
    return desk.Desk(district=district, site=site.Site(served))


def put(front: desk.Desk, who: str, channel: str, sent: object) -> int:
    """Sets a contact; the status."""
    answer = front.as_(who, "PUT", f"/me/contacts/{channel}", json=sent, headers=desk.ENGLISH)
    return int(answer.status_code)


def test_a_contact_when_set_is_told_masked_to_its_owner_alone(front: desk.Desk) -> None:
    assert put(front, "desk", "mail", MAIL) == 204
    told = front.get("desk", "/me/contacts").json()
    assert told["offered"] == ["mail", "wecom"]
    (mine,) = told["items"]
    assert (mine["channel"], mine["rhythm"], mine["address"]) == (
        "mail",
        "digest",
        "d***@example.org",
    )
    assert front.get("officer", "/me/contacts").json()["items"] == []
    assert put(front, "desk", "mail", {"rhythm": "off"}) == 204
    assert front.get("desk", "/me/contacts").json()["items"][0]["rhythm"] == "off"
    assert front.as_("desk", "DELETE", "/me/contacts/mail").status_code == 204
    assert front.get("desk", "/me/contacts").json()["items"] == []


@pytest.mark.parametrize(
    ("channel", "sent", "status", "code"),
    [
        ("mail", {"address": "desk", "rhythm": "digest"}, 422, "contact.address"),
        ("mail", {"rhythm": "digest"}, 422, "contact.no_address"),
        ("sms", {"address": "13800000000", "rhythm": "digest"}, 422, "channel.unknown"),
    ],
)
def test_a_contact_when_wrong_is_refused_with_what_to_do(
    front: desk.Desk, channel: str, sent: object, status: int, code: str
) -> None:
    answer = front.as_("desk", "PUT", f"/me/contacts/{channel}", json=sent, headers=desk.ENGLISH)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["remedy"]


def test_a_test_message_says_what_came_of_it_and_has_a_limit(
    front: desk.Desk, door: outside.Recording
) -> None:
    assert front.post("desk", "/me/contacts/mail/test", None).status_code == 404
    put(front, "desk", "mail", MAIL)
    assert front.post("desk", "/me/contacts/mail/test", None).status_code == 204
    assert [to for _, to, _ in door.sent] == ["desk@example.org"]

    def away(_message: object) -> None:
        raise errors.Busy("delivery.unreachable")

    door.answer = away
    answer = front.post("desk", "/me/contacts/mail/test", None)
    assert (answer.status_code, answer.json()["code"]) == (503, "delivery.unreachable")
    assert front.post("desk", "/me/contacts/mail/test", None).status_code == 429
    assert len(door.sent) == 1


def test_what_could_not_be_delivered_goes_once_more(
    front: desk.Desk, door: outside.Recording
) -> None:
    put(front, "desk", "mail", MAIL | {"rhythm": "at_once"})
    front.district.file()

    def refuses(_message: object) -> None:
        raise errors.Invalid("delivery.refused")

    door.answer = refuses
    outside.send(front.district, door)
    (mine,) = front.get("desk", "/me/deliveries").json()["items"]
    assert (mine["state"], mine["error"]) == ("dead", "delivery.refused")
    assert front.get("officer", "/deliveries/dead").json()["items"] == []
    (dead,) = front.get("supervisor", "/deliveries/dead").json()["items"]
    again = {"receiver_id": dead["receiver_id"], "channel": dead["channel"]}
    assert front.post("officer", "/deliveries/retry", again).status_code == 404
    assert front.post("supervisor", "/deliveries/retry", again).json() == {"notices": 1}
    door.answer = lambda _message: None
    assert outbox.send(front.district.engine, door=door).messages == 1
    assert front.get("desk", "/me/deliveries").json()["items"][0]["state"] == "sent"


# -- the page


def sign_in(front: desk.Desk, who: str) -> None:
    """Carries a session in a cookie from now on."""
    form = {"user": who, "password": office.PASSWORD, "next": "/"}
    assert front.site.post("/login", headers=HERE, data=form).status_code == 303


def page(front: desk.Desk) -> str:
    """The page as it stands."""
    answer = front.site.get("/notices/settings", headers=HERE)
    assert answer.status_code == 200
    return answer.text


def test_the_page_when_used_keeps_tests_and_forgets_an_address(
    front: desk.Desk, door: outside.Recording
) -> None:
    sign_in(front, "desk")
    assert "/notices/settings" in front.site.get("/notices", headers=HERE).text
    form = {"channel": "mail", **MAIL}
    assert front.site.post("/notices/settings", headers=HERE, data=form).status_code == 303
    shown = page(front)
    assert "d***@example.org" in shown
    assert "desk@example.org" not in shown
    assert re.search(r'value="digest" checked', shown)
    for act in ("test", "forget"):
        sent = front.site.post(f"/notices/settings/{act}", headers=HERE, data={"channel": "mail"})
        assert sent.status_code == 303
    assert len(door.sent) == 1
    assert door.sent[0][2].body.startswith("This is a test")
    assert "d***@example.org" not in page(front)


def test_the_page_when_an_address_is_wrong_brings_it_back_with_the_fault(front: desk.Desk) -> None:
    sign_in(front, "desk")
    form = {"channel": "mail", "address": "desk at home", "rhythm": "at_once"}
    answer = front.site.post("/notices/settings", headers=HERE, data=form)
    assert answer.status_code == 422
    assert 'value="desk at home"' in answer.text
    assert "someone@example.org" in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_the_page_when_a_test_fails_says_why(front: desk.Desk, door: outside.Recording) -> None:
    sign_in(front, "desk")
    front.site.post("/notices/settings", headers=HERE, data={"channel": "mail", **MAIL})

    def refuses(_message: object) -> None:
        raise errors.Invalid("delivery.refused")

    door.answer = refuses
    answer = front.site.post("/notices/settings/test", headers=HERE, data={"channel": "mail"})
    assert answer.status_code == 422
    assert "The other side has no such address" in answer.text


def test_the_page_when_nothing_goes_outside_says_so(
    front: desk.Desk, door: outside.Recording
) -> None:
    door.names = frozenset()
    sign_in(front, "desk")
    assert "Notices stay in the app" in page(front)


def test_the_page_shows_what_was_sent_last(front: desk.Desk, door: outside.Recording) -> None:
    put(front, "desk", "mail", MAIL | {"rhythm": "at_once"})
    filed = front.district.file()
    outside.send(front.district, door)
    sign_in(front, "desk")
    assert filed.number in page(front)


def test_a_supervisor_sends_once_more_from_the_board(
    front: desk.Desk, door: outside.Recording
) -> None:
    put(front, "desk", "mail", MAIL | {"rhythm": "at_once"})
    front.district.file()

    def refuses(_message: object) -> None:
        raise errors.Invalid("delivery.refused")

    door.answer = refuses
    outside.send(front.district, door)
    form = {"receiver": str(front.district.people["desk"]), "channel": "mail"}
    sign_in(front, "officer")
    assert front.site.post("/notices/retry", headers=HERE, data=form).status_code == 404
    sign_in(front, "supervisor")
    assert front.site.post("/notices/retry", headers=HERE, data=form).status_code == 303
    assert installation.queues(front.district.engine.database).dead == 0


def test_metrics_count_what_waits_and_what_was_given_up(
    front: desk.Desk, door: outside.Recording
) -> None:
    put(front, "desk", "mail", MAIL)
    front.district.file()
    outside.send(front.district, door)
    told = front.site.get("/metrics").text
    assert 'gridcase_deliveries{state="waiting"} 1.0' in told
    assert 'gridcase_deliveries{state="dead"} 0.0' in told


# -- a worker of its own, from the settings to the mail


@pytest.mark.long
def test_a_worker_sends_what_is_queued_with_the_address_of_the_case(
    database: db.Database, tmp_path: Path
) -> None:
    district = office.build(database)
    outside.reach(district, "desk")
    filed = district.file()
    with receivers.mail() as mail:
        env = {
            "GRIDCASE_DATABASE_URL": database.url,
            "GRIDCASE_SECRET_KEY": bytes(range(32)).hex(),
            "GRIDCASE_DATA_DIR": str(tmp_path),
            "GRIDCASE_TICK_S": "0.1",
            "GRIDCASE_CHANNELS": json.dumps({"mail": mail.template()}),
            "GRIDCASE_PUBLIC_URL": "https://cases.example.org/",
        }
        with running.run(tmp_path / "run", "worker", env=env) as worker:
            worker.wait(lambda: outside.states(district) == ["sent"])
            worker.stop()
            assert worker.ended() == 0
    body = mail.got[0].get_body(("plain",))
    assert body is not None
    assert f"https://cases.example.org/cases/{filed.case_id}" in body.get_content()
    assert "example.org:" not in worker.err + worker.out


def test_a_mail_server_that_hangs_holds_up_no_ladder(
    district: office.District, door: outside.Recording
) -> None:
    outside.reach(district, "desk")
    case = district.file()
    hangs, release = threading.Event(), threading.Event()

    def hang(_message: object) -> None:
        hangs.set()
        release.wait(30)

    door.answer = hang
    rung: list[scheduler.Ring] = []
    bell = scheduler.Bell(district.engine, tick_s=0.05, told=rung.append, door=door)
    bell.start()
    try:
        assert hangs.wait(30)
        district.jump("2026-03-26 09:00")
        until = time.monotonic() + 30
        while not any(ring.sweep.fired for ring in rung):
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        release.set()
        bell.stop()
    assert district.case(case).light == "red"


# -- the start


@pytest.mark.parametrize(
    "told", ["nothing", '{"fax": "mailto://x?to={address}"}', '{"mail": "mailto://x"}', "[1]"]
)
def test_channels_when_wrong_are_refused_as_a_setting(
    told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDCASE_CHANNELS", told)
    with pytest.raises(ValueError, match="channels"):
        settings.Settings()


def test_a_channel_when_apprise_does_not_know_it_is_refused_at_the_start(tmp_path: Path) -> None:
    chosen = settings.Settings(data_dir=tmp_path, channels={"mail": "nonsense://{address}"})
    with pytest.raises(errors.Invalid) as refused:
        app.create_app(chosen)
    assert refused.value.code == "channel.template"
