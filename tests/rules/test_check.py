"""The check: names, guards, ways out, clocks, ladders, examples; each fault at its place (I10)."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rules import check, errors, load, pack
from tests.rules import packs

NATIONAL = load.release(load.NATIONAL)[0].pack

PROCESS = "noise_visit.yaml"
DEADLINES = "deadlines.yaml"
VISIT = "    needs: [visited_on, parties_met]\n"
STORY = "needs: [category, story, tone]"


def test_I10_small_pack_is_sound(tmp_path: Path) -> None:
    assert packs.faults(packs.write(tmp_path / "noise")) == ()


def test_check_when_the_pack_comes_from_its_document_finds_the_same(tmp_path: Path) -> None:
    folder = packs.write(tmp_path / "noise", ("roles.yaml", "supervisor", "observer"))
    loaded = load.load(folder)
    stored = load.from_document(loaded.document)
    here = {
        (f.key, f.code) for f in check.check(loaded.pack, packs.calendar(), places=loaded.places)
    }
    there = check.check(stored.pack, packs.calendar())
    assert {(f.key, f.code) for f in there} == here
    assert {f.line for f in there} == {0}


# file, old, new -> line, key, code; a fault in another file is told there
FAULTS = [
    # names
    (PROCESS, "owner: grid_officer", "owner: cat", 4, "states.waiting.owner", "unknown_role"),
    (PROCESS, ", owner: grid_officer", "", 4, "states.waiting.owner", "no_owner"),
    (PROCESS, "by: supervisor", "by: [cat]", 25, "actions.name_leader.by", "unknown_role"),
    (PROCESS, "by: supervisor", "by: []", 25, "actions.name_leader.by", "nobody_acts"),
    (PROCESS, "by: supervisor", "by: resident", 25, "actions.name_leader.by", "role_cannot_act"),
    (
        PROCESS,
        "from: [waiting]",
        "from: [nowhere]",
        17,
        "actions.record_visit.from",
        "unknown_state",
    ),
    (PROCESS, "to: closed", "to: gone", 18, "actions.record_visit.to", "unknown_state"),
    (
        PROCESS,
        STORY,
        "needs: [category, tale, tone]",
        12,
        "actions.file_case.needs",
        "unknown_field",
    ),
    (PROCESS, STORY, f"{STORY}\n    takes: story", 13, "actions.file_case.takes", "field_twice"),
    (PROCESS, "lead: desk", "lead: table", 13, "actions.file_case.lead", "unknown_route"),
    (PROCESS, "lead: desk", "handler: fields.story", 13, "actions.file_case.handler", "handler"),
    (
        PROCESS,
        "{category: category}",
        "{grade: mood}",
        14,
        "actions.file_case.sets",
        "unknown_input",
    ),
    (PROCESS, "needs: leader", "takes: leader", 22, "actions.name_leader.needs", "unknown_input"),
    (PROCESS, "from: nothing", "from: waiting", 6, "actions", "opening"),
    (PROCESS, "from: waiting\n", "from: nothing\n", 6, "actions", "opening"),
    (
        DEADLINES,
        "process: noise_visit",
        "process: x",
        2,
        "noise.first_visit.process",
        "unknown_process",
    ),
    (DEADLINES, "starts: file_case", "starts: go", 4, "noise.first_visit.starts", "unknown_action"),
    (DEADLINES, "stops: record_visit", "stops: go", 5, "noise.first_visit.stops", "unknown_action"),
    (DEADLINES, "stops: record_visit", "stops: []", 1, "noise.first_visit", "never"),
    (DEADLINES, "ladder: gentle", "ladder: x", 6, "noise.first_visit.ladder", "unknown_ladder"),
    (
        DEADLINES,
        "2 working days",
        "{until: fields.visited_on}",
        3,
        "noise.first_visit.limit",
        "date_field",
    ),
    (
        DEADLINES,
        "tag:",
        "start_at: fields.story\n  tag:",
        7,
        "noise.first_visit.start_at",
        "date_field",
    ),
    (
        DEADLINES,
        "tag:",
        "belongs_to: applicant\n  tag:",
        6,
        "noise.first_visit.ladder",
        "window_ladder",
    ),
    (
        DEADLINES,
        "tag:",
        "on_lapse: record_visit\n  tag:",
        7,
        "noise.first_visit.on_lapse",
        "office_lapse",
    ),
    (DEADLINES, "tag:", "on_miss: ask x\n  tag:", 7, "noise.first_visit.on_miss", "unknown_action"),
    (
        "ladders.yaml",
        "do: warn, tell: handler",
        "do: warn, tell: cat",
        2,
        "gentle.1",
        "unknown_role",
    ),
    ("ladders.yaml", "cap: 3", "cap: 1000000", 3, "gentle.2.every", "repetition"),
    ("ladders.yaml", ", cap: 3", "", 3, "gentle.2.every", "repetition"),
    ("ladders.yaml", "do: raise", "do: action", 4, "gentle.3.do", "rung_action"),
    (
        "ladders.yaml",
        "do: raise",
        "do: action, action: record_visit",
        4,
        "gentle.3.action",
        "not_for_ladder",
    ),
    ("ladders.yaml", "do: raise", "do: measure", 4, "gentle.3.do", "rung_measure"),
    (PROCESS, "    leader: name\n", "", 5, "gentle.4.do", "no_leader_action"),
    ("routing.yaml", "kinds: case_desk", "kinds: [shop]", 1, "desk.kinds", "unknown_office_kind"),
    ("routing.yaml", "kinds: case_desk", "kinds: []", 1, "desk.kinds", "no_kinds"),
    (
        "routing.yaml",
        "place: nearest",
        "place: field, field: story",
        1,
        "desk.field",
        "route_field",
    ),
    ("rights.yaml", "supervisor:", "stranger:", 2, "stranger", "unknown_role"),
    ("rights.yaml", "{story: open}", "{tale: open}", 11, "story.seen_by", "unknown_field_right"),
    ("fields.yaml", "seen_by: story, ", "", 11, "story", "sealed_unseen"),
    ("fields.yaml", "type: text, max: 4000", "type: int", 11, "story.personal", "sealed_type"),
    ("fields.yaml", "min: 0, max: 2", "min: 3, max: 2", 3, "parties_met.max", "bounds"),
    ("fields.yaml", "role: supervisor", "role: cat", 4, "leader.role", "unknown_role"),
    ("categories.yaml", '"0201"', '"0301"', 2, "0301", "category_parent"),
    ("notices.yaml", "on: file_case", "on: rung.shout", 1, "1.on", "unknown_moment"),
    ("notices.yaml", "tell: supervisor", "tell: [cat]", 2, "1.tell", "unknown_role"),
    ("notices.yaml", "{number} was", "{applicant} was", 3, "1.text.en", "unknown_placeholder"),
    ("notices.yaml", "{number} was", "{ was", 3, "1.text.en", "unknown_placeholder"),
    ("notices.yaml", "{number} was", "{number:%d} was", 3, "1.text.en", "unknown_placeholder"),
    ("notices.yaml", "{number} was", "{number!q} was", 3, "1.text.en", "unknown_placeholder"),
    ("delivery.yaml", "rung.urge", "rung.shout", 1, "quiet.broken_by", "unknown_moment"),
    ("delivery.yaml", 'ends: "08:00"', 'ends: "20:00"', 1, "quiet.ends", "quiet"),
    ("delivery.yaml", "17:00", "07:00", 2, "digest_at", "digest_quiet"),
    ("delivery.yaml", "17:00", "17:00:30", 2, "digest_at", "not_a_minute"),
    # soundness
    (PROCESS, "to: closed", "to: waiting", 4, "states.waiting", "dead_end"),
    (PROCESS, "to: closed", "to: waiting", 5, "states.closed", "unreachable"),
    (DEADLINES, "starts: file_case", "starts: name_leader", 4, "states.waiting", "no_clock"),
    (DEADLINES, "stops: record_visit", "stops: name_leader", 4, "states.waiting", "no_clock"),
    (
        DEADLINES,
        "tag:",
        "when: [\"case.category == '0201'\"]\n  tag:",
        4,
        "states.waiting",
        "no_clock",
    ),
    (DEADLINES, "tag:", "when: case.parties > 1\n  tag:", 4, "states.waiting", "no_clock"),
    (DEADLINES, "ladder: gentle", "belongs_to: applicant", 4, "states.waiting", "no_clock"),
    (PROCESS, "by: supervisor", "by: ladder", 25, "actions.name_leader.by", "never_fired"),
    # who can do it, and where
    ("offices.yaml", "kind: committee", "kind: shop", 1, "1.kind", "unknown_office_kind"),
    ("offices.yaml", "level: community", "level: moon", 1, "1.level", "unknown_level"),
    ("offices.yaml", "posts: supervisor", "posts: cat", 1, "1.posts", "unknown_role"),
    ("offices.yaml", "posts: supervisor", "posts: ladder", 1, "1.posts", "no_post_role"),
    ("offices.yaml", "[grid_officer, supervisor]", "[]", 4, "states.waiting.owner", "no_post"),
    ("offices.yaml", "[grid_officer, supervisor]", "[]", 1, "grid_officer", "role_nowhere"),
    (
        "offices.yaml",
        "kind: committee",
        "kind: case_desk",
        4,
        "office_kinds.committee",
        "kind_nowhere",
    ),
    ("rights.yaml", "acts: grid", "acts: filer", 1, "grid_officer.acts", "acts_unseen"),
    (
        "rights.yaml",
        "sees: grid, acts: grid",
        "sees: filer, acts: filer",
        4,
        "states.waiting.owner",
        "owner_blind",
    ),
    ("rights.yaml", "{story: open}", "{story: mask}", 11, "actions.file_case.by", "writer_blind"),
    (
        PROCESS,
        "owner: grid_officer",
        "owner: supervisor",
        4,
        "states.waiting.owner",
        "owner_unread",
    ),
    ("rights.yaml", "acts: [area], board: true", "acts: [area]", 4, "gentle.3.tell", "no_board"),
    (
        "rights.yaml",
        "sees: [area], acts: [area]",
        "sees: [supervisor], acts: [supervisor]",
        25,
        "actions.name_leader.by",
        "out_of_reach",
    ),
    # clocks
    (DEADLINES, "  ladder: gentle\n", "", 1, "noise.first_visit.ladder", "no_ladder"),
    (
        DEADLINES,
        "stops: record_visit",
        "stops: [record_visit, file_case]",
        5,
        "noise.first_visit.stops",
        "stop_never",
    ),
    (
        "ladders.yaml",
        "2 working hours before",
        "2 working days before",
        5,
        "gentle.4.at",
        "rung_before_start",
    ),
    (
        "ladders.yaml",
        "do: leader, tell: supervisor",
        "do: leader, tell: grid_officer",
        5,
        "gentle.4.tell",
        "rung_leader",
    ),
    (
        "ladders.yaml",
        "do: raise, tell: supervisor",
        "do: raise, tell: resident",
        4,
        "gentle.3.tell",
        "role_nowhere",
    ),
    # what is asked
    ("fields.yaml", "personal: free_text, ", "", 11, "story.personal", "unsealed"),
    ("fields.yaml", "personal: free_text", "personal: name", 11, "story.party", "no_party"),
    (
        "fields.yaml",
        "type: person, role: supervisor",
        "type: person",
        4,
        "leader.role",
        "person_role",
    ),
    (
        "fields.yaml",
        "visited_on:",
        "heard_on: {type: date, name: {zh: 日期, en: Day}}\nvisited_on:",
        2,
        "heard_on",
        "unused_field",
    ),
    (PROCESS, "lead: desk\n", "handler: nobody\n", 7, "actions.file_case.lead", "no_lead"),
    (
        PROCESS,
        "sets: {category: category}",
        "handler: nobody",
        7,
        "actions.file_case.sets",
        "not_set",
    ),
    (
        PROCESS,
        "needs: [category, story, tone]",
        "needs: [category, tone]\n    takes: story",
        12,
        "actions.file_case.needs",
        "no_story",
    ),
    (PROCESS, "  record_visit:", "  Record-Visit:", 15, "actions.Record-Visit", "name"),
    ("notices.yaml", "- {on: rung.urge", "- {on: rung.action", 1, "", "untold"),
    ("notices.yaml", "- {on: deadline_missed", "- {on: rung.action", 1, "", "untold"),
    ("notices.yaml", "tell: supervisor", "tell: []", 2, "1.tell", "no_receiver"),
    ("notices.yaml", "tell: supervisor", "tell: target", 2, "1.tell", "no_receiver"),
    # both languages
    (
        PROCESS,
        "{zh: 登记上门, en: Record the visit}",
        "{zh: Visit, en: Visit}",
        16,
        "actions.record_visit.name",
        "same_text",
    ),
    (PROCESS, "zh: 登记上门", "zh: Record", 16, "actions.record_visit.name.zh", "not_chinese"),
    (
        PROCESS,
        "en: Record the visit",
        "en: 登记",
        16,
        "actions.record_visit.name.en",
        "not_english",
    ),
    (
        PROCESS,
        "else: {zh: 至少要见到一方",
        "else: {zh: One",
        21,
        "actions.record_visit.when.1.else.zh",
        "not_chinese",
    ),
    ("fields.yaml", "zh: 激动", "zh: Upset", 10, "tone.choices.2.name", "same_text"),
    ("notices.yaml", '"{number} was filed."', '"It was filed."', 3, "1.text", "placeholders"),
    # examples
    ("examples.yaml", "2026-03-24 24:00", "2026-03-25", 3, "1.due", "example_wrong"),
    ("examples.yaml", "24:00", "17:30", 3, "1.due", "example_wrong"),
    ("examples.yaml", "2026-03-24 24:00", "next week", 1, "1", "example_broken"),
    ("examples.yaml", "2026-03-20 16:00", "2026-02-30", 1, "1", "example_broken"),
    ("examples.yaml", "  because", "  extend: 5\n  because", 1, "1", "example_broken"),
    ("examples.yaml", "noise.first_visit", "noise.second_visit", 1, "1", "unknown_deadline"),
]


@pytest.mark.parametrize(("file", "old", "new", "line", "key", "code"), FAULTS)
def test_I10_fault_when_checked_has_line_key_code(
    tmp_path: Path, file: str, old: str, new: str, line: int, key: str, code: str
) -> None:
    found = packs.told(packs.write(tmp_path / "noise", (file, old, new)))
    assert (line, key, f"check.{code}") in [(at, where, said) for _, at, where, said in found]


@pytest.mark.parametrize(
    ("guard", "code"),
    [
        ("fields.sides >= 1", "guard.unknown_fact"),
        ("case.colour == 'red'", "guard.unknown_fact"),
        ("fields.parties_met + 1", "guard.not_bool"),
        ("fields.parties_met > '1'", "guard.syntax"),
        ("fields.story != ''", "guard.sealed_field"),
        ("fields.tone == '01'", "guard.not_needed"),
        ("case.category == '0999'", "guard.unknown_code"),
        ("case.category.startsWith('03')", "guard.unknown_code"),
        ("case.lead_office_kind in ['case_desk', 'shop']", "guard.unknown_code"),
        ("case.state != 'wating'", "guard.unknown_code"),
        ("[1, 2].all(x, x > 0)", "guard.loop"),
    ],
)
def test_guard_when_wrong_is_told_at_its_line(tmp_path: Path, guard: str, code: str) -> None:
    folder = packs.write(
        tmp_path / "noise", (PROCESS, "if: fields.parties_met >= 1", f'if: "{guard}"')
    )
    assert packs.told(folder) == [(PROCESS, 21, "actions.record_visit.when.1.if", code)]


def test_guard_when_never_true_makes_the_state_a_dead_end(tmp_path: Path) -> None:
    folder = packs.write(
        tmp_path / "noise", (PROCESS, "if: fields.parties_met >= 1", "if: case.state == 'closed'")
    )
    found = {(key, code) for _, _, key, code in packs.told(folder)}
    assert ("states.waiting", "check.dead_end") in found
    assert ("actions.record_visit", "check.never_possible") in found


def test_guard_when_it_reads_what_the_walk_does_not_know_is_taken_both_ways(tmp_path: Path) -> None:
    folder = packs.write(
        tmp_path / "noise", (PROCESS, "if: fields.parties_met >= 1", "if: case.parties > 1")
    )
    assert packs.faults(folder) == ()


def test_clocks_when_two_share_the_categories_between_them(tmp_path: Path) -> None:
    second = packs.FILES[DEADLINES].replace("first_visit", "water_visit")
    folder = packs.write(
        tmp_path / "noise",
        (DEADLINES, "tag:", "when: case.category != '0201'\n  tag:"),
        (DEADLINES, "本单位约定\n", "本单位约定\n" + second),
    )
    text = (folder / DEADLINES).read_text("utf-8")
    head, _, tail = text.rpartition("tag:")
    (folder / DEADLINES).write_text(f"{head}when: case.category == '0201'\n  tag:{tail}", "utf-8")
    assert packs.faults(folder) == ()


HEARD = "  heard: {name: {zh: 已听取, en: Heard}, owner: grid_officer}\n  closed:"
HEAR = "  hear: {name: {zh: 听取, en: Hear}, from: waiting, to: heard, by: grid_officer}\n"


def test_window_when_its_lapse_cannot_happen_in_the_state(tmp_path: Path) -> None:
    lapse = "  lapse: {name: {zh: 期满, en: Lapse}, from: heard, to: closed, by: ladder}\n"
    window = """\
