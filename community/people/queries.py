"""What doors and pages read about people. Nothing here changes a row."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.expressions import Q

from community.people.models import Home, RoleGrant, SignIn
from foundation.access import Actor, Role
from foundation.database import read
from foundation.statements import array_of


@dataclass(frozen=True, slots=True)
class SignedInPerson:
    """Who is behind a token or a page's cookie, with the posts they hold now."""

    sign_in_id: int
    page_session_id: int | None
    resident_id: int | None
    staff_id: int | None
    language: str | None
    """What they chose, if anything."""
    roles: frozenset[Role]
    last_used_at: datetime


_PERSON = """
SELECT valid.*,
    coalesce(
        (SELECT language FROM resident WHERE id = valid.resident_id),
        (SELECT language FROM staff WHERE id = valid.staff_id)) AS language,
    (SELECT jsonb_agg(jsonb_build_array(role, place_id)) FROM role_grant
     WHERE (role_grant.resident_id = valid.resident_id OR role_grant.staff_id = valid.staff_id)
        AND from_at <= %s AND (to_at IS NULL OR to_at > %s)) AS roles
FROM valid
"""
_BY_HASHES = """
WITH valid AS (
    SELECT known.* FROM unnest((SELECT %s::bytea[])) AS asked (hash) CROSS JOIN LATERAL (
        SELECT id, resident_id, staff_id, last_used_at, NULL::bigint AS page_session_id, token_hash
        FROM sign_in WHERE token_hash = asked.hash AND revoked_at IS NULL AND expires_at > %s LIMIT 1
    ) AS known
)"""
"""Whoever plans it sees neither how many are asked nor a way around the index: planned once, not at every request."""
_BY_ID = """
WITH valid AS (
    SELECT id, resident_id, staff_id, last_used_at, NULL::bigint AS page_session_id
    FROM sign_in WHERE id = %s AND revoked_at IS NULL AND expires_at > %s
)"""
_BY_PAGE = """
WITH valid AS (
    SELECT sign_in.id, resident_id, staff_id, last_used_at, page_session.id AS page_session_id
    FROM page_session JOIN sign_in ON sign_in.id = page_session.sign_in_id
    WHERE page_session.token_hash = %s AND page_session.expires_at > %s
        AND sign_in.revoked_at IS NULL AND sign_in.expires_at > %s
)"""


async def people_of_tokens(
    token_hashes: Collection[bytes], *, at: datetime, real_at: datetime
) -> dict[bytes, SignedInPerson]:
    """Find who sign-in tokens belong to, in one query; unknown, expired and revoked ones are left out."""
    hashes = array_of(f'"\\\\x{each.hex()}"' for each in token_hashes)
    rows = await read(_BY_HASHES + _PERSON, hashes, real_at, at, at)
    return {bytes(row["token_hash"]): person for row in rows if (person := _person([row]))}


async def person_of_page(token_hash: bytes, *, at: datetime, real_at: datetime) -> SignedInPerson | None:
    """Find who a page's cookie belongs to; it dies with the sign-in it was opened from."""
    return _person(await read(_BY_PAGE + _PERSON, token_hash, real_at, real_at, at, at))


async def person_of_sign_in(sign_in_id: int, *, at: datetime, real_at: datetime) -> SignedInPerson | None:
    """Find who a sign-in belongs to, for instance the one behind a ticket."""
    return _person(await read(_BY_ID + _PERSON, sign_in_id, real_at, at, at))


def _person(rows: list[dict[str, Any]]) -> SignedInPerson | None:
    if not rows:
        return None
    row = rows[0]
    return SignedInPerson(
        sign_in_id=row["id"],
        page_session_id=row["page_session_id"],
        resident_id=row["resident_id"],
        staff_id=row["staff_id"],
        language=row["language"],
        roles=frozenset(Role(name, place_id) for name, place_id in row["roles"] or ()),
        last_used_at=row["last_used_at"],
    )


async def valid_sign_ins(sign_in_ids: Collection[int], *, real_at: datetime) -> set[int]:
    """Tell which of these sign-ins still open anything."""
    if not sign_in_ids:
        return set()
    rows = await read(_VALID, array_of(map(str, sign_in_ids)), real_at)
    return set(rows[0]["valid"])


_VALID = """
SELECT coalesce(array_agg(id), '{}') AS valid FROM sign_in
WHERE id = ANY(%s::bigint[]) AND revoked_at IS NULL AND expires_at > %s
"""
"""Asked and answered in one word each: with thousands of open sockets, rows would hold up the loop."""


def open_at(at: datetime) -> Q:
    """Select the intervals that contain an instant."""
    return Q(from_at__lte=at) & not_over_at(at)


def not_over_at(at: datetime) -> Q:
    """Select the intervals that contain an instant or come after it."""
    return Q(to_at__isnull=True) | Q(to_at__gt=at)


def held_by(actor: Actor) -> Q:
    """Select what belongs to a person: posts, sign-ins."""
    return Q(staff_id=actor.id) if actor.kind == "staff" else Q(resident_id=actor.id)


async def home_of(resident_id: int) -> Home | None:
    """Give where a resident lives now, if they said so."""
    return await Home.get_or_none(resident_id=resident_id, to_at__isnull=True)


async def posts_of(actor: Actor, *, at: datetime) -> list[RoleGrant]:
    """List the posts a person holds."""
    return await RoleGrant.filter(held_by(actor), open_at(at)).order_by("id")


async def devices_of(actor: Actor, *, real_at: datetime) -> list[SignIn]:
    """List where a person is signed in, last used first."""
    valid = SignIn.filter(held_by(actor), revoked_at__isnull=True, expires_at__gt=real_at)
    return await valid.order_by("-last_used_at", "-id")


async def places_over(place_id: int) -> list[int]:
    """List a place and everything it lies in, areas too; a post over any of them reaches it."""
    return [row["id"] for row in await read(_OVER, place_id)]


_OVER = """
WITH lying_in AS (
    SELECT above.id, above.area_id FROM place AS here
    JOIN place AS above ON above.id = ANY (string_to_array(trim(BOTH '/' FROM here.path), '/')::bigint[])
    WHERE here.id = %s
)
SELECT id FROM lying_in UNION SELECT area_id FROM lying_in WHERE area_id IS NOT NULL
"""
