"""Leaving: a person takes their identity along, and what law or neighbours need stays without it.

Start at `leave`. It is one transaction over everything that any room holds (`foundation/holdings.py`): either
all of it is gone, or nothing is. The resident's row stays as a number, so that requests that were under way a
moment ago find nobody; complaints go over to the one row that stands for nobody.
"""

from datetime import datetime
from typing import Any, LiteralString

import structlog

from community.people.actions import room_of
from community.people.consents import history_of
from community.people.events import ResidentLeft
from community.people.models import Consent, Home, Resident, RoleGrant, SignIn, WechatAccount
from community.people.sealed import GUARDIAN, RESIDENT_PHONE
from community.places.queries import paths_of
from foundation.access import Actor
from foundation.audit import record_look
from foundation.clock import real_now
from foundation.database import Transaction, query, transaction
from foundation.errors import NotSignedInError
from foundation.ground import Ground
from foundation.holdings import Holding, Leaving, end_everything

log = structlog.get_logger(__name__)


async def leave(ground: Ground, actor: Actor, *, at: datetime, real_at: datetime) -> None:
    """End everything that is held about a resident.

    Raises:
        NotSignedInError: they have left already.

    """
    async with transaction() as tx:
        resident = await Resident.select_for_update().get_or_none(id=actor.id)
        if resident is None or resident.erased_at is not None or resident.nobody:
            raise NotSignedInError
        await tx.query("SELECT set_config('linli.erasing', 'on', true)")
        await end_everything(tx, Leaving(actor, ground, at, real_at))
        await record_look(actor, subject=f"resident:{actor.id}", what="left")
        tx.emit(ResidentLeft(occurred_at=at, resident_id=actor.id))
    log.info("resident_left", resident=actor.id)  # outlives a backup that is older: whom to end again is read here


async def nobody(tx: Transaction, *, at: datetime) -> int:
    """Give the row that stands for nobody; it is made when it is first needed."""
    await tx.query(
        "INSERT INTO resident (nickname, large_text, created_at, nobody) VALUES ('', false, %s, true)"
        " ON CONFLICT DO NOTHING RETURNING id",
        at,
    )
    return int((await tx.query("SELECT id FROM resident WHERE nobody"))[0]["id"])


async def _give(ground: Ground, actor: Actor) -> dict[str, Any]:
    resident, vault = await Resident.get(id=actor.id), ground.vault
    phone = vault.open(bytes(resident.phone_sealed), context=RESIDENT_PHONE) if resident.phone_sealed else None
    return {
        "id": str(resident.id),
        "nickname": resident.nickname,
        "language": resident.language,
        "large_text": resident.large_text,
        "phone": phone,
        "phone_bound_at": resident.phone_bound_at,
        "created_at": resident.created_at,
        "last_seen_at": resident.last_seen_at,
        "wechat_accounts": await WechatAccount.filter(resident_id=actor.id)
        .order_by("id")
        .values("app_id", "openid", "unionid", "created_at"),
        "homes": await _homes(ground, actor.id),
        "posts": await RoleGrant.filter(resident_id=actor.id)
        .order_by("id")
        .values("role", "place_id", "post", "from_at", "to_at"),
        "sign_ins": await SignIn.filter(resident_id=actor.id)
        .order_by("id")
        .values("device", "created_at", "last_used_at", "expires_at", "revoked_at"),
    }


async def _homes(ground: Ground, resident_id: int) -> list[dict[str, Any]]:
    homes = await Home.filter(resident_id=resident_id).order_by("from_at", "id")
    places = await paths_of(home.place_id for home in homes)
    return [
        {
            "place_id": str(home.place_id),
            "place": places[home.place_id].label,
            "room": room_of(home, ground.vault),
            "standing": home.standing.value,
            "confirmed_at": home.confirmed_at,
            "from": home.from_at,
            "to": home.to_at,
        }
        for home in homes
    ]


async def _end(_: Transaction, leaving: Leaving) -> None:
    resident_id = leaving.actor.id
    await Home.filter(resident_id=resident_id).delete()
    await WechatAccount.filter(resident_id=resident_id).delete()
    await SignIn.filter(resident_id=resident_id).delete()  # with their tickets and pages
    for grant in await RoleGrant.filter(resident_id=resident_id, to_at__isnull=True):
        await RoleGrant.filter(id=grant.id).update(to_at=max(leaving.at, grant.from_at))
    await Resident.filter(id=resident_id).update(
        nickname="",
        language=None,
        large_text=False,
        phone_sealed=None,
        phone_fingerprint=None,
        phone_bound_at=None,
        last_seen_at=None,
        erased_at=leaving.real_at,
    )


async def _give_consents(ground: Ground, actor: Actor) -> list[dict[str, Any]]:
    return [
        {
            "purpose": line.purpose.value,
            "version": line.version,
            "language": line.language,
            "given": line.given,
            "at": line.at,
            "given_by": line.given_by.value,
            "guardian": ground.vault.open(bytes(line.guardian_sealed), context=GUARDIAN)
            if line.guardian_sealed
            else None,
            "under_14_until": line.under_14_until,
        }
        for line in await history_of(actor.id)
    ]


async def _end_consents(_: Transaction, leaving: Leaving) -> None:
    """Keep that there was a consent, which must be shown if asked, and nobody's name with it."""
    await Consent.filter(resident_id=leaving.actor.id).update(guardian_sealed=None, under_14_until=None)


HOLDINGS = (
    Holding("consents", ("consent",), _give_consents, _end_consents),
    Holding("person", ("wechat_account", "home", "role_grant", "sign_in"), _give, _end),
)


async def let_forgotten_go(ground: Ground, before: datetime) -> int:
    """End accounts that were not used since an instant and have no open complaint; give how many."""
    gone = 0
    for row in await query(_FORGOTTEN, before, MOST_AT_ONCE):
        try:
            await leave(ground, Actor("resident", row["id"]), at=ground.clock.now(), real_at=real_now())
        except NotSignedInError:
            continue  # gone by themselves just now
        gone += 1
    return gone


MOST_AT_ONCE = 2000
UNUSED: LiteralString = """
last_seen_at < %s AND erased_at IS NULL AND NOT nobody
    AND NOT EXISTS (SELECT FROM sign_in WHERE sign_in.resident_id = resident.id)
    AND NOT EXISTS (SELECT FROM complaint WHERE complaint.resident_id = resident.id
        AND status NOT IN ('closed', 'withdrawn', 'not_accepted', 'merged'))
"""
"""Which residents have not been here since an instant and wait for nothing; retention counts by the same words."""
_FORGOTTEN = f"SELECT id FROM resident WHERE {UNUSED} ORDER BY last_seen_at LIMIT %s"  # noqa: S608 - written in the code
