"""kill -9: nothing that was stored is lost, nothing is done twice, and others go on within seconds."""

import asyncio
import time
from signal import SIGCONT, SIGSTOP
from typing import Any
from uuid import uuid4

import aiohttp
import psycopg

from tests.foundation.media.files import jpeg
from tests.phone import Answer, Phone
from tests.processes.district import DEAD_AFTER_SECONDS, District, StandIns, file, filed
from tests.processes.programs import until


async def test_of_two_workers_one_leads_and_killed_it_leaves_its_lead_and_its_job_to_the_other(
    district: District, outside: StandIns
) -> None:
    _, (first,) = await district.up()
    await until(lambda: led(district, 1))
    second = district.copy.start("work")
    await second.ready()
    assert district.leaders() == 1
    assert "leader_elected" not in second.events
    second.process.send_signal(SIGSTOP)  # so that it is the first who takes the job
    await outside.be_slow(5)
    complaint = await filed(await district.sign_in())
    await outside.has_been_slow()
    second.process.send_signal(SIGCONT)

    await first.kill()
    killed_at = time.monotonic()

    await until(lambda: says(second, "leader_elected"))
    assert district.leaders() == 1
    await district.until_pushed(complaint, seconds=DEAD_AFTER_SECONDS + 15)
    assert time.monotonic() - killed_at < DEAD_AFTER_SECONDS + 15
    assert "stalled_job_revived" in second.events


async def led(district: District, count: int) -> bool:
    return district.leaders() == count


async def says(program: Any, event: str) -> bool:
    return event in program.events


async def test_what_was_committed_survives_the_doors_that_died_before_they_could_answer(district: District) -> None:
    doors, (worker,) = await district.up()
    await worker.end()
    phone = await district.sign_in()
    text, key = f"路灯坏了三天了 {uuid4().hex[:8]}", uuid4().hex
    asking = asyncio.create_task(file(phone, text, key=key))
    await until(lambda: stored(district, text), what="the complaint is committed")

    await doors.kill()
    await asyncio.gather(asking, return_exceptions=True)  # it may have been quicker than the signal

    await district.up()
    again = await file(phone, text, key=key)
    assert again.status == 201
    assert [str(row["id"]) for row in rows_of(district, text)] == [again.body["id"]]
    await district.until_pushed(again.body)


async def stored(district: District, text: str) -> bool:
    return bool(rows_of(district, text))


def rows_of(district: District, text: str) -> list[dict[str, Any]]:
    return district.rows("SELECT id FROM complaint WHERE text = %s", text)


async def test_a_photo_whose_doors_died_is_taken_once_with_the_same_key(district: District) -> None:
    doors, (worker,) = await district.up()
    await worker.end()
    phone, key, photo = await district.sign_in(), uuid4().hex, jpeg()
    with psycopg.connect(district.servers.addresses.database_url) as other:
        other.execute("LOCK TABLE media IN ACCESS EXCLUSIVE MODE")  # so that it dies between its objects and its row
        asking = asyncio.create_task(send_photo(phone, photo, key=key))
        await until(lambda: waits_for_media(district), what="the photo is about to be stored")
        await doors.kill()
    await asyncio.gather(asking, return_exceptions=True)

    await district.up()
    early = await send_photo(phone, photo, key=key)
    district.rows(
        "UPDATE idempotency_key SET created_at = created_at - interval '1 hour' WHERE key = %s RETURNING id", key
    )
    taken, again = [await send_photo(phone, photo, key=key) for _ in range(2)]

    assert (early.status, taken.status, again.status) == (503, 201, 201)
    assert again.body == taken.body
    kept = district.rows("SELECT id FROM media WHERE owner_id = %s", phone.resident_id)
    assert [str(row["id"]) for row in kept] == [taken.body["id"]]


async def send_photo(phone: Phone, photo: bytes, *, key: str) -> Answer:
    form = aiohttp.FormData()
    form.add_field("file", photo, filename="photo.jpg", content_type="image/jpeg")
    return await phone.post("/media", key=key, data=form)


async def waits_for_media(district: District) -> bool:
    return bool(district.rows("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'media'::regclass"))
