"""The movable clock's one row: read by every process, set by `linli clock`.

Refused in production, where the domain's time is the real one.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from foundation.clock import Clock, ClockReading, MovableClock, SystemClock, real_now
from foundation.database import read, transaction
from foundation.models import ClockSetting
from foundation.settings import Settings

log = structlog.get_logger(__name__)
RENEW_SECONDS = 0.25
FIRST_YEAR, LAST_YEAR = 2000, 2999
ROW = "domain"


class ClockIsFixedError(Exception):
    """The clock of production cannot be moved."""

    def __str__(self) -> str:
        return "the clock cannot be moved: LINLI_ENVIRONMENT is production"


class OutOfTimeError(Exception):
    """The clock would show an instant that neither the database nor people could read."""

    def __str__(self) -> str:
        return f"the clock goes from {FIRST_YEAR} to {LAST_YEAR}"


def clock_for(settings: Settings) -> Clock:
    """Give the clock that fits the environment."""
    return SystemClock() if settings.environment == "production" else MovableClock()


async def renew(clock: MovableClock) -> None:
    """Take over what the database says now."""
    rows = await read("SELECT real_at, domain_at, rate FROM clock_setting WHERE name = %s", ROW)
    if rows:
        clock.reading = ClockReading(**rows[0])


async def keep_renewed(clock: MovableClock) -> None:
    """Renew the clock four times a second, until cancelled; while the database is away it runs on as it did."""
    while True:
        try:
            await renew(clock)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next reading may come
            log.warning("clock_not_renewed", error=type(error).__name__)
        await asyncio.sleep(RENEW_SECONDS)


async def move(change: Callable[[ClockReading, datetime], ClockReading]) -> ClockReading:
    """Change the row under its lock and give the new reading.

    `change` gets the reading and the real instant of the change.

    Raises:
        OutOfTimeError: it would lead out of our millennium.

    """
    async with transaction() as tx:
        await tx.query(
            "INSERT INTO clock_setting (name, real_at, domain_at, rate) VALUES (%s, now(), now(), 1)"
            " ON CONFLICT DO NOTHING",
            ROW,
        )
        row = await ClockSetting.select_for_update().get(name=ROW)
        reading = _changed(ClockReading(row.real_at, row.domain_at, row.rate), change)
        row.real_at, row.domain_at, row.rate = reading.real_at, reading.domain_at, reading.rate
        await row.save()
    return reading


def _changed(reading: ClockReading, change: Callable[[ClockReading, datetime], ClockReading]) -> ClockReading:
    try:
        changed = change(reading, real_now())
    except OverflowError:
        raise OutOfTimeError from None
    if not FIRST_YEAR <= changed.domain_at.year <= LAST_YEAR:
        raise OutOfTimeError
    return changed
