"""Filing on a phone in both languages, with and without script; in English with mistakes, twice by
mistake; the resident's look-up."""

from __future__ import annotations

import pytest

from tests.browser import walk
from workflow.queries import worklist

pytestmark = [pytest.mark.browser, pytest.mark.slow]


SAID = {
    "zh-CN": (
        "下一步：双方",
        "上一步",
        "下一步：核对提交",
        "提交",
        "已上报。请把编号和查询码交给当事人",
    ),
    "en": (
        "Next: Both sides",
        "Previous step",
        "Next: Check and submit",
        "Submit",
        "Filed. Hand over the number and the code",
    ),
}
"""The buttons of the form, and the heading at the end."""


@pytest.mark.long
@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("language", SAID)
def test_filing_on_a_phone_is_the_same_in_both_languages_with_and_without_script(
    shared_site: walk.Site, language: str, *, script: bool
) -> None:
    to_sides, back, to_check, submit, filed = SAID[language]
    with shared_site.signed_in("officer", phone=True, script=script, language=language) as officer:
        officer.go("/cases/new")
        officer.fill(walk.MATTER)
        officer.press(to_sides)
        officer.fill(walk.PEOPLE)
        officer.press(back)
        assert officer.page.locator("#f-story").input_value() == walk.MATTER["story"]
        officer.press(to_sides)
        assert (
            officer.page.locator("#f-applicant_name").input_value() == walk.PEOPLE["applicant_name"]
        )
        officer.press(to_check)
        officer.page.check("#f-told")
        officer.press(submit)
        assert officer.heading() == filed
        assert officer.page.locator("button[data-print]").is_visible() is script
        assert officer.noise == []


@pytest.mark.long
def test_filing_when_in_english_is_english_to_the_end(shared_site: walk.Site) -> None:
    with shared_site.signed_in("officer", language="en") as officer:
        officer.press("File a dispute")
        officer.fill(walk.MATTER)
        officer.press("Next: Both sides")
        officer.fill({**walk.PEOPLE, "respondent_phone": "not a phone"})
        officer.press("Next: Check and submit")
        assert officer.page.title().startswith("Error: ")
        link = officer.page.locator(".error-summary a")
        assert "phone" in link.inner_text()
        link.click()
        assert officer.page.evaluate("document.activeElement.name") == "respondent_phone"
        officer.fill({"respondent_phone": "000 0000 0502"})
        officer.press("Next: Check and submit")
        officer.page.check("#f-told")
        officer.press("Submit")
        assert officer.heading() == "Filed. Hand over the number and the code"
        assert officer.noise == []


def test_filing_when_submitted_twice_makes_one_case(shared_site: walk.Site) -> None:
    district = shared_site.district
    with shared_site.signed_in("officer") as officer:
        before = _filed(shared_site)
        officer.go("/cases/new")
        officer.fill(walk.MATTER)
        officer.press("下一步：双方")
        officer.fill(walk.PEOPLE)
        officer.press("下一步：核对提交")
        officer.page.check("#f-told")
        sent = officer.page.evaluate(
            "[...new FormData(document.querySelector('main form'))].map(([k, v]) => [k, String(v)])"
        )
        officer.press("提交")
        number = officer.page.locator("dd.big").first.inner_text()
        again = officer.page.request.post(
            f"{officer.url}/cases/new",
            form={**dict(sent), "go": "next"},
            headers={"Origin": officer.url},
        )
        assert number in again.text()
        assert _filed(shared_site) == before + 1
    assert district.now() is not None


def _filed(site: walk.Site) -> int:
    actor = site.district.actor("officer")
    return len(worklist.page(site.district.engine.database, actor, seat_key="filer").items)


def test_lookup_when_the_code_is_wrong_says_neither_which_nor_more(
    shared_site: walk.Site,
) -> None:
    filed = shared_site.district.file()
    assert filed.code is not None
    wrong = "000000" if filed.code != "000000" else "111111"
    with shared_site.visitor(phone=True) as resident:
        told = set()
        for number, code in ((filed.number, wrong), ("1111-1111-1", filed.code)):
            resident.go("/lookup")
            resident.fill({"number": number, "code": code})
            resident.press("查询")
            assert resident.page.locator("#f-number").input_value() == number
            told.add(resident.page.locator(".error-summary").inner_text())
        assert len(told) == 1
        resident.go("/mine")
        assert resident.page.url.endswith("/lookup"), "nothing is known without the pair"
        resident.fill({"number": filed.number, "code": filed.code})
        resident.press("查询")
        assert "现在：待受理" in resident.text()
        assert "张示例" not in resident.text()
        resident.press("看完了，在这台设备上清除")
        resident.go("/mine")
        assert resident.page.url.endswith("/lookup")
        assert resident.noise == []


def test_clock_when_advanced_in_the_bar_fires_the_ladder_and_says_so(
    shared_site: walk.Site,
) -> None:
    shared_site.district.file()
    with shared_site.signed_in("supervisor") as supervisor:
        supervisor.page.locator(".demo-clock summary").click()
        supervisor.press("1 周")
        said = supervisor.page.get_by_role("status").inner_text()
        assert "时间快进 1 周" in said
        assert "升级阶梯触发" in said
        assert supervisor.page.url.endswith("/board"), "back where one was"