noise.window:
  {process: noise_visit, limit: 3 calendar days, starts: file_case, stops: record_visit,
   belongs_to: applicant, on_lapse: lapse, roll: next_working_day,
   tag: default, source: x}
"""
    folder = packs.write(
        tmp_path / "noise",
        (
            PROCESS,
            "  closed:",
            HEARD,
        ),
        (PROCESS, "kind:", lapse + HEAR + "kind:"),
        (
            PROCESS,
            "from: waiting\n    by: supervisor",
            "from: [waiting, heard]\n    by: supervisor",
        ),
        (DEADLINES, "", window),
    )
    (fault,) = (f for f in packs.faults(folder) if f.code != "check.left_running")
    assert (fault.file, fault.key, fault.code) == (
        DEADLINES,
        "noise.window.on_lapse",
        "check.lapse_state",
    )
    assert dict(fault.params) == {"state": "waiting"}


def test_ladder_when_it_names_a_leader_where_none_can_be_named(tmp_path: Path) -> None:
    folder = packs.write(
        tmp_path / "noise",
        (
            PROCESS,
            "  closed:",
            HEARD,
        ),
        (PROCESS, "kind:", HEAR + "kind:"),
        (PROCESS, "from: [waiting]", "from: [waiting, heard]"),
    )
    (fault,) = packs.faults(folder)
    assert (fault.code, dict(fault.params)) == ("check.leader_state", {"state": "heard"})


def test_faults_when_several_names_are_wrong_are_all_told(tmp_path: Path) -> None:
    folder = packs.write(
        tmp_path / "noise",
        (PROCESS, "to: closed", "to: gone"),
        (DEADLINES, "ladder: gentle", "ladder: x"),
        ("routing.yaml", "kinds: case_desk", "kinds: [shop]"),
    )
    assert [code for *_, code in packs.told(folder)] == [
        "check.unknown_ladder",
        "check.unknown_state",
        "check.unknown_office_kind",
    ]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every node below."""
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        yield (*path, key)
        yield from _paths(value[key], (*path, key))


