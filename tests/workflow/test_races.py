"""Several processes at once: nothing lost, nothing doubled, one answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import office
from tests.workflow import look, races
from workflow import ids, outbox
from workflow.commands import office as office_commands

pytestmark = pytest.mark.race

DUE = 1000
ROUNDS = 12
SENT = 8


@pytest.fixture(scope="module")
def pool() -> Iterator[list[races.Worker]]:
    """Four processes that serve all tests of this file."""
    with races.workers() as found:
        yield found


@pytest.mark.long
def test_I3_four_sweeps_at_once_lose_and_double_nothing(
    database_url: str,
    district: office.District,
    pool: list[races.Worker],
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcome = races.sweeps(database_url, district, pool, due=DUE)
    with capsys.disabled():
        print(f"\n{outcome}")
    assert (outcome.fired, outcome.doubled, outcome.lost) == (DUE, 0, 0)
    # Every rung told the desk, every filing did; four relays tell each of them once.
    relayed = races.at_once([(worker, {"op": "relay", "url": database_url}) for worker in pool])
    assert sum(one["sent"] for one in relayed) == 2 * DUE
    assert sum(one["dropped"] for one in relayed) == 0
    assert outbox.run(district.engine) == outbox.RelayReport()
    look.chain_holds(district)
    look.counts_agree(district)


@pytest.mark.long("sqlite")
def test_I3_a_sweep_killed_in_the_middle_loses_and_doubles_nothing(
    database_url: str, district: office.District
) -> None:
    filed = races.file_many(district, 120)
    district.jump("2026-04-20 10:00")
    worker = races.Worker.start()
    worker.prepare({"op": "ticks", "url": database_url})
    worker.tell("go")
    for _ in range(3):
        assert worker.hear() == "ticked"
    worker.kill()
    part = races.count(district, due=5 * len(filed), seconds=0)
    assert 0 < part.fired < part.due
    races.wait_for_the_dead(district)
    district.sweep()
    outcome = races.count(district, due=5 * len(filed), seconds=0)
    assert (outcome.fired, outcome.doubled, outcome.lost) == (outcome.due, 0, 0)
    for case_id in filed[::10]:
        found = look.hold(district, case_id)
        assert found.names.count("deadline_missed") == 1
    look.chain_holds(district)
    look.counts_agree(district)


def _asked(
    case_id: Any, action: str, *, version: int | None = None, **fields: Any
) -> dict[str, Any]:
    return {
        "case_id": str(case_id),
        "action_id": str(ids.uuid7()),
        "action": action,
        "version": version,
        "fields": fields,
    }


def test_of_two_people_on_one_case_one_wins(
    database_url: str, district: office.District, pool: list[races.Worker]
) -> None:
    filed = races.file_many(district, ROUNDS)
    accepts = [_asked(case_id, "accept", version=1) for case_id in filed]
    withdrawals = [
        _asked(case_id, "withdraw", version=1, withdraw_reason="双方和好") for case_id in filed
    ]
    desk = str(district.people["desk"])
    answers = races.at_once(
        [
            (pool[0], {"op": "act", "url": database_url, "actor": desk, "requests": accepts}),
            (pool[1], {"op": "act", "url": database_url, "actor": desk, "requests": withdrawals}),
        ]
    )
    for case_id, *both in zip(filed, *answers, strict=True):
        won = [one for one in both if "state" in one]
        lost = [one["error"] for one in both if "error" in one]
        found = look.hold(district, case_id)
        assert len(won) == 1
        assert lost == ["case.stale"]
        assert found.case.state == won[0]["state"]
        assert len(found.names) == 2
    look.chain_holds(district)
    look.counts_agree(district)


def test_two_acts_that_do_not_exclude_each_other_are_both_kept(
    database_url: str, district: office.District, pool: list[races.Worker]
) -> None:
    filed = races.file_many(district, ROUNDS)
    leader = str(district.people["leader"])
    jobs = [
        ("desk", [_asked(case_id, "accept") for case_id in filed]),
        ("supervisor", [_asked(case_id, "name_leader", leader=leader) for case_id in filed]),
    ]
    answers = races.at_once(
        [
            (
                worker,
                {
                    "op": "act",
                    "url": database_url,
                    "actor": str(district.people[who]),
                    "requests": requests,
                },
            )
            for worker, (who, requests) in zip(pool[:2], jobs, strict=True)
        ]
    )
    assert [one.get("error") for answer in answers for one in answer] == [None] * 2 * ROUNDS
    for case_id in filed:
        found = look.hold(district, case_id)
        assert sorted(found.names) == ["accept", "file_case", "name_leader"]
        assert (found.case.version, found.case.leader_id) == (3, district.people["leader"])
    look.chain_holds(district)


def test_an_act_and_a_sweep_at_once_are_both_kept(
    database_url: str, district: office.District, pool: list[races.Worker]
) -> None:
    filed = races.file_many(district, 4 * ROUNDS)
    district.jump(races.WARNED)
    accepts = [_asked(case_id, "accept", version=1) for case_id in filed]
    answers = races.at_once(
        [
            (
                pool[0],
                {
                    "op": "act",
                    "url": database_url,
                    "actor": str(district.people["desk"]),
                    "requests": accepts,
                },
            ),
            (pool[1], {"op": "sweep", "url": database_url}),
            (pool[2], {"op": "sweep", "url": database_url}),
        ]
    )
    # A rung in between makes nobody's version stale.
    assert [one.get("error") for one in answers[0]] == [None] * len(filed)
    for case_id in filed:
        assert look.hold(district, case_id).names == ["file_case", "rung_fired", "accept"]
    look.chain_holds(district)
    look.counts_agree(district)


def test_I2_a_filing_sent_eight_times_at_once_is_one_case(
    database_url: str, district: office.District, pool: list[races.Worker]
) -> None:
    asked = {
        "case_id": str(ids.uuid7()),
        "action_id": str(ids.uuid7()),
        "action": "file_case",
        "fields": dict(office.DISPUTE),
        "filing": {"process": "dispute", "origin_grid": office.GRID},
    }
    each = SENT // len(pool)
    answers = races.at_once(
        [
            (
                worker,
                {
                    "op": "act",
                    "url": database_url,
                    "actor": str(district.people["officer"]),
                    "requests": [asked] * each,
                    "threads": each,
                },
            )
            for worker in pool
        ]
    )
    heard = [one for answer in answers for one in answer]
    assert len(heard) == SENT
    assert sorted(one.pop("is_repeat") for one in heard) == [False] + [True] * (SENT - 1)
    assert all(one == heard[0] for one in heard)
    assert heard[0]["code"]
    assert len(look.case_ids(district)) == 1
    look.chain_holds(district)
    look.counts_agree(district)


@pytest.mark.long
def test_an_appointment_and_a_sweep_do_not_lock_each_other_out(
    database_url: str, district: office.District, pool: list[races.Worker]
) -> None:
    for post in ("supervisor", "district_supervisor"):
        office_commands.appoint(district.engine.database, district.posts[post], holder_id=None)
    filed = races.file_many(district, 60)
    district.jump("2026-03-30 10:00")
    district.sweep()
    auditor = {"post": str(district.posts["auditor"]), "holder": str(district.people["auditor"])}
    answers = races.at_once(
        [
            (pool[0], {"op": "appoint", "url": database_url, "times": 25, **auditor}),
            (pool[1], {"op": "keep_sweeping", "url": database_url, "seconds": 1.0}),
            (pool[2], {"op": "keep_sweeping", "url": database_url, "seconds": 1.0}),
        ]
    )
    assert answers == ["appointed", "swept", "swept"]
    office_commands.appoint(
        district.engine.database,
        district.posts["supervisor"],
        holder_id=district.people["supervisor"],
    )
    district.sweep()
    for case_id in filed:
        assert "supervise" in {rung.effect for rung in look.hold(district, case_id).rungs}
