"""The way outside: real receivers on loopback, and every way in which they may refuse."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from apprise.plugins import dingtalk, feishu, wecombot

from rules import errors
from tests import office
from tests.workflow import outside, receivers
from workflow import channels, ids, outbox

SECRET = "s3cretkey0000"


@pytest.fixture
def mail() -> Iterator[receivers.Mail]:
    """A mail server."""
    with receivers.mail() as found:
        yield found


@pytest.fixture
def web() -> Iterator[receivers.Web]:
    """A web server."""
    with receivers.web() as found:
        yield found


def message(body: str = "红牌催办：矛盾纠纷 1234 已到期。") -> channels.Message:
    return channels.Message(id=ids.uuid7(), title="红牌催办", body=body)


def refused(door: channels.Channels, channel: str, address: str) -> errors.GridcaseError:
    with pytest.raises(errors.GridcaseError) as raised:
        door.send(channel, address, message())
    return raised.value


def free_port() -> int:
    with socket.socket() as found:
        found.bind((receivers.HOST, 0))
        port: int = found.getsockname()[1]
        return port


# -- mail


def test_a_mail_arrives_with_its_id_however_often_it_is_sent(mail: receivers.Mail) -> None:
    door, told = channels.open({"mail": mail.template()}), message()
    for _ in range(2):
        door.send("mail", "desk@example.org", told)
    one, two = mail.got
    assert one["Message-ID"] == two["Message-ID"] == f"<{told.id}@{receivers.HOST}>"
    assert len(one.get_all("Message-ID", [])) == 1
    assert one[channels.ID_HEADER] == str(told.id)
    assert (one["To"], one["Subject"]) == ("desk@example.org", told.title)
    body = one.get_body(("plain",))
    assert body is not None
    assert told.body in body.get_content()


def test_two_mails_at_once_keep_their_own_ids(mail: receivers.Mail) -> None:
    door, told = channels.open({"mail": mail.template()}), [message() for _ in range(8)]
    threads = [
        threading.Thread(target=door.send, args=("mail", f"p{n}@example.org", one))
        for n, one in enumerate(told)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(got["To"], UUID(got["Message-ID"][1:37])) for got in mail.got} == {
        (f"p{n}@example.org", one.id) for n, one in enumerate(told)
    }


@pytest.mark.parametrize(
    ("word", "answer", "code", "is_for_good"),
    [
        ("RCPT", "550 5.1.1 no such user", "delivery.refused", True),
        ("RCPT", "550 5.7.1 relaying denied", "delivery.failed", False),
        ("RCPT", "452 4.2.2 mailbox full", "delivery.failed", False),
        ("MAIL", "550 who are you", "delivery.failed", False),
        ("DATA", "554 5.6.0 not like this", "delivery.failed", False),
    ],
)
def test_a_mail_when_refused(
    mail: receivers.Mail, word: str, answer: str, code: str, is_for_good: bool
) -> None:
    mail.answers[word] = answer
    error = refused(channels.open({"mail": mail.template()}), "mail", "desk@example.org")
    assert error.code == code
    assert isinstance(error, errors.Invalid if is_for_good else errors.Busy)


def test_a_wrong_password_is_tried_again(mail: receivers.Mail) -> None:
    """An administrator mends it; nothing may be lost meanwhile."""
    mail.answers["AUTH"] = "535 5.7.8 no"
    mail.answers["EHLO"] = "250-tests\r\n250 AUTH PLAIN LOGIN"
    template = mail.template().replace("mailto://", f"mailto://user:{SECRET}@")
    error = refused(channels.open({"mail": template}), "mail", "desk@example.org")
    assert (type(error), error.code) == (errors.Busy, "delivery.failed")


def test_a_server_that_is_not_there_is_tried_again() -> None:
    template = f"mailto://{receivers.HOST}:{free_port()}?from=g%40example.org&to={{address}}"
    error = refused(channels.open({"mail": template}), "mail", "desk@example.org")
    assert (type(error), error.code) == (errors.Busy, "delivery.unreachable")


def test_a_name_that_is_not_there_is_tried_again() -> None:
    template = "mailto://mail.invalid?from=g%40example.org&to={address}"
    error = refused(channels.open({"mail": template}), "mail", "desk@example.org")
    assert (type(error), error.code) == (errors.Busy, "delivery.unreachable")


def test_a_server_that_never_answers_has_a_limit() -> None:
    with socket.create_server((receivers.HOST, 0)) as silent:
        port = silent.getsockname()[1]
        template = f"mailto://{receivers.HOST}:{port}?from=g%40example.org&to={{address}}"
        door, began = channels.open({"mail": template}), time.monotonic()
        with pytest.raises(errors.Busy) as raised:
            door.send("mail", "desk@example.org", message(), limit_s=0.3)
    assert raised.value.code == "delivery.timeout"
    assert time.monotonic() - began < 15


def test_a_process_that_is_to_end_does_not_wait_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "ENDING_S", 0.2)
    with socket.create_server((receivers.HOST, 0)) as silent:
        port = silent.getsockname()[1]
        template = f"mailto://{receivers.HOST}:{port}?from=g%40example.org&to={{address}}"
        door, began = channels.open({"mail": template}), time.monotonic()
        with pytest.raises(errors.Busy):
            door.send("mail", "desk@example.org", message(), is_ending=lambda: True)
    assert time.monotonic() - began < 15


# -- robots and gateways

ROBOTS = {
    "wecom": (wecombot.NotifyWeComBot, "/send?key={key}", "errcode", 93000, 45009),
    "dingtalk": (dingtalk.NotifyDingTalk, "/robot?access_token={token}", "errcode", 300005, 130101),
    "feishu": (feishu.NotifyFeishu, "/hook/{token}", "code", 19001, 11232),
}
SCHEMES = {"wecom": "wecombot", "dingtalk": "dingtalk", "feishu": "feishu"}


@pytest.fixture(params=ROBOTS)
def robot(
    request: pytest.FixtureRequest, web: receivers.Web, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A vendor's robot, answered by ours."""
    name: str = request.param
    service, path, *_ = ROBOTS[name]
    monkeypatch.setattr(service, "notify_url", web.address + path)
    return name