@pytest.mark.parametrize("other", ["x", "0", [], {}, ["x"], {"x": "y"}])
def test_pack_when_any_part_is_something_else_is_judged_or_refused(
    tmp_path: Path, other: object
) -> None:
    document = json.loads(load.load(packs.write(tmp_path / "noise")).document)
    for path in _paths(document):
        bent = copy.deepcopy(document)
        node = bent
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = other
        try:
            loaded = load.from_document(json.dumps(bent, sort_keys=True))
        except errors.PackInvalid as invalid:
            assert invalid.pack_faults, path  # noqa: PT017
            continue
        check.check(loaded.pack, packs.calendar())


def test_a_main_action_that_cannot_leave_its_state_is_told() -> None:
    loaded = load.release(load.NATIONAL)[0]
    dispute = loaded.pack.processes["dispute"]
    filed = dataclasses.replace(dispute.states["filed"], main=("accept", "pay_visit"))
    states = {**dispute.states, "filed": filed}
    processes = {**loaded.pack.processes, "dispute": dataclasses.replace(dispute, states=states)}
    pack = dataclasses.replace(loaded.pack, processes=processes)
    faults = check.check(pack, load.load_calendar(load.shipped()))
    assert [(fault.code, fault.key) for fault in faults] == [
        ("check.main_action", "states.filed.main")
    ]


