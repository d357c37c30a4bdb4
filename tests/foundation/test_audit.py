"""The audit keeps what is written into it, whoever asks."""

from datetime import timedelta

import psycopg
import pytest
from tortoise.exceptions import BaseORMException

from foundation.access import Actor
from foundation.audit import AuditEntry, LookOutsideTransactionError, record_look, remove_outlived_entries
from foundation.clock import real_now
from foundation.database import query, transaction
from tests.scripts import run_together

SECRETARY = Actor(kind="staff", id=7)
REFUSED = (psycopg.Error, BaseORMException)
pytestmark = pytest.mark.usefixtures("database")


async def look(*, aged: timedelta = timedelta()) -> AuditEntry:
    async with transaction():
        await record_look(SECRETARY, subject="resident:12", what="phone", reason="call back")
    entry = await AuditEntry.all().order_by("-id").first()
    assert entry is not None
    if aged:
        await query(
            "INSERT INTO audit_entry (at, actor_kind, actor_id, what, subject, reason, request_id)"
            " VALUES (%s, 'staff', 7, 'old', 'resident:12', '', '')",
            real_now() - aged,
        )
    return entry


async def test_a_look_says_who_what_whom_and_why() -> None:
    entry = await look()

    assert (entry.actor_kind, entry.actor_id) == ("staff", 7)
    assert (entry.what, entry.subject, entry.reason) == ("phone", "resident:12", "call back")


async def test_a_look_that_is_rolled_back_leaves_no_entry() -> None:
    async def look_and_fail() -> None:
        async with transaction():
            await record_look(SECRETARY, subject="resident:12", what="phone")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await look_and_fail()

    assert await AuditEntry.all().count() == 0


async def test_a_look_outside_a_transaction_is_refused() -> None:
    with pytest.raises(LookOutsideTransactionError):
        await record_look(SECRETARY, subject="resident:12", what="phone")


@pytest.mark.parametrize(
    "changes",
    [
        ["UPDATE audit_entry SET actor_id = 8"],
        ["DELETE FROM audit_entry"],
        ["TRUNCATE audit_entry"],
        ["SELECT set_config('linli.audit_sweep', 'on', true)", "DELETE FROM audit_entry"],
    ],
)
async def test_nobody_changes_or_removes_an_entry(changes: list[str]) -> None:
    await look()

    with pytest.raises(REFUSED, match="append-only"):
        await run_together(*changes)

    assert (await AuditEntry.get()).actor_id == 7


async def test_only_entries_that_outlived_their_time_are_removed() -> None:
    await look(aged=timedelta(days=1100))

    assert await remove_outlived_entries() == 1

    assert (await AuditEntry.get()).what == "phone"


async def test_the_database_keeps_six_months_whatever_it_is_asked() -> None:
    await look(aged=timedelta(days=170))

    rows = await query("SELECT remove_outlived_audit(%s) AS removed", real_now() + timedelta(days=1))

    assert rows[0]["removed"] == 0
    assert await AuditEntry.all().count() == 2
