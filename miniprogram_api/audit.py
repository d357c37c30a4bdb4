"""HTTP for auditors: who of the staff saw or changed what, place by place."""

from typing import Annotated, Literal, Self

from pydantic import Field

from community.people.auditing import AuditFilter, read_audit
from foundation.access import Access
from foundation.audit import SUBJECT_LENGTH, WHAT_LENGTH, AuditEntry
from foundation.errors import NotFoundError
from foundation.web import Call, Id, Instant, LineText, Output, endpoint
from foundation.web.lists import BadCursorError, PageQuery, PageView, cursor_at, read_cursor


class AuditQuery(PageQuery):
    """Which entries."""

    place_id: Id | None = None
    """A place and all below it."""
    from_: Annotated[Instant | None, Field(alias="from")] = None
    to: Instant | None = None
    """Before this instant."""
    subject: Annotated[str, LineText(1, SUBJECT_LENGTH)] | None = None
    """Whom it is about, such as `resident:12`."""
    what: Annotated[str, LineText(1, WHAT_LENGTH)] | None = None
    """What was seen or done, such as `phone`."""


class AuditEntryView(Output):
    """One look at personal data, or one change of somebody's rights."""

    id: Id
    at: Instant
    actor_kind: Literal["resident", "staff", "machine"]
    actor_id: str
    what: str
    subject: str
    place_id: Id | None
    reason: str
    request_id: str

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        """Show an entry."""
        return cls(
            id=entry.id,
            at=entry.at,
            actor_kind=entry.actor_kind,
            actor_id=str(entry.actor_id),
            what=entry.what,
            subject=entry.subject,
            place_id=entry.place_id,
            reason=entry.reason,
            request_id=entry.request_id,
        )


@endpoint(
    "GET",
    "/staff/audit",
    access=Access.STAFF,
    errors=(NotFoundError, BadCursorError),
    summary="Read the audit, as an auditor",
)
async def get_audit(call: Call, query: AuditQuery) -> PageView[AuditEntryView]:
    """Newest first, of the places one is an auditor for; reading it is audited itself. Others read nothing."""
    place = read_cursor(query.cursor, int)
    wanted = AuditFilter(query.place_id, query.from_, query.to, query.subject, query.what)
    before_id = int(place[0]) if place else None
    entries = await read_audit(call.actor, wanted, before_id=before_id, limit=query.limit + 1, at=call.at)
    shown, more = entries[: query.limit], len(entries) > query.limit
    return PageView(
        items=[AuditEntryView.of(entry) for entry in shown],
        next_cursor=cursor_at(shown[-1].id) if more else None,
    )