def test_a_robot_gets_the_text(robot: str, web: receivers.Web) -> None:
    door = channels.open({robot: SCHEMES[robot] + "://{address}/"})
    door.send(robot, SECRET, message())
    ((path, _, body),) = web.got
    assert SECRET in path
    assert "矛盾纠纷 1234" in str(body)


def test_a_robot_that_says_no_under_http_200_is_heard(robot: str, web: receivers.Web) -> None:
    door = channels.open({robot: SCHEMES[robot] + "://{address}/"})
    _, _, key, gone, busy = ROBOTS[robot]
    web.answer = (200, {key: gone})
    assert isinstance(refused(door, robot, SECRET), errors.Invalid)
    web.answer = (200, {key: busy})
    assert isinstance(refused(door, robot, SECRET), errors.Busy)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, errors.Invalid), (403, errors.Busy), (429, errors.Busy), (500, errors.Busy)],
)
def test_a_robot_when_its_server_refuses(
    robot: str, web: receivers.Web, status: int, kind: type[errors.GridcaseError]
) -> None:
    web.answer = (status, {})
    door = channels.open({robot: SCHEMES[robot] + "://{address}/"})
    assert isinstance(refused(door, robot, SECRET), kind)


def test_a_gateway_of_short_messages_gets_number_and_id(web: receivers.Web) -> None:
    door = channels.open({"sms": f"json://{receivers.HOST}:{web.port}/send?:phone={{address}}"})
    told = message()
    door.send("sms", "+8613800000000", told)
    ((path, headers, body),) = web.got
    assert path.startswith("/send")
    assert headers[channels.ID_HEADER] == str(told.id)
    assert (body["phone"], body["message"]) == ("+8613800000000", told.body)


# -- settings and addresses


def test_a_channel_that_apprise_does_not_know_is_refused_at_the_start() -> None:
    with pytest.raises(errors.Invalid) as raised:
        channels.open({"mail": "nonsense://{address}"})
    assert (raised.value.code, raised.value.params["channel"]) == ("channel.template", "mail")