def _petition(**parts: Any) -> list[tuple[str, str]]:
    return packs.changed("petition", **parts)


def test_an_end_whose_paper_may_wait_has_somebody_who_serves_it() -> None:
    states = load.release(load.NATIONAL)[0].pack.processes["petition"].states
    unowned = {**states, "routed": dataclasses.replace(states["routed"], owner=())}
    told = _petition(states=unowned)
    assert set(told) == {("check.no_owner", "states.routed.owner")}


def test_an_end_whose_paper_may_wait_lets_whoever_must_step_back() -> None:
    actions = load.release(load.NATIONAL)[0].pack.processes["petition"].actions
    recusal = actions["declare_recusal"]
    source = tuple(state for state in recusal.source if state != "refused")
    told = _petition(
        actions={**actions, "declare_recusal": dataclasses.replace(recusal, source=source)}
    )
    assert told == [("check.no_recusal", "states.refused")]


def test_an_objection_that_only_who_filed_could_decide_is_told_when_nobody_sent_it_on() -> None:
    actions = load.release(load.NATIONAL)[0].pack.processes["petition"].actions
    transfer = dataclasses.replace(actions["transfer"], sends=False)
    told = _petition(actions={**actions, "transfer": transfer})
    assert set(told) == {
        ("check.no_sender", "actions.agree_return.lead"),
        ("check.owner_blind", "states.objecting.owner"),
    }


