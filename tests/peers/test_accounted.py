"""Every failure that was seen elsewhere is a test of this folder, or one that stood before, or is
named here with the reason why it cannot happen to us yet.

The numbers are those of the survey of other systems: 1 to 50 what their users complained of about
clocks, escalation and schedulers, 54 to 56 about clocks of cases that change their rules, 76 to 87
about notices, 88 of what a rule would have done; 6.x what was read in their code, 7.x the
traps of our libraries, 9.x what is to be shown. `test_peer_12_...` tests 12, `test_peer_read_5_...`
tests 6.5.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
ENTRIES: Final = (
    *(str(n) for n in range(1, 51)),
    *("54", "55", "56"),
    *("76", "85", "87", "88"),
    *(f"6.{n}" for n in range(1, 9)),
    *(f"7.{n}" for n in range(1, 7)),
    *("9.1", "9.2", "9.3", "9.5", "9.6", "9.11"),
)

_ABSENCES: Final = "tests/workflow/test_absences.py::test_"
_ACT: Final = "tests/workflow/test_act.py::test_"
_CASES: Final = "tests/api/test_cases.py::test_"
_CONTRACT: Final = "tests/workflow/db/test_contract.py::test_"
_DELIVERIES: Final = "tests/workflow/test_deliveries.py::test_"
_DUE: Final = "tests/rules/test_due.py::test_"
_MINUTES: Final = "tests/rules/test_calendar_minutes.py::test_"
_CALENDARS: Final = "tests/workflow/test_calendars.py::test_"
_LADDERS: Final = "tests/rules/test_ladders.py::test_"
_RACES: Final = "tests/workflow/test_races.py::test_"
_START: Final = "tests/api/test_start_stop.py::test_"
_SWEEP: Final = "tests/workflow/test_sweep.py::test_"

PROVED_ELSEWHERE: Final[dict[str, tuple[str, ...]]] = {
    # a day of opening hours that ends a minute too soon
    "3": (
        f"{_DUE}two_hours_on_the_wall_run_at_night",
        f"{_DUE}a_limit_that_ends_at_midnight_ends_on_the_day_before",
    ),
    # a holiday that was counted, and nobody could see it
    "4": (
        f"{_DUE}spans_of_a_limit_across_the_spring_festival",
        f"{_CASES}deadlines_when_read_explain_themselves",
    ),
    "5": (f"{_ACT}a_reopened_case_is_not_done_and_a_closed_one_starts_a_new_cycle",),
    # one clock of a case that stands for another
    "6": (f"{_SWEEP}I3_several_deadlines_of_one_case_are_told_in_one_order",),
    # old papers that escalate
    "9": (f"{_ACT}a_case_arises_in_a_grid_and_was_not_received_long_ago",),
    "13": (
        f"{_LADDERS}a_rung_repeats_up_to_its_cap",
        f"{_LADDERS}rungs_of_working_hours_skip_the_night_and_the_weekend",
    ),
    # escalated at creation
    "14": (
        f"{_LADDERS}I3_firings_stand_in_time_order_never_before_the_slip",
        f"{_SWEEP}I3_nothing_fires_a_second_early",
    ),
    # a warning at midnight
    "15": (f"{_LADDERS}accept_within_three_working_days",),
    # working days swapped for holidays, half days
    "16": (
        f"{_DUE}working_days",
        f"{_MINUTES}a_half_day_counts_as_a_day_and_only_its_minutes_as_minutes",
    ),
    "17": (f"{_CASES}deadlines_when_read_explain_themselves",),
    "21": (
        f"{_DUE}working_days",
        f"{_DUE}spans_of_working_hours",
        f"{_SWEEP}I6_a_pause_excludes_no_more_than_its_cap",
    ),
    "24": (
        f"{_CASES}deadlines_when_read_explain_themselves",
        "tests/api/test_cli.py::test_pack_due_when_computed",
    ),
    # a deadline that falls on a holiday
    "25": (f"{_DUE}calendar_days",),
    # one mark "alert sent", for ever
    "28": (
        f"{_ACT}a_reopened_case_is_not_done_and_a_closed_one_starts_a_new_cycle",
        f"{_SWEEP}an_extension_keeps_what_fired_and_plans_the_rest_anew",
    ),
    "29": (f"{_RACES}I3_four_sweeps_at_once_lose_and_double_nothing",),
    "31": (f"{_START}writes_when_another_process_locks_the_file_are_busy_and_lose_nothing",),
    "32": (f"{_START}process_when_its_jobs_are_dead_ends_so_that_it_is_started_again",),
    "36": (f"{_DELIVERIES}two_senders_at_once_tell_each_person_once",),
    # the first level alone ever ran
    "37": (f"{_SWEEP}I3_what_was_due_while_nobody_swept_is_recorded_in_order",),
    "38": (f"{_SWEEP}I3_several_deadlines_of_one_case_are_told_in_one_order",),
    "39": (
        f"{_SWEEP}what_the_database_refuses_of_one_case_does_not_stop_the_others",
        f"{_SWEEP}cases_that_cannot_be_decided_do_not_hold_up_the_others",
        "tests/workflow/test_auditor.py::"
        "test_a_case_that_cannot_be_looked_at_does_not_blind_the_auditor",
    ),
    "40": (f"{_SWEEP}I6_a_pause_excludes_no_more_than_its_cap",),
    # a release that broke every escalation at once
    "42": (
        "tests/test_story.py::test_a_case_left_alone_climbs_the_ladder_by_itself",
        "tests/test_house.py::test_every_step_of_a_ladder_is_told",
    ),
    "44": (f"{_DELIVERIES}a_yellow_card_on_a_friday_night_comes_on_monday",),
    "49": (
        f"{_ABSENCES}a_rung_when_its_holder_is_away_goes_to_the_deputy",
        f"{_ABSENCES}a_rung_when_holder_and_deputy_are_away_goes_a_level_up",
        f"{_ABSENCES}a_new_case_when_the_desk_is_away_is_told_to_the_deputy",
        f"{_ABSENCES}a_person_when_away_is_not_named",
    ),
    "76": (
        "tests/workflow/test_access.py::test_I8_notices_of_a_recused_person_are_dropped_at_sending",
        "tests/workflow/test_access.py::test_who_left_the_post_is_not_told",
        f"{_DELIVERIES}I8_rights_are_asked_again_before_it_goes",
    ),
    "85": (
        "tests/browser/test_looks.py::test_board_when_left_open_keeps_itself_up_to_date",
        f"{_SWEEP}a_limit_is_missed_at_midnight_and_charged_once",
    ),
    "87": (
        f"{_DELIVERIES}a_process_killed_before_it_could_record_has_its_mail_sent_again_under_one_id",
        "tests/workflow/test_channels.py::test_a_mail_arrives_with_its_id_however_often_it_is_sent",
    ),
    "6.1": (
        f"{_SWEEP}a_case_that_nobody_can_take_stands_in_the_queue_and_goes_on",
        f"{_SWEEP}a_raise_at_the_top_is_recorded_and_goes_on",
        f"{_RACES}I3_a_sweep_killed_in_the_middle_loses_and_doubles_nothing",
    ),
    # holidays left out, and late at birth
    "6.3": (
        f"{_DUE}working_days",
        "tests/test_story.py::test_a_petition_is_answered_served_and_closed_when_its_window_has_passed",
    ),
    # a calendar without a working day, and one stretch of hours a day
    "6.4": (
        "tests/rules/test_calendars.py::test_a_year_without_a_working_day_is_refused",
        f"{_DUE}spans_of_working_hours",
    ),
    "6.6": (f"{_SWEEP}each_receiver_gets_one_notice_after_downtime",),
    # a pause and a limit counted by two functions
    "6.7": (
        f"{_DUE}I5_due_is_the_day_walked_to_and_its_spans_sum_to_the_limit",
        "tests/workflow/test_fold.py::test_I4_the_invariants_hold_after_every_step",
    ),
    "6.8": (
        "tests/workflow/db/test_plans.py::test_no_statement_reads_a_large_table_whole",
        "tests/workflow/test_auditor.py::test_what_was_falsified_is_found_and_told_once",
    ),
    # the scheduler is a timer and no queue
    "7.1": (
        "tests/peers/test_workers.py::"
        "test_peer_34_the_bell_rings_at_even_distances_whatever_the_clocks_on_the_wall_do",
        f"{_RACES}I3_four_sweeps_at_once_lose_and_double_nothing",
    ),
    # SQLite locks no rows
    "7.2": (
        f"{_CONTRACT}a_stale_case_is_left_out_whole_and_the_others_are_written",
        f"{_CONTRACT}one_writer_at_a_time_and_busy_is_said",
    ),
    # a state that is checked in memory
    "7.3": (f"{_RACES}of_two_people_on_one_case_one_wins",),
    # an instant that loses its zone
    "7.4": (f"{_CONTRACT}what_is_written_is_what_is_read",),
    # what is sent again, and what is stale
    "7.5": (
        f"{_CASES}I2_filing_when_sent_again_answers_the_same",
        f"{_CASES}action_when_version_is_missing_stale_or_repeated",
    ),
    # counting against walking
    "7.6": (
        f"{_DUE}due_is_monotone_and_additive",
        f"{_DUE}a_pause_is_the_sum_of_its_parts",
        f"{_DUE}I5_hours_are_counted_minutes",
    ),
    "9.1": (
        f"{_RACES}I3_four_sweeps_at_once_lose_and_double_nothing",
        f"{_RACES}I3_a_sweep_killed_in_the_middle_loses_and_doubles_nothing",
    ),
    "9.2": (
        f"{_SWEEP}I3_what_was_due_while_nobody_swept_is_recorded_in_order",
        f"{_SWEEP}each_receiver_gets_one_notice_after_downtime",
        f"{_DELIVERIES}after_a_standstill_one_message_has_the_gravest_of_each_case_first",
    ),
    "9.3": (
        f"{_CALENDARS}what_is_shown_is_what_is_done",
        f"{_CALENDARS}a_move_is_muted_unless_asked_and_then_told_to_who_handles_it",
    ),
    "9.5": (f"{_ACT}I6_nothing_else_moves_a_due_date",),
    "9.6": (
        f"{_SWEEP}a_case_that_nobody_can_take_stands_in_the_queue_and_goes_on",
        f"{_SWEEP}I8_a_recused_target_is_passed_over_and_not_told",
        f"{_ABSENCES}a_case_when_everybody_is_away_is_stuck_and_goes_on_the_day_they_are_back",
    ),
    "9.11": (
        f"{_DUE}working_days",
        f"{_DUE}due_at_is_the_start_of_the_day_after",
        f"{_MINUTES}half_days_and_hours_move_no_clock_of_days",
        f"{_MINUTES}I5_an_hour_clock_ends_when_its_minutes_are_over",
        f"{_DUE}I5_due_is_the_day_walked_to_and_its_spans_sum_to_the_limit",
        "tests/rules/test_calendars.py::test_a_year_without_a_working_day_is_refused",
    ),
}

NOT_OURS: Final[dict[str, str]] = {
    "26": "One calendar an installation; several stand side by side, none is an office's own yet.",
    **dict.fromkeys(("54", "55", "56"), "A case keeps the pack it was opened under to its end."),
    "88": "A pack is checked and shown; it is not run over the cases there have been.",
}

_NAME: Final = re.compile(r"test_peer_((?:read_)?\d+(?:_(?:read_)?\d+)*)_[a-z]")


@cache
def _tests_of(path: Path) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(path.read_text("utf-8"))
    found = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return {node.name: node for node in found if node.name.startswith("test_")}


def _here() -> Iterator[ast.FunctionDef]:
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        yield from (test for name, test in _tests_of(path).items() if "peer_" in name)


def _numbers(name: str) -> list[str]:
    found = _NAME.match(name)
    assert found is not None, name
    return [f"6.{n}" if read else n for read, n in re.findall(r"(read_)?(\d+)", found[1])]


def test_every_test_of_this_folder_names_its_entry_and_what_went_wrong() -> None:
    for test in _here():
        assert set(_numbers(test.name)) <= set(ENTRIES), test.name
        assert ast.get_docstring(test), test.name


def test_every_test_that_is_named_exists() -> None:
    for named in {test for tests in PROVED_ELSEWHERE.values() for test in tests}:
        path, _, name = named.partition("::")
        assert name in _tests_of(ROOT / path), named


def test_every_entry_is_tested_or_says_why_not() -> None:
    tested = {number for test in _here() for number in _numbers(test.name)}
    known = tested | PROVED_ELSEWHERE.keys() | NOT_OURS.keys()
    assert known == set(ENTRIES)
