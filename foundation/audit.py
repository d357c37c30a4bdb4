"""The audit: who of the staff looked at which personal data, or changed whose rights, and why.

    async with transaction():
        ...
        await record_look(actor, subject=f"resident:{resident.id}", what="phone", reason="confirmation")

Entries are append-only: a trigger refuses to change or remove them for everybody. The one way out is
`remove_outlived_entries`, and the database itself lets it take nothing younger than six months.
"""

from datetime import timedelta

import structlog
from tortoise import fields
from tortoise.models import Model

from foundation.access import Actor
from foundation.clock import real_now
from foundation.database import inside_transaction, query

KEPT_FOR = timedelta(days=3 * 365)
"""How long entries stay: three years, as law asks for records of handling; the trigger refuses less than six months."""

ACTOR_LENGTH = 20
SUBJECT_LENGTH = 80
WHAT_LENGTH = 60
REASON_LENGTH = 200


class AuditEntry(Model):
    """One look at personal data, or one change of somebody's rights."""

    id = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField()
    """When, in real time."""
    actor_kind = fields.CharField(max_length=ACTOR_LENGTH)
    actor_id = fields.BigIntField()
    what = fields.CharField(max_length=WHAT_LENGTH)
    """What was seen or done, as a word of the code: `phone`, `home`, `home.confirmed`."""
    subject = fields.CharField(max_length=SUBJECT_LENGTH)
    """Whom or what it is about, as `kind:id`."""
    place_id = fields.BigIntField(null=True)
    """Over which place the look was taken, so that an auditor of the place finds it; the ground knows no places."""
    reason = fields.CharField(max_length=REASON_LENGTH, default="")
    request_id = fields.CharField(max_length=64, default="")

    class Meta:
        app = "foundation"
        table = "audit_entry"
        table_description = "Audit entry, append-only"
        indexes = (("subject", "at"), ("actor_kind", "actor_id", "at"), ("at",), ("place_id", "at"))
        # who saw me; what they saw; age; what was seen in a place


class LookOutsideTransactionError(Exception):
    """An audit entry belongs to the transaction of what it tells about; there was none."""


async def record_look(actor: Actor, *, subject: str, what: str, reason: str = "", place_id: int | None = None) -> None:
    """Write down that `actor` sees or does `what` with `subject`, in the caller's transaction.

    Name the place it is about where there is one: auditors are appointed for places.

    Raises:
        LookOutsideTransactionError: there is no transaction, so the look could happen without the entry.

    """
    if not inside_transaction():
        raise LookOutsideTransactionError(what)
    await AuditEntry.create(
        at=real_now(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        what=what[:WHAT_LENGTH],
        subject=subject[:SUBJECT_LENGTH],
        place_id=place_id,
        reason=reason[:REASON_LENGTH],
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
    )


async def remove_outlived_entries() -> int:
    """Remove what is older than it is kept; give the number of entries that went."""
    rows = await query("SELECT remove_outlived_audit(%s) AS removed", real_now() - KEPT_FOR)
    return int(rows[0]["removed"])
