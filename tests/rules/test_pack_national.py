"""The shipped pack: loads, is sound, says what the law says and marks what is ours."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator
from importlib import resources

import pytest

from rules import calendars, check, guards, load, pack

LOADED = load.release(load.NATIONAL)[0]
PACK = LOADED.pack
DISPUTE, PETITION = PACK.processes["dispute"], PACK.processes["petition"]


@pytest.fixture(scope="module")
def calendar() -> calendars.Calendar:
    return load.load_calendar(load.shipped())


def test_I10_national_pack_is_sound(calendar: calendars.Calendar) -> None:
    assert check.check(PACK, calendar, places=LOADED.places) == ()


def test_document_when_read_back_is_the_same_pack() -> None:
    assert load.from_document(LOADED.document) == LOADED
    assert re.fullmatch(r"[0-9a-f]{64}", LOADED.hash)


# name: limit, start and stop, owner, roll, tag, source (domain facts, section 10)
LAW = {
    "petition.transfer": ("15 calendar_day", None, "none", "national", "信访工作条例第22条"),
    "petition.notice_direct": ("15 calendar_day", None, "none", "national", "信访工作条例第23条"),
    "petition.notice_assigned": ("15 calendar_day", None, "none", "national", "信访工作条例第23条"),
    "petition.objection": ("5 working_day", "organ", "none", "national", "信访工作条例第23条"),
    "petition.handle": ("60 calendar_day", None, "none", "national", "信访工作条例第34条"),
    "petition.report_back": (
        "until fields.report_by", None, "none", "national", "信访工作条例第22条"
    ),
    "petition.review_window": (
        "30 calendar_day", "petitioner", "next_working_day", "national", "信访工作条例第35条"
    ),
    "petition.review": ("30 calendar_day", None, "none", "national", "信访工作条例第35条"),
    "petition.recheck_window": (
        "30 calendar_day", "petitioner", "next_working_day", "national", "信访工作条例第36条"
    ),
    "petition.recheck": ("30 calendar_day", None, "none", "national", "信访工作条例第36条"),
    "confirm.window": (
        "30 calendar_day", "both_parties", "next_working_day", "national", "人民调解法第33条"
    ),
    "mediation.medical": (
        "30 working_day", None, "none", "national", "医疗纠纷预防和处理条例第38条"
    ),
    "mediation.labour": ("15 calendar_day", None, "none", "national", "劳动争议调解仲裁法第14条"),
    "mediation.general": ("1 month", None, "none", "practice", "人民调解工作若干规定第33条"),
}  # fmt: skip

OURS = {
    "dispute.accept": "3 working_day",
    "dispute.name_mediator": "1 working_day",
    "dispute.first_session": "5 working_day",
    "dispute.decide_next": "3 working_day",
    "dispute.end_on_request": "1 working_day",
    "dispute.tell_progress": "3 working_day",
    "petition.tell_progress": "3 working_day",
    "dispute.serve_paper": "5 working_day",
    "dispute.serve_ending": "5 working_day",
    "dispute.performance": "until fields.perform_by",
    "dispute.return_visit": "7 calendar_day",
    "rating.window": "7 calendar_day",
    "dispute.leader_plan": "3 working_day",
    "dispute.leader_result": "until fields.plan_until",
    "petition.hearing": "30 calendar_day",
    "petition.tell_route": "15 calendar_day",
    "petition.suggestion": "60 calendar_day",
    "petition.fulfil": "60 calendar_day",
    "petition.accusation": "60 calendar_day",
    "petition.handle_anew": "60 calendar_day",
    "petition.redirect": "5 working_day",
    "petition.decide_dispute": "5 working_day",
    "petition.transfer_again": "5 working_day",
    "dispute.assessment": "60 calendar_day",
    "petition.report_urgent": "1 working_day",
    "petition.decide_unclear": "15 calendar_day",
    "petition.decide_objection": "5 working_day",
    "petition.serve_paper": "5 working_day",
    "petition.serve_ending": "5 working_day",
    "petition.serve_answer": "5 working_day",
    "petition.serve_review": "5 working_day",
    "petition.serve_recheck": "5 working_day",
    "petition.rating_window": "30 calendar_day",
    "petition.leader_plan": "3 working_day",
    "petition.leader_result": "until fields.plan_until",
}


def words(limit: pack.Limit) -> str:
    """A limit as `n unit`, or `until` and its field."""
    if limit.length is None:
        return f"until {limit.until}"
    return f"{limit.length.n} {limit.length.unit}"


def test_clocks_are_those_of_the_law_and_ours() -> None:
    assert set(PACK.deadlines) == set(LAW) | set(OURS)


@pytest.mark.parametrize("name", LAW)
def test_clock_when_the_law_sets_it(name: str) -> None:
    rule = PACK.deadlines[name]
    limit, owner, roll, tag, source = LAW[name]
    assert (words(rule.limit), rule.belongs_to, rule.roll, rule.tag) == (limit, owner, roll, tag)
    assert rule.source.startswith(source)


@pytest.mark.parametrize("name", OURS)
def test_clock_when_it_is_ours_is_marked_so(name: str) -> None:
    rule = PACK.deadlines[name]
    assert (words(rule.limit), rule.tag) == (OURS[name], "default")


def test_extension_of_the_handling_period() -> None:
    extension = PACK.deadlines["petition.handle"].extension
    assert extension is not None
    assert (extension.name, extension.max.n, extension.by) == ("petition.extend", 30, "organ_head")
    assert extension.source == "信访工作条例第34条"
    lengthened = {name: rule.extension for name, rule in PACK.deadlines.items() if rule.extension}
    assert [name for name, it in lengthened.items() if it.tag == "national"] == ["petition.handle"]
    # more time for a leader is ours, and agreed to by another
    ours = {name: it.by for name, it in lengthened.items() if it.tag == "default"}
    assert ours == {
        "dispute.leader_result": "supervisor",
        "petition.leader_result": "supervisor",
        "mediation.medical": "mediator",
    }


def test_pauses_are_only_hearing_and_assessment() -> None:
    pauses = {
        name: (pause.starts, pause.ends)
        for name, rule in PACK.deadlines.items()
        for pause in rule.pauses
    }
    assert pauses == {
        "mediation.general": ("start_assessment", ("end_assessment", "take_away")),
        "mediation.medical": ("start_assessment", ("end_assessment", "take_away")),
        "petition.recheck": ("start_hearing", ("end_hearing",)),
    }


def test_windows_have_no_ladder_and_offices_have_one() -> None:
    bare = {name for name, rule in PACK.deadlines.items() if rule.ladder is None}
    windows = {name for name, rule in PACK.deadlines.items() if rule.belongs_to is not None}
    assert bare == windows


def test_only_route_six_starts_the_sixty_days() -> None:
    routes = PACK.fields["route"].choices or {}
    assert list(routes) == ["1", "2", "3", "4", "5", "6"]
    assert all((choice.source or "").startswith("信访工作条例第31条") for choice in routes.values())
    (test,) = PACK.deadlines["petition.handle"].when
    guard = guards.compile_guard(test, PACK.fields, ())
    assert [route for route in routes if guards.holds(guard, {"case.route": route})] == ["6"]


@pytest.mark.parametrize(
    ("category", "clock"),
    [
        ("0201", "mediation.general"),
        ("05", "mediation.general"),
        ("0502", "mediation.medical"),
        ("07", "mediation.labour"),
        ("0703", "mediation.labour"),
        ("99", "mediation.general"),
    ],
)
def test_mediation_period_by_category_is_exactly_one(category: str, clock: str) -> None:
    facts = {"case.category": category}
    held = [
        name
        for name in ("mediation.general", "mediation.medical", "mediation.labour")
        if all(
            guards.holds(guards.compile_guard(test, PACK.fields, ()), facts)
            for test in PACK.deadlines[name].when
        )
    ]
    assert held == [clock]


def test_grounds_of_refusal_have_their_articles() -> None:
    grounds = PACK.fields["refusal_ground"].choices or {}
    assert grounds["finished"].source == "信访工作条例第36条第3款"
    assert grounds["pending"].source == "信访工作条例第19条第3款"


def test_states_that_are_done_and_those_that_end() -> None:
    done = {name for process in (DISPUTE, PETITION) for name, s in process.states.items() if s.done}
    assert done == {
        "to_visit", "visit_ousted", "awaiting_rating", "closed", "served", "review_served",
        "review_closed", "replied", "settled",
        "fulfilled", "fed_back",
    }  # fmt: skip
    assert {name for name, s in DISPUTE.states.items() if s.end} == {
        "closed", "refused", "withdrawn", "merged", "ended", "handed_over",
    }  # fmt: skip
    assert {name for name, s in PETITION.states.items() if s.end} == {
        "closed", "review_closed", "refused", "routed", "withdrawn", "replied", "settled",
        "handed_over", "fulfilled", "fed_back",
    }  # fmt: skip


def test_default_ladder_has_the_five_steps() -> None:
    steps = [(rung.do, rung.at.kind, rung.tell) for rung in PACK.ladders["default"]]
    assert steps == [
        ("warn", "percent", "handler"),
        ("urge", "due", "handler"),
        ("supervise", "after", "supervisor"),
        ("raise", "after", "supervisor"),
        ("leader", "after", "leader"),
    ]
    lengths = [rung.at.length.n for rung in PACK.ladders["default"] if rung.at.length]
    assert lengths == [1, 3, 5]


def test_categories_are_those_of_the_standard() -> None:
    types = [code for code in PACK.categories if len(code) == 2]
    assert types == [f"{n:02}" for n in range(1, 17)] + ["99"]
    assert len(PACK.categories) - len(types) == 78
    names = [category.name.zh for category in PACK.categories.values()]
    assert len(set(names)) == len(names)


def test_personal_fields_are_sealed_and_open_to_somebody() -> None:
    granted = {name for right in PACK.rights for name in right.fields or {}}
    assert granted == {"identity", "contact", "story", "minutes", "agreement", "rating", "opinion"}
    for name, field in PACK.fields.items():
        if name.endswith(("_name", "_phone", "_address")):
            assert field.personal is not None, name
            assert field.party is not None, name
        if field.personal is not None:
            assert field.seen_by in granted, name


def test_texts_in_clear_are_the_subject_and_the_law() -> None:
    """All else that is typed freely may name somebody, so it is sealed."""
    clear = {
        name for name, field in PACK.fields.items() if field.type == "text" and not field.personal
    }
    # the number is taken only where it is that of a case, or where a refusal rests on it
    organs = {"handed_organ", "police_organ", "reported_to", "court"}
    assert clear == {"subject", "legal_basis", "opinion_basis", "earlier_number"} | organs


def test_rights_keep_apart_what_must_be_apart() -> None:
    rights = {right.role: right for right in PACK.rights}
    assert rights["administrator"].sees == ()
    assert rights["auditor"].acts == ()
    assert "minutes" not in (rights["resident"].fields or {})
    assert "minutes" not in (rights["grid_officer"].fields or {})
    for role in ("supervisor", "auditor"):
        fields = rights[role].fields or {}
        assert (fields["identity"], fields["contact"]) == ("mask", "mask")
    assert "story" not in (rights["auditor"].fields or {})
    for process in (DISPUTE, PETITION):
        assert process.actions["rate"].by == ("resident",), "a rating is the resident's own act"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_notices_name_no_person(language: str) -> None:
    for notice in PACK.notices:
        text = getattr(notice.text, language)
        named = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert named <= {"number", "process", "due_on", "office"}
        assert "number" in named


def texts(value: object) -> Iterator[dict[str, str]]:
    """Every text in the document."""
    if isinstance(value, dict):
        if set(value) == {"zh", "en"}:
            yield value
        else:
            for child in value.values():
                yield from texts(child)
    elif isinstance(value, list):
        for child in value:
            yield from texts(child)


def test_I13_texts_are_chinese_in_one_and_english_in_the_other() -> None:
    found = list(texts(json.loads(LOADED.document)))
    assert len(found) > 300
    for text in found:
        assert re.search(r"[\u4e00-\u9fff]", text["zh"]), text
        assert re.search(r"[A-Za-z]", text["en"]), text
        assert not re.search(r"[,;?!]", re.sub(r"\{\w+\}", "", text["zh"])), text


def test_pack_when_installed_is_read_from_the_package() -> None:
    folder = resources.files("rules") / "packs" / "cn-national"
    names = {path.name for path in folder.iterdir()}
    assert {"pack.yaml", "dispute.yaml", "petition.yaml", "calendars"} <= names
    assert len(PACK.examples) >= 12
