"""Invented people for the demo and for tests: staff for the generated posts, and residents with homes.

They stand on what `community.places.demo` plants. Whatever is there already is left alone, so both functions
may run twice.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from community.people.actions import (
    WechatIdentity,
    bind_phone,
    claim_home,
    confirm_home_by_register,
    sign_in,
)
from community.people.credentials import OpenedSignIn, open_staff_session
from community.people.models import RoleGrant, RoleName, Staff
from community.people.queries import open_at
from community.places.models import Origin, Place, PlaceKind, Post, Responsibility
from foundation.database import query, transaction
from foundation.errors import NotFoundError
from foundation.vault import Vault

ROLES = {
    Post.SECRETARY: RoleName.SECRETARY,
    Post.DEPUTY: RoleName.DEPUTY,
    Post.GRID_CHIEF: RoleName.GRID_CHIEF,
}
"""Posts held by staff; a building leader is a resident."""
UNSEEN = ((RoleName.GRID_WORKER, PlaceKind.GRID, "网格员"), (RoleName.DUTY_OFFICER, PlaceKind.COMMUNITY, "值班员"))
"""Posts that residents do not see on a place, so the places' demo knows nothing of them."""
BATCH = 1000


@dataclass(frozen=True, slots=True)
class DemoResident:
    """A resident of the demo, signed in."""

    id: int
    openid: str
    home_place_id: int
    token: str = field(repr=False)


async def make_demo_staff(at: datetime) -> int:
    """Give every generated post a member of staff with the rights of it, and one auditor; give how many came."""
    async with transaction():
        open_posts = await Responsibility.filter(
            open_at(at), origin=Origin.GENERATED, post__in=list(ROLES), staff_id__isnull=True
        ).order_by("id")
        staff = await _employ([(each.holder_name or "", each.office_phone or "") for each in open_posts], at)
        grants = []
        for person, each in zip(staff, open_posts, strict=True):
            each.staff_id = person.id
            grants.append(
                RoleGrant(staff_id=person.id, role=ROLES[each.post], place_id=each.place_id, from_at=each.from_at)
            )
        if open_posts:
            await Responsibility.bulk_update(open_posts, fields=["staff_id"], batch_size=BATCH)
        grants += await _unseen_grants(at)
        await RoleGrant.bulk_create(grants, batch_size=BATCH)
    return len(grants)


async def _unseen_grants(at: datetime) -> list[RoleGrant]:
    wanted: list[tuple[RoleName, int | None, str]] = []
    held = {(grant.role, grant.place_id) for grant in await RoleGrant.filter(open_at(at))}
    for role, kind, title in UNSEEN:
        places = await Place.filter(kind=kind, current=True).order_by("id")
        wanted += [(role, place.id, f"{place.name}{title}") for place in places]
    wanted.append((RoleName.AUDITOR, None, "审计员"))
    missing = [each for each in wanted if each[:2] not in held]
    staff = await _employ([(name, "") for _, _, name in missing], at)
    return [
        RoleGrant(staff_id=person.id, role=role, place_id=place_id, from_at=at)
        for person, (role, place_id, _) in zip(staff, missing, strict=True)
    ]


async def _employ(cards: list[tuple[str, str]], at: datetime) -> list[Staff]:
    """Store staff by name and office phone, under reserved ids: a batch insert does not tell those it gave."""
    ids = await query(
        "SELECT nextval(pg_get_serial_sequence('staff', 'id')) AS id FROM generate_series(1, %s)", len(cards)
    )
    staff = [
        Staff(id=row["id"], name=name[:60], office_phone=phone, created_at=at)
        for row, (name, phone) in zip(ids, cards, strict=True)
    ]
    await Staff.bulk_create(staff, batch_size=BATCH)
    return staff


async def sign_demo_staff_in(
    role: RoleName, place_id: int | None, *, at: datetime, real_at: datetime, good_for: timedelta
) -> tuple[OpenedSignIn, RoleGrant]:
    """Sign in whoever holds a post; without a place, the first who holds such a post anywhere.

    Raises:
        NotFoundError: no member of staff holds it.

    """
    grants = RoleGrant.filter(open_at(at), role=role, staff_id__isnull=False)
    if place_id is not None:
        grants = grants.filter(place_id=place_id)
    grant = await grants.order_by("id").first()
    if grant is None or grant.staff_id is None:
        raise NotFoundError
    opened = await open_staff_session(grant.staff_id, device="demo", real_at=real_at, good_for=good_for)
    return opened, grant


async def make_demo_resident(
    number: int,
    *,
    place_id: int,
    app_id: str,
    vault: Vault,
    at: datetime,
    real_at: datetime,
    good_for: timedelta,
) -> DemoResident:
    """Make one resident with a bound phone and a confirmed home, and sign them in."""
    openid = f"demo-resident-{number}"
    signed_in = await sign_in(WechatIdentity(app_id, openid), device="demo", at=at, real_at=real_at, good_for=good_for)
    resident = signed_in.resident
    await bind_phone(resident.id, f"138000{number:05}", vault=vault, at=at)
    await claim_home(resident.id, place_id=place_id, room=f"{number:02}01", vault=vault, at=at)
    await confirm_home_by_register(resident.id, at=at)
    return DemoResident(resident.id, openid, place_id, signed_in.opened.token)
