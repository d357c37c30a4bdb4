"""`linli clock` moves the domain's time of every process at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.processes.district import District, filed


async def test_doors_and_worker_follow_the_clock(district: District) -> None:
    await district.up()
    phone = await district.sign_in()

    moved = await district.copy.run("clock", "advance", "25h")
    complaint = await filed(phone)
    await district.until_pushed(complaint)
    events = {event["type"]: ahead_of_us(event) for event in await phone.timeline(complaint)}
    back = await district.copy.run("clock", "advance", "--", "-25h")

    assert (moved.returncode, back.returncode) == (0, 0)
    assert set(events) == {"submitted", "pushed"}  # the one by the doors, the other by the worker
    assert all(timedelta(hours=24) < ahead < timedelta(hours=26) for ahead in events.values())
    again = await filed(phone)
    assert abs(ahead_of_us((await phone.timeline(again))[0])) < timedelta(minutes=10)


def ahead_of_us(event: dict[str, Any]) -> timedelta:
    return datetime.fromisoformat(event["at"]) - datetime.now(UTC)
