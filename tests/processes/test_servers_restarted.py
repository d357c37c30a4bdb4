"""PostgreSQL or Redis goes and comes back under running programs: nobody has to restart anything."""

import asyncio
import time
from signal import SIGINT
from uuid import uuid4

from tests.processes.district import DEAD_AFTER_SECONDS, DRAIN_SECONDS, District, StandIns, file, filed
from tests.processes.programs import until
from tests.processes.test_dying import led


async def test_a_restarted_postgresql_finds_everybody_at_work_again(district: District, outside: StandIns) -> None:
    doors, (worker,) = await district.up()
    phone = await district.sign_in()
    await outside.be_slow(2)
    under_way = await filed(phone)
    await outside.has_been_slow()
    server, key = district.server("postgres"), uuid4().hex

    server.send_signal(SIGINT)  # its word for "at once, but tidily"
    server.wait(30)
    refused = await file(phone, key=key)
    await district.bring_back("postgres")

    async def taken() -> object:
        answer = await file(phone, key=key)
        return answer.body if answer.status == 201 else None

    later = await until(taken, what="the doors take complaints again")
    for complaint in (under_way, later):
        await district.until_pushed(complaint, seconds=DEAD_AFTER_SECONDS + 15)
    await until(lambda: led(district, 1))
    assert (refused.status, refused.body["type"]) == (503, "/problems/busy")
    assert (doors.alive, worker.alive) == (True, True)
    assert "task_failed" not in doors.events + worker.events


async def test_without_redis_complaints_are_taken_and_passed_on(district: District) -> None:
    doors, (worker,) = await district.up()
    phone = await district.sign_in()
    server = district.server("redis")

    server.kill()
    server.wait(30)
    began = time.monotonic()
    complaint = await filed(phone)
    took = time.monotonic() - began
    await district.until_pushed(complaint)
    without = await readiness(district)
    await district.bring_back("redis")

    assert took < 15
    assert without == (200, {"postgres": "ok", "redis": "failed"})
    await until(lambda: is_well(district), what="Redis answers the doors again")
    assert (doors.alive, worker.alive) == (True, True)


async def test_programs_end_in_time_while_postgresql_is_away(district: District) -> None:
    doors, (worker,) = await district.up()
    server = district.server("postgres")
    server.send_signal(SIGINT)
    server.wait(30)

    codes = await asyncio.gather(*(each.end(seconds=DRAIN_SECONDS + 15) for each in (doors, worker)))

    await district.bring_back("postgres")
    assert codes == [0, 0]


async def readiness(district: District) -> tuple[int, dict[str, str]]:
    async with district.session.get(f"{district.copy.url}/readyz") as answer:
        return answer.status, (await answer.json())["checks"]


async def is_well(district: District) -> bool:
    return await readiness(district) == (200, {"postgres": "ok", "redis": "ok"})
