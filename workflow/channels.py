"""The one door to the world outside: one message to one address over one channel, by apprise.

An installation names its channels and where each leads; a person names their address on it.
Whether what was sent did arrive is for the other side to know: a message sent again carries the
same id, which a mail server may drop as one it has (`Message-ID`), and a receiver of plain JSON
as well (`X-Gridcase-Message-Id`). Robots of WeCom, DingTalk and Feishu have no place for an id.

What apprise says of a failure names addresses and keys, so it is read here and kept nowhere.
"""

from __future__ import annotations

import contextvars
import logging
import re
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any, Final, Protocol, get_args
from uuid import UUID

from rules import errors
from workflow import personal, settings

NAMES: Final[tuple[settings.ChannelName, ...]] = get_args(settings.ChannelName)

CONNECT_S: Final = 10.0
READ_S: Final = 20.0
LIMIT_S: Final = 60.0
"""Of one message, however slowly the other side answers."""
ENDING_S: Final = 10.0
"""Of one message while the process is to end, which a service manager waits for only so long."""

STEP_S: Final = 0.5
"""How often is looked whether the process is to end."""

ADDRESS: Final = "{address}"
ID_HEADER: Final = "X-Gridcase-Message-Id"


def _goes_on() -> bool:
    """The process is not about to end."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one person is told over one channel. Sent again, it has the same `id`."""

    id: UUID
    title: str
    body: str


class Door(Protocol):
    """What sends. Tests put a recording one in its place."""

    @property
    def names(self) -> frozenset[str]:
        """The channels there are."""

    def send(
        self,
        channel: str,
        address: str,
        message: Message,
        *,
        limit_s: float = LIMIT_S,
        is_ending: Callable[[], bool] = _goes_on,
    ) -> None:
        """Sends, or says why not: `Busy` may be tried again, `Invalid` never will be."""


# --- addresses


_DOMAIN: Final = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
_KEY: Final = r"[A-Za-z0-9_-]{8,100}"
_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    "mail": re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@(?i:{_DOMAIN})"),
    "sms": re.compile(r"\+?[0-9]{6,15}"),
    "wecom": re.compile(_KEY),
    "dingtalk": re.compile(r"[A-Za-z0-9]{8,100}"),
    "feishu": re.compile(_KEY),
}
# People copy a robot's whole address; the key is in it.
_COPIED: Final[Mapping[str, re.Pattern[str]]] = {
    "wecom": re.compile(r"https://qyapi\.weixin\.qq\.com/\S*[?&]key=([^&\s]+)"),
    "dingtalk": re.compile(r"https://oapi\.dingtalk\.com/\S*[?&]access_token=([^&\s]+)"),
    "feishu": re.compile(r"https://open\.feishu\.cn/open-apis/bot/v2/hook/([^/?\s]+)/?"),
}
_SAMPLES: Final[Mapping[str, str]] = {
    "mail": "someone@example.org",
    "sms": "13800000000",
    "wecom": "00000000-0000-0000-0000-000000000000",
    "dingtalk": "0" * 64,
    "feishu": "00000000-0000-0000-0000-000000000000",
}
LONGEST: Final = 200
"""Characters of an address."""


def clean(channel: str, text: str) -> str:
    """An address as it is kept. Raises: `contact.address`."""
    found = "".join(text.split())
    copied = _COPIED[channel].fullmatch(found) if channel in _COPIED else None
    if copied is not None:
        found = copied[1]
    if channel == "sms":
        found = found.replace("-", "")
    if len(found) > LONGEST or not _FORMS[channel].fullmatch(found):
        raise errors.Invalid("contact.address", field="address", example=_SAMPLES[channel])
    return found


def mask(channel: str, address: str) -> str:
    """What a page may show of it: enough to recognise one's own."""
    if channel == "mail":
        name, _, domain = address.rpartition("@")
        return f"{name[:1]}***@{domain}"[:60]
    if channel == "sms":
        return personal.mask(address, kind="phone")
    return f"…{address[-4:]}"


def place_of(person_id: UUID, channel: str) -> bytes:
    """What binds a sealed address to its row."""
    return b"contact:" + person_id.bytes + channel.encode()


# --- sending


@dataclass(frozen=True, slots=True)
class Channels:
    """The installation's channels: apprise addresses with a place for the person's own. They
    hold passwords, and are never shown."""

    templates: Mapping[str, str] = field(repr=False)

    @property
    def names(self) -> frozenset[str]:
        """The channels there are."""
        return frozenset(self.templates)

    def send(
        self,
        channel: str,
        address: str,
        message: Message,
        *,
        limit_s: float = LIMIT_S,
        is_ending: Callable[[], bool] = _goes_on,
    ) -> None:
        """Sends, or says why not.

        Raises: NotNow `channel.unknown`; Busy `delivery.unreachable`, `delivery.failed` or
        `delivery.timeout`; Invalid `delivery.address` or `delivery.refused`, which another try
        does not mend.
        """
        template = self.templates.get(channel)
        if template is None:
            raise errors.NotNow("channel.unknown", field="channel", channel=channel)
        service = _service(template, address)
        if service is None:
            raise errors.Invalid("delivery.address", channel=channel)
        _Attempt(service, message).within(limit_s, is_ending)


NONE: Final = Channels({})
"""An installation that tells nobody outside the app."""


def open(  # noqa: A001  channels.open reads well
    templates: Mapping[settings.ChannelName, str] | Mapping[str, str],
) -> Channels:
    """The channels of the settings, each tried on a made-up address; nothing is sent.

    Raises: `channel.library` where apprise is not installed; `channel.template`.
    """
    for name, template in templates.items():
        if _service(template, _SAMPLES[name]) is None:
            raise errors.Invalid("channel.template", field="GRIDCASE_CHANNELS", channel=name)
    return Channels({str(name): template for name, template in templates.items()})


