"""Who reads the audit: auditors, each for the places they were appointed for; and reading it is audited too."""

from dataclasses import dataclass
from datetime import datetime

from community.people.models import RoleGrant, RoleName
from community.people.queries import held_by, open_at, places_over
from foundation.access import Actor
from foundation.audit import AuditEntry, record_look
from foundation.database import query, transaction
from foundation.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted; what is None does not narrow."""

    place_id: int | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    subject: str | None = None
    what: str | None = None

    def words(self) -> str:
        """Say in the audit itself what was looked for."""
        named = {"from": self.from_at, "to": self.to_at, "subject": self.subject, "what": self.what}
        return " ".join(
            f"{name}={value.isoformat(timespec='minutes') if isinstance(value, datetime) else value}"
            for name, value in named.items()
            if value is not None
        )


async def read_audit(
    actor: Actor, wanted: AuditFilter, *, before_id: int | None, limit: int, at: datetime
) -> list[AuditEntry]:
    """Give entries newest first, of the places the actor is an auditor for; that they were read is an entry itself.

    Who is appointed for everywhere also reads entries that belong to no place. Who is no auditor reads nothing.

    Raises:
        NotFoundError: a place was named that the actor is no auditor for.

    """
    async with transaction():
        held = await RoleGrant.filter(held_by(actor), open_at(at), role=RoleName.AUDITOR)
        everywhere = any(grant.place_id is None for grant in held)
        roots = [grant.place_id for grant in held if grant.place_id is not None]
        if wanted.place_id is not None:
            over = await places_over(wanted.place_id)
            if not over or not (everywhere or set(roots) & set(over)):
                raise NotFoundError
            roots, everywhere = [wanted.place_id], False
        if not held:
            return []
        rows = await query(
            _ENTRIES,
            everywhere,
            roots,
            wanted.from_at,
            wanted.from_at,
            wanted.to_at,
            wanted.to_at,
            wanted.subject,
            wanted.subject,
            wanted.what,
            wanted.what,
            before_id,
            before_id,
            limit,
        )
        subject = f"place:{wanted.place_id}" if wanted.place_id is not None else "audit:all"
        await record_look(actor, subject=subject, what="audit.read", reason=wanted.words(), place_id=wanted.place_id)
    return [AuditEntry(**row) for row in rows]


_ENTRIES = """
SELECT entry.* FROM audit_entry AS entry
WHERE (%s OR entry.place_id IN (
        SELECT below.id FROM place AS root JOIN place AS below
            ON below.path LIKE root.path || '%%' OR below.area_id = root.id
        WHERE root.id = ANY(%s)))
    AND (%s::timestamptz IS NULL OR entry.at >= %s)
    AND (%s::timestamptz IS NULL OR entry.at < %s)
    AND (%s::text IS NULL OR entry.subject = %s)
    AND (%s::text IS NULL OR entry.what = %s)
    AND (%s::bigint IS NULL OR entry.id < %s)
ORDER BY entry.id DESC LIMIT %s
"""
