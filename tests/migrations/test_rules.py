"""What the database refuses by itself, whoever writes."""

import pytest
from tortoise.exceptions import IntegrityError

from foundation.access import Actor
from foundation.audit import record_look
from foundation.database import query, transaction
from tests.phone import Phone
from tests.scripts import run_together

TELL = (
    "INSERT INTO complaint_event (complaint_id, seq, type, source, round, occurred_at, received_at, media, detail)"
    " VALUES (%s, %s, 'note', 'system', 1, now(), now(), '[]', '{}') RETURNING id"
)


@pytest.fixture
async def complaint_id(phone: Phone) -> str:
    """Give a complaint with one event, and an entry of the audit."""
    async with transaction():
        await record_look(Actor("staff", 7, key="staff:7"), subject="resident:12", what="phone")
    return str((await phone.file())["id"])


@pytest.mark.parametrize("table", ["complaint_event", "audit_entry"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}", "TRUNCATE {} CASCADE"])
async def test_what_was_said_and_seen_is_never_changed_or_removed(complaint_id: str, table: str, change: str) -> None:
    with pytest.raises(Exception, match="append-only"):
        await query(change.format(table))

    assert len(await query(f"SELECT id FROM {table}")) == 1  # noqa: S608 - one of two names


async def test_erasing_a_person_has_a_door_of_its_own_for_words_and_none_for_everything(complaint_id: str) -> None:
    async with transaction() as tx:
        await tx.query("SELECT set_config('linli.erasing', 'on', true)")
        await tx.query("UPDATE complaint_event SET text = NULL WHERE complaint_id = %s RETURNING id", complaint_id)

    with pytest.raises(Exception, match="append-only"):
        await run_together("SELECT set_config('linli.erasing', 'on', true)", "TRUNCATE complaint_event")
    assert await query("SELECT text FROM complaint_event") == [{"text": None}]


@pytest.mark.parametrize("number", [0, -1, 1, 3, 17])
async def test_an_event_that_does_not_have_the_next_number_is_refused(complaint_id: str, number: int) -> None:
    with pytest.raises(IntegrityError):
        await query(TELL, complaint_id, number)

    assert await query("SELECT seq FROM complaint_event") == [{"seq": 1}]


async def test_the_next_number_is_taken_once(complaint_id: str) -> None:
    await query(TELL, complaint_id, 2)

    with pytest.raises(IntegrityError):
        await query(TELL, complaint_id, 2)
    await query(TELL, complaint_id, 3)