def test_what_goes_back_to_who_sent_it_on_was_sent_on_by_an_office_of_that_kind() -> None:
    actions = load.release(load.NATIONAL)[0].pack.processes["petition"].actions
    early = dataclasses.replace(actions["agree_return"], source=("objecting", "designated"))
    told = _petition(actions={**actions, "agree_return": early})
    assert ("check.no_sender", "actions.agree_return.lead") in told


def test_what_asks_for_an_earlier_case_links_it() -> None:
    actions = load.release(load.NATIONAL)[0].pack.processes["petition"].actions
    loose = dataclasses.replace(actions["link_earlier"], link=None)
    told = _petition(actions={**actions, "link_earlier": loose})
    assert ("check.unlinked", "actions.link_earlier.link") in told


def test_a_party_who_asks_once_more_gives_the_office_no_new_time() -> None:
    actions = load.release(load.NATIONAL)[0].pack.processes["petition"].actions
    again = dataclasses.replace(actions["ask_progress"], outside=None)
    told = _petition(actions={**actions, "ask_progress": again})
    assert ("check.asked_anew", "petition.tell_progress.runs_on") in told


def test_what_takes_the_case_from_an_office_names_one_and_leads_somewhere() -> None:
    actions = load.release(load.NATIONAL)[0].pack.processes["petition"].actions
    extend = dataclasses.replace(actions["extend"], ousts=True)
    assert _petition(actions={**actions, "extend": extend}) == [
        ("check.ousts_nobody", "actions.extend.ousts")
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"to": "accepted"},
        {"to": "to_visit"},
        {"to": None},
        {"needs": ("merge_reason",), "takes": ("earlier_number",)},
    ],
)
def test_a_merge_that_ends_nothing_or_names_no_case_is_told(change: dict[str, Any]) -> None:
    actions = load.release(load.NATIONAL)[0].pack.processes["dispute"].actions
    merge = dataclasses.replace(actions["merge"], **change)
    told = packs.changed("dispute", actions={**actions, "merge": merge})
    assert ("check.merge", "actions.merge.link") in told


