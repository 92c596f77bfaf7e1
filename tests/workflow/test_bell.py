"""The bell's watch: a job that stands still is told, one that works or was frozen is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from tests import office
from tests.workflow import outside
from workflow import auditor, db, outbox, scheduler, sweep

PATIENCE_S = 30.0
DEAD_S = 1.5


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs ring often, the watch looks often and loses patience soon."""
    for name, seconds in (("BEAT_S", 0.05), ("AUDIT_S", 0.05), ("WATCH_S", 0.05)):
        monkeypatch.setattr(scheduler, name, seconds)
    monkeypatch.setattr(scheduler, "DEAD_S", DEAD_S)


@contextmanager
def _ringing(district: office.District, told: threading.Event) -> Iterator[scheduler.Bell]:
    bell = scheduler.Bell(district.engine, tick_s=0.05, stuck=told.set)
    bell.start()
    try:
        yield bell
    finally:
        bell.stop()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("module", "name"), [(sweep, "run"), (auditor, "run")])
def test_a_job_that_hangs_alone_is_told_while_the_others_run(
    district: office.District, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    told, released = threading.Event(), threading.Event()
    work = getattr(module, name)

    def hang(*given: object, **named: object) -> object:
        released.wait(PATIENCE_S)
        return work(*given, **named)

    monkeypatch.setattr(module, name, hang)
    with _ringing(district, told) as bell:
        assert told.wait(PATIENCE_S)
        assert not bell.is_alive()
        released.set()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_long_sweep_that_goes_on_batch_by_batch_is_no_dead_one(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, over = threading.Event(), threading.Event()

    def long(_engine: object, *, is_ending: object) -> sweep.TickReport:
        assert callable(is_ending)
        for _ in range(12):
            over.wait(DEAD_S / 8)
            is_ending()
        over.set()
        return sweep.TickReport()

    monkeypatch.setattr(sweep, "run", long)
    with _ringing(district, told):
        assert over.wait(PATIENCE_S)
        assert not told.is_set()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_process_that_was_frozen_whole_is_given_time_when_it_wakes(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any sleep of the watch counts as one here, so that no job is ever late for it."""
    monkeypatch.setattr(scheduler, "FROZEN_S", 0.0)
    told, released = threading.Event(), threading.Event()

    def hang(_engine: object, *, is_ending: object) -> sweep.TickReport:
        del is_ending
        released.wait(2 * DEAD_S)
        return sweep.TickReport()

    monkeypatch.setattr(sweep, "run", hang)
    with _ringing(district, told) as bell:
        assert not told.wait(2 * DEAD_S)
        assert bell.is_alive()
        released.set()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_clock_set_on_by_years_makes_no_list_of_missed_moments(
    district: office.District,
) -> None:
    bell = scheduler.Bell(district.engine, tick_s=1)
    bell._scheduler.start(paused=True)
    (job, *_) = bell._scheduler.get_jobs()
    later = datetime(2126, 1, 1, tzinfo=UTC)
    assert len(job._get_run_times(later)) == 1
    assert job.trigger.get_next_fire_time(None, later) > later
    bell._scheduler.shutdown()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_run_of_the_sender_that_breaks_off_counts_as_one_failed(
    district: office.District,
) -> None:
    told: list[outbox.SendReport] = []
    bell = scheduler.Bell(district.engine, tick_s=1, sent=told.append, door=outside.Recording())
    bell.send()
    with db.transaction(district.engine.database) as tx:
        db.drop(tx)
    bell.send()
    assert told == [outbox.SendReport(), outbox.SendReport(failed=1)]
