"""SIGTERM: what is under way is finished, the rest is left to others, and the exit code is 0."""

import asyncio
import time

from tests.processes.district import DRAIN_SECONDS, District, StandIns, filed, struck
from tests.processes.programs import until

SLACK_SECONDS = 20.0
"""For closing pools and stopping the interpreter on a busy machine."""


async def test_a_request_under_way_is_answered_before_the_doors_close(district: District, outside: StandIns) -> None:
    doors, _ = await district.up()
    wechat = outside.wechat
    await wechat.steer("/faults", [{"match": {"path": "/sns/"}, "do": "delay", "value": 1, "times": 1}], "PUT")
    coming_in = asyncio.create_task(district.sign_in())
    await until(lambda: struck(wechat.session, wechat.url))

    began = time.monotonic()
    code = await doors.end(seconds=DRAIN_SECONDS + SLACK_SECONDS)

    phone = await coming_in
    assert (code, bool(phone.token)) == (0, True)
    assert time.monotonic() - began < DRAIN_SECONDS + SLACK_SECONDS
    assert "request" in doors.events[doors.events.index("draining") :]


async def test_a_long_poll_is_answered_at_once_and_holds_nothing_up(district: District) -> None:
    doors, _ = await district.up()
    phone = await district.sign_in()
    complaint = await filed(phone)
    await district.until_pushed(complaint)
    last = len(await phone.timeline(complaint))
    path = f"/complaints/{complaint['id']}/events"
    waiting = asyncio.create_task(phone.get(path, params={"after": str(last), "wait": "25"}))
    await asyncio.sleep(0)  # it is sent
    await phone.show(complaint)  # and whoever asks later is answered, so it has been read

    code = await doors.end(seconds=DRAIN_SECONDS + SLACK_SECONDS)

    answer = await waiting
    assert (code, answer.status, answer.body["items"]) == (0, 200, [])


async def test_a_job_under_way_is_finished_before_the_worker_ends(district: District, outside: StandIns) -> None:
    _, (worker,) = await district.up()
    await outside.be_slow(1.5)
    complaint = await filed(await district.sign_in())
    await outside.has_been_slow()

    assert await worker.end(seconds=DRAIN_SECONDS + SLACK_SECONDS) == 0

    assert district.state_of_push(complaint) == "sent"
    assert "job_gave_up" not in worker.events


async def test_a_job_that_takes_too_long_is_left_to_the_next_worker(district: District, outside: StandIns) -> None:
    _, (worker,) = await district.up()
    await outside.be_slow(DRAIN_SECONDS + 5)
    complaint = await filed(await district.sign_in())
    await outside.has_been_slow()

    assert await worker.end(seconds=DRAIN_SECONDS + SLACK_SECONDS) == 0
    left = district.rows("SELECT status::text FROM procrastinate_jobs WHERE lock = %s", f"complaint:{complaint['id']}")

    assert [row["status"] for row in left] == ["todo"]
    await district.up()
    await district.until_pushed(complaint)
