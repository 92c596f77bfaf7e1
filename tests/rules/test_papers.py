"""Papers: a template is text with names to fill and nothing else; filled it has no hole."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import errors, fields, load, pack, papers
from rules.check import papers as checked
from rules.check import report
from tests.rules import packs

PACK = load.release(load.NATIONAL)[0].pack
PAPER = """\
noise.notice:
  name: {zh: 告知书, en: Notice}
  process: noise_visit
  made_by: record_visit
  series: 噪告
  to: applicant
  seen_by: story
  tag: default
  source: 本单位约定
  parts: [{field: story, source: 本单位约定}]
  zh:
    title: 告知书
    to: "当事人："
    body: ["{visited_on}上门，见到{parties_met}方。", {rows: [[经过, "{story}"]]}]
    sign: ["{office}", "{today}"]
  en:
    title: Notice
    to: "To those concerned:"
    body: ["{parties_met} sides met on {visited_on}.", {rows: [[What happened, "{story}"]]}]
    sign: ["{office}", "{today}"]
"""
ADDED = ("papers.yaml", "", PAPER)


def _words(**known: str) -> papers.Look:
    return lambda name: papers.plain(known.get(name))


@pytest.mark.parametrize(
    "text",
    [
        "{{ case.secret }}",
        "{% for x in y %}",
        "{# note #}",
        "{story.upper}",
        "{story.__class__}",
        "{story()}",
        "{story!r}",
        "{story:>10}",
        "{story[0]}",
        "{0}",
        "{}",
        "{Story}",
        "{story",
        "story}",
        "{story|{note}}",
        "${story|x|y}",
        "{ story }",
        "{os.environ}",
        "{on.}",
    ],
)
def test_template_with_code_is_a_fault(text: str) -> None:
    assert papers.fault(f"关于 {text} 的事项") is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "没有名称",
        "{story}",
        "{story|无}",
        "{story|}",
        "{due.petition.handle}",
        "{on.accept}、{no.a.b}",
    ],
)
def test_template_of_text_and_names_is_none(text: str) -> None:
    assert papers.fault(text) is None


@given(st.text(alphabet="{}|.%#ab_x() ", max_size=30))
def test_what_is_no_fault_fills_without_a_brace_left(text: str) -> None:
    """Nothing of a template survives filling but its own text: no second template comes of it."""
    if papers.fault(text) is None:
        sheet = pack.Sheet(title=text, body=())
        paper = _paper(zh=sheet, en=sheet)
        filled = papers.fill("p", paper, number="1", look=lambda _: papers.plain("V"))
        assert not set("{}") & set(filled.zh.title)


def _paper(zh: pack.Sheet, en: pack.Sheet) -> pack.Paper:
    return pack.Paper(
        name=pack.Text(zh="书", en="Paper"),
        process="petition",
        made_by=("accept",),
        series="书",
        to="file",
        seen_by="story",
        tag="default",
        source="本单位约定",
        zh=zh,
        en=en,
    )


def test_values_are_data_whatever_they_hold() -> None:
    sheet = pack.Sheet(title="{story}", body=(pack.Block(rows=(("经过", "{story}"),)),))
    filled = papers.fill("p", _paper(sheet, sheet), number="1", look=_words(story="{note} {{x}}"))
    assert filled.zh.title == "{note} {{x}}"
    assert filled.zh.body[0].rows == (("经过", "{note} {{x}}"),)


def test_what_is_missing_has_the_papers_own_words_or_is_told() -> None:
    sheet = pack.Sheet(title="电话：{phone|未提供}", body=())
    assert (
        papers.fill("p", _paper(sheet, sheet), number="1", look=_words()).zh.title == "电话：未提供"
    )
    hole = pack.Sheet(title="电话：{phone}", body=())
    with pytest.raises(errors.Invalid) as told:
        papers.fill("p", _paper(hole, hole), number="1", look=_words())
    assert (told.value.code, told.value.field) == ("paper.missing", "phone")


def test_a_kept_paper_reads_back_equal() -> None:
    paper = PACK.papers["petition.opinion_paper"]
    filled = papers.fill(
        "petition.opinion_paper",
        paper,
        number="甲〔2026〕1号",
        look=lambda n: papers.plain(f"<{n}>"),
    )
    assert papers.from_document(papers.document(filled)) == filled
    assert papers.document(filled) == papers.document(papers.from_document(papers.document(filled)))


def test_values_in_words() -> None:
    fields = PACK.fields
    assert papers.shown(fields["served_on"], "2026-03-05", named={}) == pack.Text(
        zh="2026年3月5日", en="5 March 2026"
    )
    assert papers.shown(fields["outcome"], "support", named={}) == pack.Text(
        zh="支持", en="Supported"
    )
    assert papers.shown(fields["story"], "", named={}) is None
    assert papers.length(pack.Length(n=5, unit="working_day")) == pack.Text(
        zh="5个工作日", en="5 working days"
    )
    assert papers.length(pack.Length(n=1, unit="month")).en == "1 month"


# -- the shipped pack -----------------------------------------------------------------------------


def test_every_paper_of_the_law_is_there() -> None:
    wanted = {
        "petition": {"受理告知书", "不予受理告知书", "不再受理告知书", "转送函", "管辖异议书"}
        | {
            "延长办理期限告知书",
            "信访处理意见书",
            "复查意见书",
            "复核意见书",
            "登记表",
            "催办函",
            "督办函",
        },
        "dispute": {"登记表", "权利义务告知书", "人民调解记录", "人民调解协议书", "口头协议登记表"}
        | {"终止调解通知书", "回访记录", "催办函", "督办函", "不予受理告知书"},
    }
    for process, titles in wanted.items():
        own = [paper.zh.title for paper in PACK.papers.values() if paper.process == process]
        assert {title for title in titles if not any(title in one for one in own)} == set()


def test_the_answer_holds_what_article_32_asks_for() -> None:
    paper = PACK.papers["petition.opinion_paper"]
    assert {part.field for part in paper.parts} == {
        "story",
        "facts_found",
        "opinion",
        "opinion_basis",
    }
    assert {part.source for part in paper.parts} == {"信访工作条例第32条"}


@pytest.mark.parametrize("name", sorted(PACK.papers))
def test_every_paper_says_whence_it_comes_and_in_both_languages_the_same(name: str) -> None:
    paper = PACK.papers[name]
    assert paper.source, name
    assert {slot.name for slot in papers.asked(paper.zh)} == {
        slot.name for slot in papers.asked(paper.en)
    }
    assert len(paper.zh.body) == len(paper.en.body)


# -- a pack that is wrong -------------------------------------------------------------------------


def test_a_pack_with_a_sound_paper_passes(tmp_path: Path) -> None:
    assert packs.told(packs.write(tmp_path / "p", ADDED)) == []


@pytest.mark.parametrize(
    ("old", "new", "key", "code"),
    [
        ("{visited_on}上门", "{{ visited_on }}上门", "noise.notice.zh.body.1", "pack.template"),
        ("{parties_met}方", "{parties_met.real}方", "noise.notice.zh.body.1", "pack.template"),
        (
            '[经过, "{story}"]',
            '[经过, "{% if x %}"]',
            "noise.notice.zh.body.2.rows.1.2",
            "pack.template",
        ),
        (
            '["{office}", "{today}"]',
            '["{office}", "{today()}"]',
            "noise.notice.zh.sign.2",
            "pack.template",
        ),
        (
            "made_by: record_visit",
            "made_by: record_visits",
            "noise.notice.made_by",
            "check.unknown_action",
        ),
        (
            "seen_by: story",
            "seen_by: stories",
            "noise.notice.seen_by",
            "check.unknown_field_right",
        ),
        ("{visited_on}上门", "{visited_at}上门", "noise.notice.zh", "check.paper_slot"),
        ("{visited_on}上门", "{due.noise.visit}上门", "noise.notice.zh", "check.paper_slot"),
        ("{visited_on}上门", "{leader}上门", "noise.notice.zh", "check.paper_hole"),
        (
            '[What happened, "{story}"]',
            "[What happened, not told]",
            "noise.notice.parts.1",
            "check.paper_part",
        ),
        ('    to: "To those concerned:"\n', "", "noise.notice.en.to", "check.paper_sides"),
        ("met on {visited_on}.", "met.", "noise.notice.en", "check.paper_sides"),
        (
            'rows: [[What happened, "{story}"]]',
            'text: "{story}"',
            "noise.notice.en.body",
            "check.paper_sides",
        ),
        (
            "to: applicant",
            "to: applicant\n  served_by: record_visit",
            "noise.notice.served_by",
            "check.service_field",
        ),
        (
            "to: applicant",
            "to: applicant\n  served_by: record_visit",
            "noise.notice.served_by",
            "check.paper_unwatched",
        ),
        (
            "to: applicant",
            "to: both\n  served_by: record_visit",
            "noise.notice.served_by",
            "check.service_sides",
        ),
        (
            "to: applicant",
            'to: applicant\n  when: ["fields.parties_met"]',
            "noise.notice.when.1",
            "guard.not_bool",
        ),
        ("to: applicant", "to: everybody", "noise.notice.to", "pack.choice"),
    ],
)
def test_a_wrong_paper_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, key: str, code: str
) -> None:
    assert old in PAPER
    folder = packs.write(tmp_path / "p", ("papers.yaml", "", PAPER.replace(old, new, 1)))
    found = packs.told(folder)
    assert ("papers.yaml", key, code) in [(file, at, what) for file, _, at, what in found], found
    assert all(0 < at <= 22 for _, at, _, _ in found)


def test_a_number_must_be_whole(tmp_path: Path) -> None:
    folder = packs.write(
        tmp_path / "p",
        ADDED,
        ("pack.yaml", 'version: "1"', 'version: "1"\npaper_number: "{series}"'),
    )
    assert [code for _, _, _, code in packs.told(folder)] == ["check.paper_number"]


def _told(**changes: object) -> list[tuple[str, str, str]]:
    """What the check of papers says of the shipped pack with something else in it."""
    found = report.Report({})
    checked.check(dataclasses.replace(PACK, **changes), found)  # type: ignore[arg-type]
    return [(fault.file, fault.key, fault.code) for fault in found.found]


def _paper_with(name: str, **changes: object) -> dict[str, pack.Paper]:
    changed = dataclasses.replace(PACK.papers[name], **changes)  # type: ignore[arg-type]
    return {**PACK.papers, name: changed}


def test_papers_of_one_act_and_place_are_one_or_the_other() -> None:
    name = "petition.receipt_notice"
    for when in ((), ("fields.route != '5'", "fields.identity_clear")):
        assert _told(papers=_paper_with(name, when=when)) == [
            ("papers.yaml", f"{name}.when", "check.paper_twice")
        ]
    assert _told(papers=_paper_with(name, when=(), place=21)) == []


def test_what_an_act_may_leave_out_is_a_hole_though_an_earlier_one_needs_it() -> None:
    petition = PACK.processes["petition"]
    action = dataclasses.replace(petition.actions["answer_review"], takes=("outcome",))
    actions = {**petition.actions, "answer_review": action}
    process = dataclasses.replace(petition, actions=actions)
    assert _told(processes={**PACK.processes, "petition": process}) == [
        ("papers.yaml", f"petition.review_opinion.{language}", "check.paper_hole")
        for language in ("zh", "en")
    ]


def test_what_asks_how_a_paper_was_served_serves_one() -> None:
    assert _told(papers=_paper_with("petition.opinion_paper", served_by=())) == [
        ("petition.yaml", "actions.serve_answer", "check.serves_nothing")
    ]


def test_a_clock_that_any_papers_service_stops_is_one_of_unserved_papers() -> None:
    name = "petition.serve_paper"
    rule = dataclasses.replace(PACK.deadlines[name], unserved=False)
    told = _told(deadlines={**PACK.deadlines, name: rule})
    assert ("deadlines.yaml", f"{name}.unserved", "check.any_paper") in told


@pytest.mark.parametrize("value", ["0", "-1", "x", 0, True, "1.5", 2**40])
def test_a_paper_is_named_by_a_number(value: object) -> None:
    action = pack.Action(name=pack.Text(zh="送", en="Serve"), needs=("paper",))

    with pytest.raises(errors.Invalid):
        fields.read(action, PACK.fields, {"paper": value})
    assert fields.read(action, PACK.fields, {"paper": " 3 "}) == {"paper": 3}
