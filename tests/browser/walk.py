"""A real server and people in a real browser, who log in, look and fill in forms."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright import sync_api

from tests import office
from tests.api import site
from workflow import settings

PHONE: Final[sync_api.ViewportSize] = {"width": 390, "height": 844}
DESK: Final[sync_api.ViewportSize] = {"width": 1280, "height": 800}
STAFF: Final = (
    "officer",
    "desk",
    "mediator",
    "street_desk",
    "street_mediator",
    "supervisor",
    "leader",
    "district_supervisor",
    "petition_officer",
    "handler",
    "other_handler",
    "head",
    "reviewer",
    "other_officer",
)
MATTER: Final = {
    "story": "卫生间漏水，楼下天花板泡坏，\n两家上周五开始争执。",
    "subject": "3号楼502漏水，402天花板受损",
    "category": "0201",
    "danger": "none",
}
PEOPLE: Final = {
    "applicant_name": "张示例",
    "applicant_phone": "00000000402",
    "respondent_name": "李样本",
}
"""A dispute, as its first two forms ask for it."""
Language = Literal["zh", "en"]
How = Literal["zh-phone", "en-phone", "zh-desk", "en-desk"]
HEARD: tuple[How, ...] = ("zh-phone", "en-desk")
"""For a page that a test of its own brings about: between them both languages and both layouts."""
WAIT_MS: Final = 60_000
STARTED_S: Final = 60
sync_api.expect.set_options(timeout=WAIT_MS)
CHANNELS: Final[dict[settings.ChannelName, str]] = {
    "mail": "mailto://127.0.0.1:9?from=gridcase%40example.org&to={address}",
    "wecom": "wecombot://{address}/",
}
"""What a person may choose from; nothing is sent there."""
MIXED: Final = re.compile(r".{0,12}[\u4e00-\u9fff）」][:;,.](?: .{0,12}|$)", re.MULTILINE)
GRAVE: Final = frozenset({"serious", "critical"})
AXE: Final[str] = Axe().axe_script
JUDGED: Final = """async (rules) => {
  const { violations } = await axe.run({ resultTypes: ['violations'], rules });
  return violations.map(({ id, impact, nodes: [first] }) =>
    [impact, `${id} (${impact}): ${first.html.slice(0, 200)}`]);
}"""
"""What is wrong for a screen reader; what is right with a page need not be told."""
BUT_COLOURS: Final = {"color-contrast": {"enabled": False}}
"""The one rule that costs three times what all others do."""
SEEN: Final = """() => {
  for (const it of document.querySelectorAll('details:not(.menu):not(.demo-clock)')) it.open = true;
  const root = document.documentElement;
  const chinese = () => [...document.querySelectorAll('body [lang]:not([lang^=zh])')]
    .reduce((said, it) => said.replace(it.innerText, ''), document.body.innerText);
  return [
    root.scrollWidth - window.innerWidth,
    document.querySelectorAll('h1').length,
    root.lang === 'zh-CN' ? chinese() : '',
  ];
}"""
"""What is seen of a page with everything unfolded: how much too wide it is, how many headings of
the first rank it has, and what a Chinese page says, but for what is marked as another language."""
# A folder that takes a picture of every page that is checked; for whoever wants to look.
SHOTS: Final = os.environ.get("GRIDCASE_TEST_SHOTS")


@dataclass(slots=True, kw_only=True)
class Visitor:
    """Somebody at a browser. `noise` is what the console said that it should not; `seen` the
    addresses that were looked at and showed no refusal, `heard` the pages that the screen reader's
    rules were tried on, `moderate` what could be better on them."""

    page: sync_api.Page
    url: str
    who: str | None = None
    was_found: bool = False
    noise: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    heard: list[str] = field(default_factory=list)
    moderate: list[str] = field(default_factory=list)

    def go(self, path: str) -> sync_api.Page:
        """Opens a page of the site."""
        answer = self.page.goto(self.url + path)
        self.was_found = answer is not None and answer.ok
        return self.page

    def sign_in(self, name: str, password: str) -> None:
        """By the sign-in page, to where the day begins."""
        self.go("/login")
        self.page.fill("#u", name)
        self.page.fill("#p", password)
        self.follow(self.page.locator("main form button"))

    def become(self, name: str | None) -> None:
        """Somebody else takes the same browser, which still knows the site's files: signed in
        without the sign-in page, or nobody."""
        if name != self.who:
            self._forget(name)
            if name is not None:
                self._post("/login", user=name, password=office.PASSWORD)

    def look_up(self, number: str, code: str) -> None:
        """The same for a resident, or who was invited, of one case."""
        self._forget(number)
        self._post("/lookup", number=number, code=code)

    def _forget(self, who: str | None) -> None:
        """The page is left first: what it asks for by itself would be asked by nobody."""
        self.page.goto("about:blank")
        self.page.context.clear_cookies()
        self.who = who

    def _post(self, path: str, **form: str) -> None:
        # the request shares the browser's cookies; a redirect says that it was taken
        answer = self.page.request.post(self.url + path, form=dict(form), max_redirects=0)
        assert answer.status == 303, f"{path}: {answer.status}"

    def press(self, name: str) -> sync_api.Page:
        """Presses the button or the link of this name, and waits for the page it leads to."""
        button = self.page.get_by_role("button", name=name, exact=True)
        target = button if button.count() else self.page.get_by_role("link", name=name, exact=True)
        return self.follow(target)

    def follow(self, way: sync_api.Locator) -> sync_api.Page:
        """Presses the first of these, and waits for the page it leads to: a click alone returns
        before the browser has begun to leave."""
        with self.page.expect_navigation():
            way.first.click()
        return self.page

    def fill(self, values: Mapping[str, str]) -> None:
        """Fills in inputs by name, whatever their kind."""
        for name, value in values.items():
            self._fill(name, value)

    def _fill(self, name: str, value: str) -> None:
        found = self.page.locator(f"[name='{name}']:not([type=hidden])").first
        if found.get_attribute("type") == "radio":
            self.page.check(f"input[name='{name}'][value='{value}']")
        elif found.evaluate("it => it.tagName") == "SELECT":
            found.select_option(value)
        else:
            found.fill(value)

    def send_as_it_stands(self) -> None:
        """Sends the page's form, past what the browser itself would refuse."""
        self.page.evaluate("document.querySelectorAll('form').forEach(it => it.noValidate = true)")
        form = self.page.locator("main form[method=post]")
        filled = form.locator(".btn-main, .btn-danger")
        self.follow(filled if filled.count() else form.locator("button.btn"))

    def draft(self) -> None:
        """The paper that the form would make, in the form's own place."""
        way = self.page.locator("button[formaction]")
        assert way.get_attribute("formtarget") == "_blank", "what was typed stays where it is"
        way.evaluate("it => it.formTarget = '_self'")
        self.follow(way)

    def resize(self, how: How) -> None:
        """The same page on another screen."""
        self.page.set_viewport_size(PHONE if how.endswith("phone") else DESK)

    def summary(self, what: str) -> str:
        """A line for whoever runs the tests."""
        moderate = " ".join(self.moderate)
        return f"axe: {what} states={len(self.heard)} serious=0 moderate={moderate or 0}"

    def heading(self) -> str:
        """The page's own heading."""
        return self.page.locator("h1").inner_text()

    def text(self) -> str:
        """What the page says."""
        return self.page.locator("main").inner_text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The district, served."""

    district: office.District
    url: str
    browser: sync_api.Browser

    @contextmanager
    def visitor(self, **how: Any) -> Iterator[Visitor]:
        """Somebody who has not signed in."""
        with visiting(self.browser, self.url, **how) as found:
            yield found

    @contextmanager
    def signed_in(self, name: str, **how: Any) -> Iterator[Visitor]:
        """One of the district's people, in by the sign-in page."""
        with self.visitor(**how) as person:
            person.sign_in(name, office.PASSWORD)
            yield person