def test_a_clock_that_a_second_acceptance_would_reset_is_told() -> None:
    loaded = load.release(load.NATIONAL)[0]
    rule = dataclasses.replace(loaded.pack.deadlines["mediation.general"], runs_on=False)
    deadlines = {**loaded.pack.deadlines, "mediation.general": rule}
    pack = dataclasses.replace(loaded.pack, deadlines=deadlines)
    faults = check.check(pack, load.load_calendar(load.shipped()))
    assert {(fault.code, fault.key) for fault in faults} == {
        ("check.left_running", "mediation.general.stops")
    }


@pytest.mark.parametrize(
    "clock", ["petition.serve_ending", "dispute.serve_paper", "dispute.serve_ending"]
)
def test_a_paper_that_must_be_served_and_never_lights_up_is_told(clock: str) -> None:
    loaded = load.release(load.NATIONAL)[0]
    rule = dataclasses.replace(loaded.pack.deadlines[clock], unserved=False)
    deadlines = {**loaded.pack.deadlines, clock: rule}
    pack = dataclasses.replace(loaded.pack, deadlines=deadlines)
    faults = check.check(pack, load.load_calendar(load.shipped()))
    assert {fault.code for fault in faults} == {"check.paper_unwatched", "check.any_paper"}


@pytest.mark.parametrize(
    "change",
    [
        {"roll": "next_working_day"},
        {"ends": "office_closing"},
        {"limit": pack.Limit(length=pack.Length(n=8, unit="working_hour"))},
        {"extension": NATIONAL.deadlines["petition.handle"].extension},
        {"pauses": NATIONAL.deadlines["petition.recheck"].pauses},
    ],
)
def test_a_clock_that_ends_with_another_and_yet_moves_is_told(change: dict[str, Any]) -> None:
    assert ("check.cut", "petition.serve_paper.no_later_than") in _clock_told(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"stops": ("withdraw",)},
        {"limit": pack.Limit(length=pack.Length(n=15, unit="working_day"))},
        {"roll": "next_working_day"},
        {
            "pauses": (
                pack.Pause(name=pack.Text(zh="停", en="Pause"), starts="extend", ends=("answer",)),
            )
        },
        {"belongs_to": pack.ORGAN, "ladder": None},
        {"extension": NATIONAL.deadlines["petition.handle"].extension},
    ],
)
def test_a_clock_that_ends_with_one_that_does_not_fit_is_told(change: dict[str, Any]) -> None:
    told = _clock_told("petition.notice_direct", **change)
    assert {
        ("check.cut_by", f"petition.{name}.no_later_than")
        for name in ("serve_paper", "serve_ending")
    } <= set(told)


