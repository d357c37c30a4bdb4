"""`linli retention`, `linli residents forget` and `linli vault reindex`, as an operator runs them."""

from datetime import timedelta

from community.people.actions import bind_phone
from community.people.models import Resident
from foundation.clock import FrozenClock, real_now
from foundation.database import query
from foundation.ground import Ground
from tests.processes.programs import Copy


async def said(copy: Copy, *arguments: str) -> str:
    answer = await copy.run(*arguments)
    assert (answer.returncode, answer.stderr) == (0, "")
    return answer.stdout


async def test_the_table_is_shown_what_is_due_is_counted_and_then_ended(ground: Ground, copy: Copy) -> None:
    await query(
        "INSERT INTO idempotency_key (actor_key, key, request_hash, created_at) VALUES ('a', 'k', '', %s) RETURNING id",
        real_now() - timedelta(days=8),
    )

    shown = await said(copy.cold, "retention")
    counted = await said(copy, "retention", "due")
    left = await query("SELECT key FROM idempotency_key")
    swept = await said(copy, "retention", "sweep")

    assert "audit_entry: who of the staff looked at whose data; 1095 days; deleted" in shown
    assert "idempotency_key: 1 answers kept for repeated requests" in counted
    assert left == [{"key": "k"}]
    assert swept.splitlines() == ["idempotency_key: 1", "1 rows ended."]
    assert await query("SELECT key FROM idempotency_key") == []


async def test_a_resident_is_forgotten_by_number_once_and_found_by_phone_until_then(
    ground: Ground, clock: FrozenClock, copy: Copy
) -> None:
    resident = await Resident.create(nickname="请忘掉我", created_at=clock.now())
    await bind_phone(resident.id, "13800000413", vault=ground.vault, at=clock.now())
    reindexed = await said(copy, "vault", "reindex")

    first = await said(copy.cold, "residents", "forget", str(resident.id))
    again = await copy.run("residents", "forget", str(resident.id))

    kept = await Resident.get(id=resident.id)
    assert "resident.phone_fingerprint: " in reindexed
    assert (first, again.stdout) == ("1 ended.\n", "0 ended.\n")
    assert f"{resident.id}: nobody, or gone already" in again.stderr
    assert (kept.nickname, kept.phone_sealed) == ("", None)