def sizes(language: Language) -> tuple[How, ...]:
    """A language on a phone and at a desk."""
    return tuple(how for how in get_args(How) if how.startswith(language))


def kind(how: How) -> dict[str, Any]:
    """What `visiting` takes for a language and a screen."""
    language = "en" if how.startswith("en") else "zh-CN"
    return {"phone": how.endswith("phone"), "language": language}


@contextmanager
def visiting(
    browser: sync_api.Browser,
    url: str,
    *,
    phone: bool = False,
    language: str = "zh-CN",
    script: bool = True,
    scheme: Any = "light",
) -> Iterator[Visitor]:
    """A fresh browser at an address, with nothing remembered."""
    context = browser.new_context(
        viewport=PHONE if phone else DESK,
        locale=language,
        java_script_enabled=script,
        color_scheme=scheme,
    )
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    found = Visitor(page=page, url=url)
    page.on("console", lambda said: _listen(found, said))
    page.on("pageerror", lambda error: found.noise.append(str(error)))
    try:
        yield found
    finally:
        context.close()


def _listen(visitor: Visitor, said: sync_api.ConsoleMessage) -> None:
    # A refused form comes back with a status that the browser also writes down; a poll that a
    # busy machine answers too late is asked again.
    is_known = "Failed to load resource" in said.text or "htmx:error: timeout" in said.text
    if said.type in ("error", "warning") and not is_known:
        visitor.noise.append(said.text)


