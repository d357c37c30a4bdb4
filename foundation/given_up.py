"""Jobs that failed to the last of their tries: kept, counted, and let try again by a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from procrastinate.jobs import Job as StoredJob

from foundation.database import Transaction, query
from foundation.jobs import JobCall


@dataclass(frozen=True, slots=True)
class GivenUpJob:
    """A job that will not run again by itself."""

    id: int
    name: str
    failed_at: datetime | None
    attempts: int


async def given_up_jobs() -> list[GivenUpJob]:
    """List them, oldest first."""
    rows = await query(
        "SELECT j.id, j.task_name, j.attempts, max(e.at) AS failed_at FROM procrastinate_jobs j"
        " LEFT JOIN procrastinate_events e ON e.job_id = j.id WHERE j.status = 'failed' GROUP BY j.id ORDER BY j.id"
    )
    return [GivenUpJob(row["id"], row["task_name"], row["failed_at"], row["attempts"]) for row in rows]


async def count_given_up() -> float:
    """Count them: whatever is above zero is an alarm."""
    return float((await query("SELECT count(*) AS n FROM procrastinate_jobs WHERE status = 'failed'"))[0]["n"])


async def retry_given_up(tx: Transaction) -> int:
    """Store each anew, in the order they were first stored, and drop the failed one; give how many there were."""
    rows = await tx.query(
        "DELETE FROM procrastinate_jobs WHERE status = 'failed'"
        " RETURNING id, task_name, lock, queueing_lock, args, priority, queue_name"
    )
    for row in sorted(rows, key=lambda row: row["id"]):
        tx.defer(_again(row))
    return len(rows)


def _again(row: dict[str, Any]) -> JobCall:
    return JobCall(
        StoredJob(
            id=None,
            queue=row["queue_name"],
            lock=row["lock"],
            queueing_lock=row["queueing_lock"],
            task_name=row["task_name"],
            task_kwargs=row["args"],
            priority=row["priority"],
        )
    )
