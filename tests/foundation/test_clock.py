"""Real and domain time, and how the domain's is moved for everybody at once."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from foundation.clock import ClockReading, FrozenClock, MovableClock, SystemClock, real_now
from foundation.clock_setting import OutOfTimeError, clock_for, keep_renewed, move, renew
from foundation.database import query
from foundation.settings import Settings
from foundation.tasks import spawn, stop

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
Change = Callable[[ClockReading, datetime], ClockReading]


def ahead(by: timedelta) -> Change:
    return lambda reading, now: reading.moved(now, by=by)


def test_real_time_is_aware_and_in_utc() -> None:
    before = datetime.now(UTC)
    assert before <= real_now() <= datetime.now(UTC)
    assert real_now().tzinfo is UTC


def test_a_frozen_clock_moves_only_when_it_is_moved() -> None:
    clock = FrozenClock(NOON)
    assert clock.now() == clock.now() == NOON

    assert clock.advance(hours=25, seconds=1) == clock.now() == NOON + timedelta(hours=25, seconds=1)
    clock.set(NOON)
    assert clock.now() == NOON


def test_a_reading_runs_at_its_rate() -> None:
    reading = ClockReading(real_at=NOON, domain_at=NOON + 24 * HOUR, rate=60.0)

    assert reading.at(NOON) == NOON + 24 * HOUR
    assert reading.at(NOON + timedelta(minutes=2)) == NOON + 26 * HOUR


def test_a_move_and_a_change_of_pace_begin_where_the_clock_is() -> None:
    reading = ClockReading(real_at=NOON, domain_at=NOON, rate=2.0)

    moved = reading.moved(NOON + HOUR, by=HOUR)
    paced = moved.paced(NOON + 2 * HOUR, rate=0.0)

    assert moved.at(NOON + HOUR) == NOON + 3 * HOUR
    assert paced.at(NOON + 2 * HOUR) == paced.at(NOON + 9 * HOUR) == NOON + 5 * HOUR


@pytest.mark.parametrize(
    ("environment", "kind"), [("production", SystemClock), ("development", MovableClock), ("test", MovableClock)]
)
def test_production_has_a_clock_that_cannot_be_moved(environment: str, kind: type, settings: Settings) -> None:
    assert type(clock_for(settings.model_copy(update={"environment": environment}))) is kind
    assert abs(clock_for(settings.model_copy(update={"environment": environment})).now() - real_now()) < HOUR


async def test_what_one_process_moves_the_others_read(database: None) -> None:
    clock = MovableClock()
    await renew(clock)
    assert abs(clock.now() - real_now()) < timedelta(seconds=5)

    await move(ahead(25 * HOUR))
    await renew(clock)

    assert abs(clock.now() - real_now() - 25 * HOUR) < timedelta(seconds=5)


async def test_moves_at_the_same_time_add_up(database: None) -> None:
    await asyncio.gather(*(move(ahead(HOUR)) for _ in range(8)))

    clock = MovableClock()
    await renew(clock)
    assert abs(clock.now() - real_now() - 8 * HOUR) < timedelta(seconds=5)
    assert len(await query("SELECT name FROM clock_setting")) == 1


@pytest.mark.parametrize(
    "change",
    [
        ahead(timedelta(days=500_000)),
        ahead(timedelta(days=9_000_000)),
        ahead(timedelta(days=-40_000)),
        lambda _, now: ClockReading(now, datetime(1, 1, 1, tzinfo=UTC), 1.0),
    ],
    ids=["too far", "beyond all dates", "too far back", "before the database's time"],
)
async def test_a_clock_that_would_leave_our_time_stays_where_it_is(change: Change, database: None) -> None:
    await move(ahead(HOUR))

    with pytest.raises(OutOfTimeError, match="from 2000 to 2999"):
        await move(change)

    clock = MovableClock()
    await renew(clock)
    assert abs(clock.now() - real_now() - HOUR) < timedelta(seconds=5)


async def test_a_clock_is_kept_renewed_and_survives_a_database_that_fails(database: None) -> None:
    clock = MovableClock()
    await query("ALTER TABLE clock_setting RENAME TO clock_setting_away")
    with capture_logs() as logged:
        keeping = spawn(keep_renewed(clock), name="clock")
        await until(lambda: len(logged) >= 2)
    await query("ALTER TABLE clock_setting_away RENAME TO clock_setting")

    await move(ahead(HOUR))

    await until(lambda: clock.now() - real_now() > HOUR / 2)
    assert {line["event"] for line in logged} == {"clock_not_renewed"}
    assert not keeping.done()
    await stop(keeping)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.02)
