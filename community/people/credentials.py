"""Everything that changes how people are signed in: sign-ins, one-time tickets, pages.

All instants here are real time, also in the demo, where only the domain's clock is moved.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from community.people.errors import InvalidTicketError
from community.people.models import DEVICE_LENGTH, PageSession, SignIn, Ticket, TicketKind
from community.people.tokens import hash_of, new_token
from foundation.database import transaction
from foundation.errors import NotFoundError, NotSignedInError
from foundation.statements import array_of

MOST_DEVICES = 20
"""The mini-program signs in anew whenever its storage was cleared; the longest unused sign-in gives way."""
USE_NOTED_EVERY = timedelta(hours=1)
PAGE_STAYS_OPEN = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class OpenedSignIn:
    """A fresh sign-in; the only time its token is known in clear."""

    sign_in: SignIn
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IssuedTicket:
    """A fresh ticket; the only time it is known in clear."""

    expires_at: datetime
    ticket: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenedPage:
    """A fresh page session; the only time its cookie is known in clear."""

    page: PageSession
    token: str = field(repr=False)


async def open_sign_in(
    *,
    resident_id: int | None = None,
    staff_id: int | None = None,
    device: str,
    real_at: datetime,
    good_for: timedelta,
) -> OpenedSignIn:
    """Sign one person in on a device; the database refuses none or two persons."""
    token = new_token()
    async with transaction() as tx:
        sign_in = await SignIn.create(
            token_hash=hash_of(token),
            resident_id=resident_id,
            staff_id=staff_id,
            device=device[:DEVICE_LENGTH],
            created_at=real_at,
            last_used_at=real_at,
            expires_at=real_at + good_for,
        )
        await tx.query(_END_OLDEST, real_at, resident_id or 0, staff_id or 0, real_at, MOST_DEVICES)
    return OpenedSignIn(sign_in, token)


_END_OLDEST = """
UPDATE sign_in SET revoked_at = %s WHERE id IN (
    SELECT id FROM sign_in
    WHERE (resident_id = %s OR staff_id = %s) AND revoked_at IS NULL AND expires_at > %s
    ORDER BY last_used_at DESC, id DESC OFFSET %s
) RETURNING id
"""


async def open_staff_session(staff_id: int, *, device: str, real_at: datetime, good_for: timedelta) -> OpenedSignIn:
    """Sign a member of staff in, whose identity the caller has checked."""
    return await open_sign_in(staff_id=staff_id, device=device, real_at=real_at, good_for=good_for)


async def sign_out(sign_in_id: int, *, real_at: datetime) -> None:
    """End a sign-in, with every page and socket that lives on it; ending it twice changes nothing."""
    async with transaction():
        await SignIn.filter(id=sign_in_id, revoked_at__isnull=True).update(revoked_at=real_at)


async def revoke(
    sign_in_id: int, *, resident_id: int | None = None, staff_id: int | None = None, real_at: datetime
) -> None:
    """End one of a person's own sign-ins.

    Raises:
        NotFoundError: it does not exist, has ended, or is another person's.

    """
    async with transaction():
        own = {"staff_id": staff_id} if staff_id is not None else {"resident_id": resident_id}
        ended = await SignIn.filter(id=sign_in_id, revoked_at__isnull=True, expires_at__gt=real_at, **own).update(
            revoked_at=real_at
        )
        if not ended:
            raise NotFoundError


async def revoke_all(*, resident_id: int | None = None, staff_id: int | None = None, real_at: datetime) -> int:
    """End every sign-in of somebody who leaves or lost a phone; give how many ended."""
    async with transaction():
        own = {"staff_id": staff_id} if staff_id is not None else {"resident_id": resident_id}
        return await SignIn.filter(revoked_at__isnull=True, **own).update(revoked_at=real_at)


async def note_uses(sign_in_ids: Collection[int], *, real_at: datetime, good_for: timedelta) -> None:
    """Move the ends of sign-ins on because they are used; written at most once an hour for each."""
    async with transaction() as tx:
        tx.order(
            """WITH due AS (SELECT id FROM sign_in
                   WHERE id = ANY(%s::bigint[]) AND revoked_at IS NULL AND last_used_at < %s
                   FOR NO KEY UPDATE SKIP LOCKED)  -- whoever has one of them notes its use, or ends it
               UPDATE sign_in SET last_used_at = %s, expires_at = %s FROM due WHERE sign_in.id = due.id""",
            array_of(map(str, sign_in_ids)),
            real_at - USE_NOTED_EVERY,
            real_at,
            real_at + good_for,
        )


async def issue_ticket(sign_in_id: int, kind: TicketKind, *, real_at: datetime, good_for: timedelta) -> IssuedTicket:
    """Make a one-time ticket for a page or a socket.

    Raises:
        NotSignedInError: the sign-in has ended meanwhile.

    """
    ticket = new_token()
    async with transaction():
        sign_in = await SignIn.get_or_none(id=sign_in_id)
        if sign_in is None or not sign_in.is_valid(real_at):
            raise NotSignedInError
        expires_at = real_at + good_for
        await Ticket.create(ticket_hash=hash_of(ticket), sign_in_id=sign_in_id, kind=kind, expires_at=expires_at)
    return IssuedTicket(expires_at, ticket)


async def redeem_ticket(ticket: str, kind: TicketKind, *, real_at: datetime) -> int:
    """Use a ticket up and give the sign-in behind it.

    One statement, so of two uses at the same moment one finds it used.

    Raises:
        InvalidTicketError: unknown, expired, used, of the other kind, or its sign-in has ended.

    """
    async with transaction() as tx:
        redeemed = await tx.query(_REDEEM, real_at, hash_of(ticket), kind.value, real_at, real_at)
        if not redeemed:
            raise InvalidTicketError
    return int(redeemed[0]["sign_in_id"])


_REDEEM = """
UPDATE sign_in_ticket AS ticket SET used_at = %s
FROM sign_in
WHERE ticket.ticket_hash = %s AND ticket.kind = %s AND ticket.used_at IS NULL AND ticket.expires_at > %s
    AND sign_in.id = ticket.sign_in_id AND sign_in.revoked_at IS NULL AND sign_in.expires_at > %s
RETURNING ticket.sign_in_id
"""


async def open_page_session(ticket: str, *, real_at: datetime) -> OpenedPage:
    """Exchange a page ticket for a page session.

    Raises:
        InvalidTicketError: the ticket opens nothing (any more).

    """
    token = new_token()
    async with transaction():
        sign_in_id = await redeem_ticket(ticket, TicketKind.PAGE, real_at=real_at)
        page = await PageSession.create(
            token_hash=hash_of(token),
            sign_in_id=sign_in_id,
            created_at=real_at,
            expires_at=real_at + PAGE_STAYS_OPEN,
        )
    return OpenedPage(page, token)


async def close_page_session(page_session_id: int) -> None:
    """Close one page; the sign-in it was opened from stays."""
    async with transaction():
        await PageSession.filter(id=page_session_id).delete()