class _Attempt:
    """One try in a thread of its own: a server that answers a letter a minute holds up that
    thread, never the rest."""

    def __init__(self, service: Any, message: Message) -> None:
        self._service = service
        self._message = message
        self._heard: list[str] = []
        self._is_sent = False
        self._is_done = False

    def within(self, limit_s: float, is_ending: Callable[[], bool]) -> None:
        """Waits for the outcome."""
        thread = threading.Thread(target=self._run, daemon=True, name="gridcase-send")
        thread.start()
        left_s = limit_s
        while left_s > 0 and thread.is_alive():
            if is_ending():
                left_s = min(left_s, ENDING_S)
            thread.join(min(left_s, STEP_S))
            left_s -= STEP_S
        if not self._is_done:
            raise errors.Busy("delivery.timeout")
        if not self._is_sent:
            raise _told(self._heard)

    def _run(self) -> None:
        _HEARD.set(self._heard)
        _ID.set(self._message.id)
        headers = getattr(self._service, "headers", None)
        if isinstance(headers, dict):
            headers[ID_HEADER] = str(self._message.id)
        try:
            self._is_sent = self._service.notify(
                title=self._message.title, body=self._message.body, body_format="text"
            )
        except Exception as error:  # noqa: BLE001  whatever a plugin does not expect: tried again
            self._heard.append(type(error).__qualname__)
        self._is_done = True


# --- apprise


_ID: Final = contextvars.ContextVar[UUID | None]("gridcase_message_id", default=None)
_HEARD: Final = contextvars.ContextVar[list[str] | None]("gridcase_heard", default=None)

_NO_MAILBOX: Final = re.compile(r"Socket Exception: \{.*?\(5[0-9]{2}, b['\"](?!5\.7\.)")
"""The receiver was refused for good. 5.7 is about who we are, which an administrator mends."""
_STATUS: Final = re.compile(r"\berror=([0-9]{3})\b|\bcode=([0-9]+)\b")
_ANSWERED: Final = re.compile(r"Socket Exception: [({]")
_GONE: Final = frozenset({404, 410, 19001})
"""No such address: HTTP's words, and Feishu's for a robot that is not there."""
_NO_ROBOT: Final = frozenset({93000, 300005, 400013, 400101, 400102})
"""What WeCom and DingTalk answer, under HTTP 200, where the robot or its group is not there."""


def _told(heard: list[str]) -> errors.GridcaseError:
    """What went wrong, of what apprise says."""
    said = "\n".join(heard)
    statuses = {int(one or two) for one, two in _STATUS.findall(said)}
    if statuses & _GONE or _NO_MAILBOX.search(said):
        return errors.Invalid("delivery.refused")
    if not statuses and not _ANSWERED.search(said) and "onnection error" in said:
        return errors.Busy("delivery.unreachable")
    return errors.Busy("delivery.failed")


def _service(template: str, address: str) -> Any:
    """The service for one address, or None where there is none."""
    apprise = _apprise()
    url = template.replace(ADDRESS, urllib.parse.quote(address, safe=""))
    found = apprise.Apprise.instantiate(url)
    is_mail = hasattr(found, "from_addr")
    if found is None or (is_mail and not found.targets):
        return None
    found.socket_connect_timeout, found.socket_read_timeout = CONNECT_S, READ_S
    return found


@cache
def _apprise() -> Any:
    """The library, taught what it does not know.

    It makes a new Message-ID for every try, and takes HTTP 200 of WeCom and DingTalk for success
    where the body says that the message was not taken. Its log, which names addresses and
    keys, goes to `_Ear` and nowhere else.
    """
    try:
        import apprise  # noqa: PLC0415  an extra's library, in its one door
        from apprise.plugins import dingtalk, wecombot  # noqa: PLC0415
        from apprise.plugins.email import base as mail  # noqa: PLC0415
    except ImportError as error:
        raise errors.Invalid("channel.library", field="GRIDCASE_CHANNELS") from error
    mail.make_msgid = _message_id(mail.make_msgid)  # type: ignore[attr-defined]
    for module in (dingtalk, wecombot):
        module.requests = _strict(module.requests)  # type: ignore[attr-defined]
    log = logging.getLogger("apprise")
    log.propagate = False
    log.setLevel(logging.DEBUG)
    log.addHandler(_Ear())
    return apprise


def _message_id(made: Callable[..., str]) -> Callable[..., str]:
    """The same header for every try of one message."""

    def named(domain: str | None = None) -> str:
        message_id = _ID.get()
        if message_id is None:
            return made(domain=domain)
        return f"<{message_id}@{domain}>"

    return named


def _strict(requests: Any) -> Any:
    """The library's HTTP, whose answer is a failure also where only the body says so."""

    def post(*args: Any, **kwargs: Any) -> Any:
        answer = requests.post(*args, **kwargs)
        if answer.status_code == requests.codes.ok:
            answer.status_code = _said(answer)
        return answer

    return SimpleNamespace(
        post=post, codes=requests.codes, RequestException=requests.RequestException
    )


def _said(answer: Any) -> int:
    """The status that the body means."""
    try:
        code = answer.json().get("errcode", 0)
    except (ValueError, AttributeError):
        code = 0
    if not code:
        return 200
    return 410 if code in _NO_ROBOT else 503


class _Ear(logging.Handler):
    """Hears what the library says within one try."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a line for as long as the try takes."""
        heard = _HEARD.get()
        if heard is not None:
            heard.append(record.getMessage())