def test_the_example_of_the_readme_is_known_to_apprise() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    told = re.search(r"GRIDCASE_CHANNELS='(\{.*?\})'", readme, re.DOTALL)
    assert told is not None
    assert channels.open(json.loads(told[1])).names == outside.ALL


def test_a_channel_that_is_not_there_sends_nothing() -> None:
    assert refused(channels.NONE, "mail", "desk@example.org").code == "channel.unknown"


def test_an_address_cannot_reach_into_the_template(web: receivers.Web) -> None:
    door = channels.open({"sms": f"json://{receivers.HOST}:{web.port}/?:to={{address}}&:kind=text"})
    door.send("sms", "1&:kind=evil#?/", message())
    assert (web.got[0][2]["to"], web.got[0][2]["kind"]) == ("1&:kind=evil#?/", "text")


@pytest.mark.parametrize(
    ("channel", "text", "kept"),
    [
        ("mail", " desk@example.org ", "desk@example.org"),
        ("mail", "desk", None),
        ("mail", "a@b,c@d", None),
        ("mail", "desk@example.org\nBcc: x@example.org", None),
        ("sms", "+86 138-0000-0000", "+8613800000000"),
        ("sms", "12", None),
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abcd-1234", "abcd-1234"),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=abcd1234", "abcd1234"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/abcd-1234", "abcd-1234"),
        ("feishu", "abcd/../1234", None),
    ],
)
def test_an_address_is_what_its_channel_takes(channel: str, text: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(errors.Invalid):
            channels.clean(channel, text)
    else:
        assert channels.clean(channel, text) == kept


@pytest.mark.parametrize("channel", channels.NAMES)
def test_a_masked_address_hides_most_of_it(channel: str) -> None:
    address = {"mail": "somebody@example.org", "sms": "13812345678"}.get(channel, SECRET)
    shown = channels.mask(channel, address)
    assert address not in shown
    assert len(shown) <= 60


class _Heard(logging.Handler):
    """What the root of all logs would write."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps it."""
        self.lines.append(record.getMessage())


def test_nothing_secret_is_logged(mail: receivers.Mail, capfd: pytest.CaptureFixture[str]) -> None:
    heard, root = _Heard(), logging.getLogger()
    level = root.level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    try:
        mail.answers["RCPT"] = "550 5.1.1 no such user"
        door = channels.open({"mail": mail.template().replace("mailto://", f"mailto://{SECRET}@")})
        error = refused(door, "mail", "somebody@example.org")
        with pytest.raises(errors.Invalid):
            channels.open({"dingtalk": f"dingtalk://{SECRET}-{{address}}"})
    finally:
        root.setLevel(level)
        root.removeHandler(heard)
    told = "".join([*heard.lines, *capfd.readouterr(), repr(door), str(error), repr(error.params)])
    for secret in (SECRET, "somebody"):
        assert secret not in told


# -- with the ledger


def test_a_mail_server_that_was_away_loses_nothing(district: office.District) -> None:
    """Dead, then back: each notice once, in two messages."""
    port = free_port()
    template = f"mailto://{receivers.HOST}:{port}?from=gridcase%40example.org&to={{address}}"
    door = channels.open({"mail": template})
    outside.reach(district, "desk")
    filed = [district.file()]
    assert outside.send(district, door).failed == 1
    (row,) = outside.ledger(district)
    assert (row.state, row.error, row.tries) == ("waiting", "delivery.unreachable", 1)
    filed += [district.file() for _ in range(2)]
    assert outside.send(district, door) == outbox.SendReport()
    with receivers.mail(port=port) as mail:
        outside.pass_back_off(district.engine.database)
        report = outside.send(district, door)
    assert (report.messages, report.sent) == (2, 3)
    texts = [body.get_content() for got in mail.got if (body := got.get_body(("plain",)))]
    for case in filed:
        assert sum(case.number in text for text in texts) == 1
    assert outside.states(district) == ["sent"] * 3
