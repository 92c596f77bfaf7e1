"""Where I am told outside the app, by phone and without script."""

from __future__ import annotations

import pytest

from tests import office
from tests.browser import walk

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_an_address_when_script_is_off_is_kept_and_forgotten(shared_site: walk.Site) -> None:
    with shared_site.signed_in("desk", phone=True, script=False) as desk:
        desk.go("/notices")
        desk.page.click("a[href='/notices/settings']")
        desk.page.fill("#address-mail", "desk@example.org")
        desk.page.click("form:has(#address-mail) button")
        assert "d***@example.org" in desk.page.inner_text("main")
        assert "desk@example.org" not in desk.page.content()
        desk.page.click("form[action='/notices/settings/forget'] button")
        assert "d***@example.org" not in desk.page.inner_text("main")


@pytest.mark.long
@pytest.mark.parametrize("how", walk.HEARD)
def test_the_page_when_checked_has_no_grave_fault(shared_site: walk.Site, how: walk.How) -> None:
    with shared_site.visitor(**walk.kind(how)) as officer:
        officer.sign_in("officer", office.PASSWORD)
        officer.go("/notices/settings")
        faults = walk.check(officer, f"{how}-notice-settings")
        officer.page.fill("#address-mail", "nowhere")
        officer.send_as_it_stands()
        faults += walk.check(officer, f"{how}-notice-settings-faults")
        assert officer.page.locator(".error-summary a").count() == 1
        officer.page.fill("#address-mail", "officer@example.org")
        officer.page.click("form:has(#address-mail) button")
        faults += walk.check(officer, f"{how}-notice-settings-kept")
    assert faults == []
