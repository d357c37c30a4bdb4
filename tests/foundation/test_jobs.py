"""Later work: run at least once, tried again, kept in order by its lock."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from foundation import jobs
from foundation.clock import real_now
from foundation.database import query, transaction
from foundation.ground import Ground
from foundation.jobs import Backoff, Job, TryAgainError, job, retry_wait
from foundation.leader import revive_stalled_jobs
from tests.jobs import Worker

NAME = "tests.write_down"


class Book:
    """What the job wrote down, and how often it is to fail for a word before."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.failures: dict[str, int] = {}

    async def write(self, ground: Ground, *, word: str, patient: bool = False) -> None:
        assert isinstance(ground, Ground)
        self.words.append(word)
        if self.failures.get(word, 0) > 0:
            self.failures[word] -= 1
            if patient:
                raise TryAgainError(real_now() + timedelta(milliseconds=20))
            raise ZeroDivisionError


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def write_down(book: Book) -> Iterator[Job]:
    """A job that writes a word down."""
    yield job(NAME, attempts=3)(book.write)
    del jobs.app.tasks[NAME]


async def store(write_down: Job, *words: str, lock: str | None = None, patient: bool = False) -> None:
    async with transaction() as tx:
        for word in words:
            tx.defer(write_down.call(word=word, patient=patient, lock=lock))


async def left() -> list[str]:
    return [row["status"] for row in await query("SELECT status FROM procrastinate_jobs ORDER BY id")]


async def run_all(worker: Worker) -> None:
    """Let retries come due, until nothing waits."""
    async with asyncio.timeout(20):
        await worker.run_jobs()
        while "todo" in await left():
            await asyncio.sleep(0.01)
            await worker.run_jobs()


async def test_what_fails_is_tried_again_and_what_succeeds_is_gone(worker: Worker, write_down: Job, book: Book) -> None:
    book.failures["a"] = 2
    await store(write_down, "a")

    await run_all(worker)

    assert (book.words, await left()) == (["a", "a", "a"], [])


async def test_after_its_last_try_a_job_stays_for_a_person_with_an_alarm(
    worker: Worker, write_down: Job, book: Book
) -> None:
    book.failures["a"] = 99
    await store(write_down, "a")

    with capture_logs() as logs:
        await run_all(worker)

    assert (book.words, await left()) == (["a"] * 3, ["failed"])
    noted = await query("SELECT type FROM procrastinate_events")
    assert [each["type"] for each in noted] == ["failed"]  # neither its tries nor its beginning
    assert [(each["event"], each["job"]) for each in logs if each["log_level"] == "error"] == [("job_gave_up", NAME)]


async def test_a_job_that_names_its_next_try_itself_is_never_given_up(
    worker: Worker, write_down: Job, book: Book
) -> None:
    book.failures["a"] = 6
    await store(write_down, "a", patient=True)

    await run_all(worker)

    assert (book.words, await left()) == (["a"] * 7, [])


async def test_jobs_with_one_lock_keep_their_order_while_the_first_waits_for_its_retry(
    worker: Worker, write_down: Job, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_backoff", Backoff(3600, 3600))
    book.failures["1"] = 1
    await store(write_down, "1", "2", "3", lock="complaint:1")
    await store(write_down, "other", lock="complaint:2")
    await worker.run_jobs()
    assert sorted(book.words) == ["1", "other"]

    await query("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE scheduled_at IS NOT NULL RETURNING id")
    await run_all(worker)

    assert book.words[2:] == ["1", "2", "3"]


async def test_a_job_for_later_waits(worker: Worker, write_down: Job, book: Book) -> None:
    async with transaction() as tx:
        tx.defer(write_down.call(word="later", at=real_now() + timedelta(hours=1)))

    await worker.run_jobs()

    assert (book.words, await left()) == ([], ["todo"])


async def test_the_job_of_a_dead_worker_is_revived_and_what_waited_behind_it_follows(
    worker: Worker, write_down: Job, book: Book
) -> None:
    await store(write_down, "held", "behind", lock="complaint:1")
    await query(
        "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute') RETURNING id)"
        " UPDATE procrastinate_jobs SET status = 'doing', worker_id = dead.id FROM dead"
        " WHERE args->>'word' = 'held' RETURNING procrastinate_jobs.id"
    )
    await worker.run_jobs()
    assert book.words == []

    with capture_logs() as logs:
        await revive_stalled_jobs(30)
    await run_all(worker)

    assert [each["event"] for each in logs] == ["stalled_job_revived"]
    assert (book.words, await left()) == (["held", "behind"], [])


async def test_the_job_of_a_living_worker_is_left_to_it(worker: Worker, write_down: Job, book: Book) -> None:
    await store(write_down, "held")
    await query(
        "WITH alive AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now()) RETURNING id)"
        " UPDATE procrastinate_jobs SET status = 'doing', worker_id = alive.id FROM alive RETURNING procrastinate_jobs.id"
    )

    await revive_stalled_jobs(30)

    assert await left() == ["doing"]


async def test_the_waits_double_up_to_the_longest_and_are_spread() -> None:
    backoff = Backoff(first=2.0, longest=60.0)

    for attempts, full in ((0, 2), (1, 4), (4, 32), (5, 60), (500, 60)):
        waits = {backoff.wait(attempts).total_seconds() for _ in range(50)}
        assert full / 2 <= min(waits) < max(waits) <= full


async def test_every_job_there_is_has_a_way_to_be_tried_again(ground: Ground) -> None:
    ours = [task for task in jobs.app.tasks.values() if not task.name.startswith("builtin")]

    assert len(ours) > 3
    assert [task.name for task in ours if task.retry_strategy is None] == []
    assert retry_wait(0) <= timedelta(seconds=ground.settings.jobs.first_retry_seconds)