@contextmanager
def served(
    district: office.District, browser: sync_api.Browser, *, url: str, folder: Path
) -> Iterator[Site]:
    """The district's application on a free port of this machine, in a thread."""
    chosen = settings.Settings(
        data_dir=folder, database_url=url, secret_key=bytes(32).hex(), channels=CHANNELS
    )
    with running(site.application(chosen, district.engine)) as address:
        yield Site(district=district, url=address, browser=browser)


@contextmanager
def running(application: FastAPI) -> Iterator[str]:
    """An application's address while a thread of this process serves it."""
    config = uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + STARTED_S
    while not server.started:
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(STARTED_S)


# ---- what every page must be


def check_in_both_sizes(
    visitor: Visitor, language: Language, name: str, *, colours: Collection[How]
) -> Iterator[str]:
    """What is wrong with the page on a phone and at a desk; its colours are tried where named."""
    for how in sizes(language):
        visitor.resize(how)
        yield from _checked(visitor, f"{how}-{name}", {} if how in colours else BUT_COLOURS)


def look_in_both_sizes(visitor: Visitor, language: Language, name: str) -> Iterator[str]:
    """What is wrong with it for the eye alone, on a phone and at a desk."""
    for how in sizes(language):
        visitor.resize(how)
        yield from look(visitor, f"{how}-{name}")


def turn(language: Language, number: int) -> How:
    """One size of a language, turn about; for the other language the other one."""
    phone_and_desk = sizes(language)
    return phone_and_desk[(number + get_args(Language).index(language)) % len(phone_and_desk)]


def check(visitor: Visitor, name: str) -> list[str]:
    """What is wrong with the page that a visitor sees: for a screen reader and for the eye;
    nothing at best."""
    return _checked(visitor, name, {})


def _checked(visitor: Visitor, name: str, rules: Mapping[str, Mapping[str, bool]]) -> list[str]:
    faults = look(visitor, name)
    visitor.heard.append(name)
    graves, others = _axe(visitor, rules)
    visitor.moderate += [f"{name}: {fault}" for fault in others]
    return [*(f"{name}: {fault}" for fault in graves), *faults]


def look(visitor: Visitor, name: str) -> list[str]:
    """What is wrong with it for the eye: on a narrow phone, under the strict policy, in its
    language."""
    page = visitor.page
    wide, headings, said = page.evaluate(SEEN)
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)
    faults = [f"{name}: {fault}" for fault in visitor.noise]
    if wide > 0:
        faults.append(f"{name}: {wide} px wider than the window")
    # Chinese words followed by the stops of Latin letters
    faults += [f"{name}: half Chinese, half Latin: {it}" for it in MIXED.findall(said)]
    if headings != 1:
        faults.append(f"{name}: {headings} headings of the first rank")
    visitor.noise.clear()
    if visitor.was_found:
        visitor.seen.add(urlsplit(page.url).path)
    return faults


def _axe(
    visitor: Visitor, rules: Mapping[str, Mapping[str, bool]]
) -> tuple[Sequence[str], Sequence[str]]:
    """Serious and critical faults, and the others."""
    page = visitor.page
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
        # later pages have it from the start: the browser keeps it compiled
        page.context.add_init_script(AXE)
    told: tuple[list[str], list[str]] = ([], [])
    for impact, line in page.evaluate(JUDGED, rules):
        told[impact not in GRAVE].append(line)
    return told
