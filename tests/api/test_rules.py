"""The rules of the office as a page and as JSON: whole, true to the pack, open to all."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from api import texts
from api.rulebook import articles, book, clocks, conditions, days, edition
from rules import calendars, load, pack
from tests import office
from tests.api import site
from tests.api.desk import API
from workflow import audit, db, read, settings
from workflow.commands import packs
from workflow.queries import office as office_query

LOADED = load.release(load.NATIONAL)[0]
PACK = LOADED.pack
EDITION = edition.Edition(pack=PACK, hash=LOADED.hash)
EN, ZH = texts.Words(language="en"), texts.Words(language="zh-CN")


@pytest.fixture
def front(database: db.Database, tmp_path: Path) -> site.Site:
    """The district's site; nobody signs in."""
    district = office.build(database)
    chosen = settings.Settings(data_dir=tmp_path, secret_key=bytes(32).hex())
    return site.Site(site.application(chosen, district.engine))


def _page(front: site.Site, path: str = "/rules", *, language: str = "en") -> str:
    answer = front.get(path, headers={"Accept": "text/html", "Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def _json(front: site.Site, path: str = "/rules", *, language: str = "en") -> dict[str, Any]:
    answer = front.get(f"{API}{path}", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert isinstance(found, dict)
    return found


# ---- the page


@pytest.mark.parametrize("words", [EN, ZH])
def test_page_when_nobody_has_signed_in_tells_every_clock_with_length_and_source(
    front: site.Site, words: texts.Words
) -> None:
    said = _page(front, language=words.language)
    for name, rule in PACK.deadlines.items():
        at = said.index(f'id="clock-{name}"')
        entry = said[at : said.index("</details>", at)]
        assert words.text(rule.name) in entry
        assert rule.source in entry
        assert words.phrase(rule.tag) in entry
        if rule.limit.length is not None:
            assert words.length(rule.limit.length.n, rule.limit.length.unit) in entry
        for act in (*rule.starts, *rule.stops):
            assert words.text(PACK.processes[rule.process].actions[act].name) in entry


@pytest.mark.parametrize("words", [EN, ZH])
def test_page_tells_every_sourced_choice_every_year_and_the_hash(
    front: site.Site, words: texts.Words
) -> None:
    said = _page(front, language=words.language)
    for field in PACK.fields.values():
        for choice in (field.choices or {}).values():
            if choice.source is not None:
                assert words.text(choice.name) in said
                assert choice.source in said
    for year in ("2024", "2025", "2026", "2027"):
        assert f'id="year-{year}"' in said
    assert said.count(words.get("provisional")) >= 1
    assert LOADED.hash in said


@pytest.mark.parametrize("words", [EN, ZH])
def test_page_draws_every_process_and_says_the_same_in_text(
    front: site.Site, words: texts.Words
) -> None:
    said = _page(front, language=words.language)
    for name, process in PACK.processes.items():
        drawing = said[said.index(f'id="d-{name}-t"') :]
        assert drawing.startswith(f'id="d-{name}-t">{words.text(process.name)}</title>')
        listed = drawing[drawing.index("</svg>") : drawing.index("</dl>")]
        for key, action in process.actions.items():
            assert words.text(action.name) in listed, key
        for key, state in process.states.items():
            assert words.text(state.name) in listed, key


def test_page_of_a_pack_that_is_no_longer_active_says_so_and_keeps_its_rules(
    front: site.Site, database: db.Database
) -> None:
    old = office_query.house(database).rules.hash
    changed = json.loads(LOADED.document)
    changed["pack"]["version"] = "2026.9"
    changed["deadlines"]["dispute.decide_next"]["limit"] = "9 working days"
    newer = load.from_document(audit.canonical(changed))
    with db.transaction(database) as tx:
        calendar = read.house(tx).calendar
        packs.add(tx, newer, calendar, document=load.calendar_document(load.shipped()))
    packs.switch(database, newer.hash)
    told = "These rules are not the ones that new cases start under"
    assert told in _page(front, f"/rules/{old}")
    assert told not in _page(front)
    assert told not in _page(front, f"/rules/{newer.hash}")
    assert "Time to decide what comes next: 9 working days" in _page(front)
    assert "Time to decide what comes next: 3 working days" in _page(front, f"/rules/{old}")
    assert [_json(front, path)["is_active"] for path in ("/rules", f"/rules/{old}")] == [
        True,
        False,
    ]


@pytest.mark.parametrize("wrong", ["0" * 64, "nothing", "0" * 5000])
def test_page_of_a_pack_that_is_not_there_is_not_found(front: site.Site, wrong: str) -> None:
    assert front.get(f"/rules/{wrong}", headers={"Accept": "text/html"}).status_code == 404


# ---- the same for programs


def test_rules_for_programs_hold_every_process_action_state_and_clock(front: site.Site) -> None:
    found = _json(front)
    assert (found["name"], found["hash"]) == (PACK.name, LOADED.hash)
    clocks_ = {it["name"]: it for process in found["processes"] for it in process["clocks"]}
    assert clocks_.keys() == PACK.deadlines.keys()
    handle = clocks_["petition.handle"]
    assert (handle["n"], handle["unit"]) == (60, "calendar_day")
    assert handle["longer"]["most"] == "30 days"
    assert handle["basis"]["source"] == "信访工作条例第34条"
    for process in found["processes"]:
        acts = {
            act["name"]
            for group in (*process["states"], *process["any_time"])
            for act in group["acts"]
        } | {act["name"] for act in process["opening"]}
        assert acts == PACK.processes[process["name"]].actions.keys()
    assert {it["year"]: it["is_provisional"] for it in found["calendar"]["years"]}[2027] is True


def test_rules_for_programs_come_in_the_language_asked_for(front: site.Site) -> None:
    assert _json(front, language="zh-CN")["title"] == PACK.title.zh
    assert _json(front, language="en")["title"] == PACK.title.en


def test_rules_for_programs_of_another_pack_are_not_found(front: site.Site) -> None:
    answer = front.get(f"{API}/rules/{'0' * 64}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert front.get(f"{API}/rules/nonsense").status_code == 422


# ---- a case leads to its rules


def test_case_leads_to_the_rules_it_started_under_and_shows_its_way(
    database: db.Database, tmp_path: Path
) -> None:
    district = office.build(database, accounts=("officer", "desk"))
    filed = district.file("officer")
    district.do(filed, "accept", "desk")
    chosen = settings.Settings(data_dir=tmp_path, secret_key=bytes(32).hex())
    front = site.Site(site.application(chosen, district.engine))
    here = {"Origin": "http://testserver", "Accept": "text/html", "Accept-Language": "en"}
    front.post("/login", headers=here, data={"user": "desk", "password": office.PASSWORD})
    said = html.unescape(front.get(f"/cases/{filed.case_id}", headers=here).text)
    pinned = f"/rules/{LOADED.hash}"
    assert f'href="{pinned}#clock-dispute.name_mediator"' in said
    assert f'href="{pinned}#dispute"' in said
    assert "Passed: Awaiting acceptance. Now: Accepted. Ahead: In mediation" in said
    assert len(re.findall(r'<path class="d-line d-main d-taken"', said)) == 2
    assert 'class="d-state d-now"' in said


# ---- words


@pytest.mark.parametrize(
    ("test", "zh", "en"),
    [
        (
            "case.route == '6'",
            "办理途径是“以上途径之外，出具信访处理意见书”",
            "Route is “None of these, a written answer is given”",
        ),
        ("case.category != '0502'", "类别不是“医疗损害”", "Category is not “Medical harm”"),
        (
            "case.category.startsWith('07')",
            "类别是“劳动人事争议”",
            "Category is “Labour”",
        ),
        ("!fields.identity_clear", "姓名、住址清楚是“否”", "Name and address are clear is “no”"),
        ("fields.heads >= 5", "涉及人数 ≥ 5", None),
        (
            "case.state == 'sent' || case.lead_office_kind != 'petition_office'",
            "所在环节是“已转交”或者主办单位的类型不是“信访局”",
            "the step is “Transferred” or the kind of the lead office is not “Petition office”",
        ),
        ("size(case.category) > 2", "条件 size(case.category) > 2", None),
    ],
)
def test_condition_when_told_says_what_it_asks(test: str, zh: str, en: str | None) -> None:
    assert conditions.condition(PACK, test, ZH) == zh
    if en is not None:
        assert conditions.condition(PACK, test, EN) == en


def test_ladder_when_told_says_when_what_and_who() -> None:
    told = clocks.clock(PACK, "dispute.accept", EN).ladder
    assert [(it.when, it.who) for it in told] == [
        ("at 75 % of the time", "whoever handles the case"),
        ("when it is late, as the office opens", "whoever handles the case"),
        ("1 working day late", "Supervisor"),
        ("3 working days late", "Supervisor"),
        ("5 working days late", "Leader"),
    ]


@pytest.mark.parametrize(
    ("rung", "when", "what"),
    [
        (
            pack.Rung(
                at=pack.When(kind="before", length=pack.Length(n=2, unit="working_hour")),
                do="action",
                action="hand_up",
                tell="mediator",
            ),
            "2 working hours before it ends",
            "Action by the ladder: Hand up",
        ),
        (
            pack.Rung(
                at=pack.When(kind="due"),
                do="measure",
                measure="约谈",
                tell="supervisor",
                every=pack.Length(n=1, unit="working_day"),
                cap=3,
                when=("case.grade == '01'",),
            ),
            "when it is late, as the office opens, then every 1 working day, 3 times in all, "
            "if Grade is “I, gravest”",
            "Measure proposed: 约谈",
        ),
    ],
)
def test_rung_of_a_local_ladder_when_told_leaves_nothing_out(
    rung: pack.Rung, when: str, what: str
) -> None:
    told = clocks.step(PACK, PACK.processes["dispute"], rung, EN)
    grade = (PACK.fields["grade"].choices or {})["01"].name.en
    assert told.when == when.replace("I, gravest", grade)
    assert told.what == what


@pytest.mark.parametrize("words", [EN, ZH])
def test_articles_name_every_national_row_and_every_row_that_is_kept(words: texts.Words) -> None:
    rows = {row.name: row for law in articles.laws(PACK, words) for row in law.rows}
    wanted = {n for n, it in PACK.provisions.items() if it.tag == "national" or it.kept_by}
    assert rows.keys() == wanted
    assert wanted, "the national pack has rows"
    for row in rows.values():
        assert row.kept_by or row.not_kept, row.name
        assert all(not re.match(r"[a-z_]+ [a-z_.]+$", it.title) for it in row.kept_by), row
        assert all(it.clock is None or it.clock in PACK.deadlines for it in row.kept_by)


def test_book_of_a_pack_is_made_once() -> None:
    assert book.book(EDITION, "en") is book.book(edition.Edition(pack=PACK, hash=LOADED.hash), "en")


def test_office_hours_when_they_differ_by_weekday_and_season_are_told() -> None:
    shipped = load.load_calendar(load.shipped())
    morning = ((time(9), time(12)),)
    found = replace(
        shipped,
        weekdays={"saturday": morning},
        versions=(calendars.Hours(valid_from=date(2026, 7, 1), hours=morning, source="夏令时"),),
    )
    told = days.calendar(found, ZH, today=date(2026, 11, 23))
    assert [it.lines for it in told.hours] == [
        ("09:00–12:00、13:30–17:30", "周六：09:00–12:00"),
        ("09:00–12:00",),
    ]
    assert [it.breaks for it in told.hours] == ["12:00–13:30", ""]
    assert (told.hours[1].since, told.hours[1].source) == (date(2026, 7, 1), "夏令时")


def test_years_when_told_have_runs_of_days_off_make_up_workdays_and_half_days() -> None:
    shipped = load.load_calendar(load.shipped())
    years = {it.year: it for it in shipped.years}
    half = replace(years[2026], half_days={date(2026, 2, 13): "morning"})
    found = replace(shipped, years=(years[2025], half, years[2027]))
    told = {it.year: it for it in days.calendar(found, EN, today=date(2027, 3, 1)).years}
    assert [*told] == [2025, 2026, 2027, 2028], "this year and the next, known or not"
    spring = next(it for it in told[2026].days_off if it.title == "Spring Festival")
    assert (spring.told, spring.n) == ("Sun 15 Feb 2026 to Mon 23 Feb 2026", 9)
    assert sum(it.n for it in told[2026].days_off) == len(years[2026].days_off)
    assert [it.on for it in told[2026].extra_workdays] == sorted(years[2026].extra_workdays)
    assert told[2026].extra_workdays[0].title == "Make-up workday for New Year's Day"
    assert [(it.told, it.hours) for it in told[2026].half_days] == [
        ("Fri 13 Feb 2026", "09:00–12:00")
    ]
    assert (told[2027].is_known, told[2027].is_provisional) == (True, True)
    assert (told[2028].is_known, told[2028].is_provisional) == (False, True)


def test_rung_when_a_pack_says_where_it_comes_from_is_told_with_it() -> None:
    rules = load.load(load.shipped("cn-chongqing")).pack
    (clock,) = (key for key, rule in rules.deadlines.items() if rule.ladder == "repeated")
    kinds = [it.basis.kind for it in clocks.clock(rules, clock, ZH).ladder]
    assert kinds == [ZH.phrase("practice")] * 3 + [ZH.phrase("default")] * 2


@pytest.mark.parametrize("words", [EN, ZH])
def test_page_tells_every_paper_with_what_makes_it_and_its_source(
    front: site.Site, words: texts.Words
) -> None:
    said = _page(front, language=words.language)
    assert PACK.papers, "the national pack has papers"
    for name, paper in PACK.papers.items():
        at = said.index(f'id="paper-{name}"')
        entry = said[at : said.index("</details>", at)]
        assert words.text(paper.name) in entry
        assert paper.source in entry
        for act in (*paper.made_by, *paper.served_by):
            assert words.text(PACK.processes[paper.process].actions[act].name) in entry
        for part in paper.parts:
            assert words.text(PACK.fields[part.field].name) in entry
