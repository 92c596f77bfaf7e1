"""A real server and people in a real browser, who log in, look and fill in forms."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

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
How = Literal["zh-phone", "en-phone", "zh-desk", "en-desk"]
HEARD: tuple[How, ...] = ("zh-phone", "en-desk")
"""Those in which the screen reader's rules are tried, which cost most: they share the pages, turn
about, and between them have both languages and both layouts."""
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
# A folder that takes a picture of every page that is checked; for whoever wants to look.
SHOTS: Final = os.environ.get("GRIDCASE_TEST_SHOTS")


@dataclass(slots=True, kw_only=True)
class Visitor:
    """Somebody at a browser. `noise` is what the console said that it should not;
    `heard` the pages that the screen reader's rules were tried on, `moderate` what could be
    better on them."""

    page: sync_api.Page
    url: str
    noise: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    moderate: list[str] = field(default_factory=list)

    def go(self, path: str) -> sync_api.Page:
        """Opens a page of the site."""
        self.page.goto(self.url + path)
        return self.page

    def sign_in(self, name: str, password: str) -> None:
        """By the sign-in page, to where the day begins."""
        self.go("/login")
        self.page.fill("#u", name)
        self.page.fill("#p", password)
        self.follow(self.page.locator("main form button"))

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

    def resize(self, how: How) -> None:
        """The same page on another screen."""
        self.page.set_viewport_size(PHONE if how.endswith("phone") else DESK)

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


def check(visitor: Visitor, name: str) -> list[str]:
    """What is wrong with the page that a visitor sees: for a screen reader and for the eye;
    nothing at best."""
    faults = look(visitor, name)
    visitor.heard.append(name)
    graves, others = _axe(visitor.page)
    visitor.moderate += [f"{name}: {fault}" for fault in others]
    return [*(f"{name}: {fault}" for fault in graves), *faults]


def look(visitor: Visitor, name: str) -> list[str]:
    """What is wrong with it for the eye: on a narrow phone, under the strict policy, in its
    language."""
    page = visitor.page
    page.evaluate(
        "document.querySelectorAll('details:not(.menu):not(.demo-clock)').forEach("
        "it => it.setAttribute('open', ''))"
    )
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)
    faults = [f"{name}: {fault}" for fault in visitor.noise]
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wide > 0:
        faults.append(f"{name}: {wide} px wider than the window")
    faults += [f"{name}: half Chinese, half Latin: {said}" for said in _mixed(page)]
    if page.locator("h1").count() != 1:
        faults.append(f"{name}: {page.locator('h1').count()} headings of the first rank")
    visitor.noise.clear()
    return faults


def _mixed(page: sync_api.Page) -> Sequence[str]:
    """Chinese words followed by the stops of Latin letters, on a page in Chinese."""
    if page.locator("html").get_attribute("lang") != "zh-CN":
        return ()
    return MIXED.findall(page.locator("body").inner_text())


def _axe(page: sync_api.Page) -> tuple[Sequence[str], Sequence[str]]:
    """Serious and critical faults, and the others."""
    told: tuple[list[str], list[str]] = ([], [])
    only = {"resultTypes": ["violations"]}  # what is right with a page need not be told
    for it in Axe().run(page, options=only).response["violations"]:
        line = f"{it['id']} ({it['impact']}): {it['nodes'][0]['html'][:200]}"
        told[it["impact"] not in GRAVE].append(line)
    return told