@pytest.mark.parametrize("other", ["petition.nothing", "petition.serve_paper", "dispute.accept"])
def test_a_clock_that_ends_with_itself_or_with_none_of_its_process_is_told(other: str) -> None:
    days = pack.Limit(length=pack.Length(n=5, unit="calendar_day"))
    named = NATIONAL.deadlines["petition.serve_paper"].no_later_than
    told = _told(
        {
            "dispute.accept": {"limit": days},
            "petition.serve_paper": {"limit": days, "no_later_than": (*named, other)},
        }
    )
    assert ("check.cut_by", "petition.serve_paper.no_later_than") in told


@pytest.mark.parametrize(
    "change",
    [
        {"recounts": ("extend",)},
        {"starts": ("study", "extend"), "recounts": ("extend",)},
        {"starts": ("correct_route",), "stops": ("correct_route",), "recounts": ("correct_route",)},
        {"stops": ("study", "reply"), "recounts": ("study",)},
    ],
    ids=["no start", "no stop", "the only start", "it moves the case"],
)
def test_what_corrects_a_clock_without_being_one_of_its_starts_is_told(
    change: dict[str, Any],
) -> None:
    told = _clock_told("petition.suggestion", **change)
    assert ("check.recounts", "petition.suggestion.recounts") in told


