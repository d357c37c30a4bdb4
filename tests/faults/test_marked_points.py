"""kill -9 at the worst moments: after the commit and before the answer, after the sending and before the mark.

The moment is not hoped for and not built into the product. Whatever the process waits for next is held outside, by a
stand-in that has done the work and keeps its answer, or by a lock; the tables show that the mark is reached; then the process is
ended by its number.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGSTOP
from typing import Any
from uuid import uuid4

import psycopg

from tests.faults.checker import flaws_of
from tests.faults.story import Filed, Story, number_at_core, play
from tests.processes.district import HERE, TO_THE_CORE, District
from tests.processes.programs import until

HELD_SECONDS = 120
"""Longer than any test waits; the hold ends with the line."""


async def stored(district: District, text: str) -> bool:
    return bool(district.rows("SELECT 1 AS one FROM complaint WHERE text = %s", text))


@contextmanager
def waiting_commits(district: District) -> Iterator[None]:
    """Hold whoever takes an update in, at the commit of it."""
    with psycopg.connect(district.servers.addresses.database_url, autocommit=True) as other:
        other.execute(
            "CREATE FUNCTION wait_for_leave() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';"
            "CREATE CONSTRAINT TRIGGER wait_for_leave AFTER INSERT ON dispatch_update DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION wait_for_leave()"
        )
        other.execute("SELECT pg_advisory_lock(1)")
        try:
            yield
        finally:
            other.execute("SELECT pg_advisory_unlock(1)")
            other.execute("DROP FUNCTION wait_for_leave CASCADE")


@contextmanager
def waiting_inserts(district: District) -> Iterator[None]:
    """Hold whoever stores a complaint, with all of the transaction already sent."""
    with psycopg.connect(district.servers.addresses.database_url) as other:
        other.execute("LOCK TABLE complaint IN SHARE MODE")
        yield
        other.rollback()


async def test_doors_killed_between_commit_and_answer_file_once_when_the_phone_asks_again(story: Story) -> None:
    district, key, text = story.district, uuid4().hex, f"井盖松动，半夜很响 {uuid4().hex[:12]}"
    body = {"text": text, "location": HERE}
    (doors,) = await district.copy.running("serve")
    phone = await district.sign_in()

    async def held() -> bool:
        return bool(
            district.rows(
                "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s",
                'INSERT INTO "complaint" %',
            )
        )

    with waiting_inserts(district):
        asking = asyncio.create_task(story.once(phone, "/complaints", body, key=key))
        await until(held, what="the complaint is being stored")
        doors.process.send_signal(SIGSTOP)  # so that it cannot answer when the commit is done
    await until(lambda: stored(district, text), what="the complaint is committed")
    await doors.kill()
    assert await asking is None
    await district.copy.running("serve")
    again = await story.once(phone, "/complaints", body, key=key)

    assert again is not None
    story.answered.append(Filed(phone, text, again.body["id"], again.body["number"]))
    assert await flaws_of(district, story) == []


async def test_doors_killed_between_an_update_s_commit_and_its_200_show_it_once(story: Story) -> None:
    district = story.district
    filed = await known_to_the_core(story)
    story.watch(filed)
    number = str(await number_at_core(story, filed))
    (doors,) = await district.copy.running("serve")

    async def held() -> bool:
        return bool(
            district.rows("SELECT pid FROM pg_stat_activity WHERE wait_event = 'advisory' AND query = 'COMMIT'")
        )

    async def taken_in() -> bool:
        return bool(district.rows("SELECT 1 AS one FROM dispatch_update WHERE body->>'external_id' = %s", filed.id))

    with waiting_commits(district):
        playing = asyncio.create_task(play(story, filed, number))
        await until(held, what="the update is being committed")
        doors.process.send_signal(SIGSTOP)  # so that it cannot answer when the commit is done
    await until(taken_in, what="the update is stored")
    await doors.kill()
    await asyncio.gather(playing, district.copy.running("serve"))

    async def delivered() -> dict[str, Any] | None:
        calls = (await district.core.control("/callbacks?state=done", method="GET"))["items"]
        return next((call for call in calls if call["service_request_id"] == number), None)

    call: dict[str, Any] = await until(delivered, what="the core has its 200 at last")
    assert call["attempts"] > 1
    assert await flaws_of(district, story) == []


async def known_to_the_core(story: Story) -> Filed:
    filed = await story.file(await story.district.sign_in())
    await story.district.until_pushed(filed.body)
    return filed


async def being_sent(story: Story) -> Filed:
    """File a complaint that the core has taken, while the worker still waits for its answer."""
    district = story.district
    hold = {"match": TO_THE_CORE, "do": "hold", "value": HELD_SECONDS, "times": 1}
    await district.core.control("/faults", [hold], method="PUT")
    filed = await story.file(await district.sign_in())

    async def there() -> bool:
        return await number_at_core(story, filed) is not None

    await until(there, what="the core has it")
    assert district.state_of_push(filed.body) == "waiting"
    return filed


async def posts_about(story: Story, filed: Filed) -> int:
    """Count how often the core was asked to create a request for a complaint."""
    items, after = [], 0
    while page := (await story.district.core.control(f"/journal?after={after}", method="GET"))["items"]:
        items += page
        after = page[-1]["number"]
    return sum(each["method"] == "POST" and filed.text in str(each["body"]) for each in items)


async def test_a_worker_killed_between_sending_and_noting_it_asks_before_it_sends_again(story: Story) -> None:
    (worker,) = await story.district.copy.running("work")
    filed = await being_sent(story)

    await worker.kill()
    await story.district.copy.running("work")

    assert await flaws_of(story.district, story) == []
    assert await posts_about(story, filed) == 1


async def test_a_job_whose_end_could_not_be_stored_holds_up_nobody(story: Story) -> None:
    """The line that stores a job's end is cut in the middle of it; the worker lives, so nobody would take the job up."""
    district = story.district
    await district.core.control(
        "/faults", [{"match": TO_THE_CORE, "do": "hold", "value": 0.7, "times": 1}], method="PUT"
    )
    filed = await story.file(await district.sign_in())
    lock = f"complaint:{filed.id}"
    with psycopg.connect(district.servers.addresses.database_url) as other:

        async def seized() -> bool:
            found = other.execute(
                "SELECT id FROM procrastinate_jobs WHERE lock = %s AND status = 'doing' FOR UPDATE", [lock]
            ).fetchall()
            other.commit() if not found else None
            return bool(found)

        await until(seized, what="the job is under way")

        async def cut() -> bool:
            return bool(
                district.rows(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    " AND application_name = 'linli-jobs' AND query ~ 'procrastinate_(finish|retry)_job'"  # if the core was slow
                )
            )

        await until(cut, what="the line that stores its end is cut")
        other.rollback()
    await story.add(filed)

    assert await flaws_of(district, story) == []


async def test_a_worker_killed_over_an_update_leaves_it_to_the_next(story: Story) -> None:
    district = story.district
    filed = await known_to_the_core(story)
    story.watch(filed)
    (worker,) = await district.copy.running("work")
    hold = {"match": {"path": "/pictures/", "direction": "in"}, "do": "hold", "value": HELD_SECONDS, "times": 1}
    await district.core.control("/faults", [hold], method="PUT")
    pictures = {"media_url": [f"{district.core.url}/pictures/after.png"]}
    await district.core.control(
        f"/requests/{await number_at_core(story, filed)}/updates", {"event": "answered", **pictures}
    )

    async def fetching() -> bool:
        faults = (await district.core.control("/faults", method="GET"))["items"]
        return all(fault["times"] == 0 for fault in faults)

    await until(fetching, what="the worker fetches the picture")
    await worker.kill()
    district.rows(
        "UPDATE dispatch_update SET claimed_until = now() WHERE state = 'waiting' RETURNING id"
    )  # the thirty seconds of the dead worker's lease have passed
    await district.copy.running("work")

    assert await flaws_of(district, story) == []