def test_what_is_counted_again_begins_on_no_day_of_its_own() -> None:
    """The day is one of the first start, and the act that corrects asks for another."""
    process = NATIONAL.processes["petition"]
    actions = dict(process.actions)
    for name in ("accept", "correct_route"):
        actions[name] = dataclasses.replace(
            actions[name], needs=(*actions[name].needs, "handed_on")
        )
    dated = dataclasses.replace(process, actions=actions)
    rule = dataclasses.replace(NATIONAL.deadlines["petition.handle"], start_at="fields.handed_on")
    told = _faults(
        processes={**NATIONAL.processes, "petition": dated},
        deadlines={**NATIONAL.deadlines, "petition.handle": rule},
    )
    assert ("check.recounts", "petition.handle.recounts") in told


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("file_case", {"today": "story"}, "date_field"),
        ("ask_review", {"today": "review_request"}, "date_field"),
        ("ask_review", {"today": "served_on"}, "date_field"),
        ("ask_review", {"within_on": "fields.requested_on"}, "today"),
    ],
)
def test_a_day_that_nobody_enters_is_one_that_the_act_asks_for_and_no_window_does(
    name: str, change: dict[str, Any], code: str
) -> None:
    process = NATIONAL.processes["petition"]
    action = dataclasses.replace(process.actions[name], **change)
    changed = dataclasses.replace(process, actions={**process.actions, name: action})
    told = _faults(processes={**NATIONAL.processes, "petition": changed})
    assert (f"check.{code}", f"actions.{name}.today") in told


@pytest.mark.parametrize(("name", "other"), [("effective_on", "story"), ("story", "session_on")])
def test_a_day_is_held_against_a_day(name: str, other: str) -> None:
    field = dataclasses.replace(NATIONAL.fields[name], not_before=other)
    told = _faults(fields={**NATIONAL.fields, name: field})
    assert ("check.not_before", f"{name}.not_before") in told


def _faults(**parts: Any) -> list[tuple[str, str]]:
    """What the check says of the default pack with other parts."""
    changed = dataclasses.replace(NATIONAL, **parts)
    faults = check.check(changed, load.load_calendar(load.shipped()))
    return [(fault.code, fault.key) for fault in faults]


def _clock_told(name: str = "petition.serve_paper", **change: Any) -> list[tuple[str, str]]:
    return _told({name: change})


def _told(changes: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """What the check says of the default pack with some of its clocks changed."""
    clocks = dict(NATIONAL.deadlines)
    for name, change in changes.items():
        clocks[name] = dataclasses.replace(clocks[name], **change)
    return _faults(deadlines=clocks)


def test_check_when_a_ladder_fires_too_often(tmp_path: Path) -> None:
    change = ("ladders.yaml", "cap: 3", "cap: 48")
    assert packs.told(packs.write(tmp_path / "noise", change)) == [
        ("ladders.yaml", 1, "gentle", "check.firings")
    ]
