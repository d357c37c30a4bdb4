"""Everything that changes who works here and who holds which post. Each change is audited.

A post gives rights (`RoleGrant`); what residents are shown as "your secretary" is the place's
`Responsibility`. `appoint` writes both, so they cannot drift apart.
"""

from dataclasses import dataclass
from datetime import datetime

from community.people.models import RoleGrant, RoleName, Staff
from community.people.queries import not_over_at, open_at
from community.places import actions as places
from community.places.models import Origin, Place, Post, Responsibility
from foundation.access import Actor
from foundation.audit import record_look
from foundation.database import transaction

SHOWN_POSTS = {
    RoleName.SECRETARY: Post.SECRETARY,
    RoleName.DEPUTY: Post.DEPUTY,
    RoleName.GRID_CHIEF: Post.GRID_CHIEF,
    RoleName.BUILDING_LEADER: Post.BUILDING_LEADER,
}
"""Posts that residents see on a place."""

PRODUCT = Actor(kind="machine", id=0, key="product")
"""Who acts when a file is read or a command is given on the server itself."""


@dataclass(frozen=True, slots=True)
class StaffCard:
    """How a member of staff is known: by WeCom's user id where there is one, else by name and office phone."""

    name: str
    office_phone: str = ""
    wecom_userid: str | None = None


async def employ(card: StaffCard, *, at: datetime) -> Staff:
    """Give the member of staff with this card, made if new; a new name or phone under a known user id is taken over."""
    async with transaction():
        if card.wecom_userid is None:
            known = (
                await Staff.filter(name=card.name, office_phone=card.office_phone, wecom_userid__isnull=True)
                .order_by("id")
                .first()
            )
        else:
            known = await Staff.get_or_none(wecom_userid=card.wecom_userid)
        if known is None:
            return await Staff.create(
                name=card.name,
                office_phone=card.office_phone,
                wecom_userid=card.wecom_userid,
                created_at=at,
            )
        if (known.name, known.office_phone) != (card.name, card.office_phone):
            known.name, known.office_phone = card.name, card.office_phone
            await known.save(update_fields=["name", "office_phone"])
            await _show_anew(known, at=at)
    return known


async def _show_anew(staff: Staff, *, at: datetime) -> None:
    """Tell residents somebody's new name and phone at every post they hold or will hold; what was stays as it was told."""
    theirs = Responsibility.filter(not_over_at(at), staff_id=staff.id)
    await theirs.update(holder_name=staff.name, office_phone=staff.office_phone or None)


async def appoint(
    actor: Actor,
    staff: Staff,
    role: RoleName,
    *,
    place_id: int | None,
    post: str = "",
    at: datetime,
    until: datetime | None = None,
) -> RoleGrant:
    """Give a post to a member of staff from `at` on; one they hold already stays as it is.

    A post that residents see has one holder: the former one's ends. If the new term has an end itself,
    nobody's is ended for it.

    Raises:
        PostTakenError: residents were told of another holder in that time.

    """
    async with transaction():
        held = RoleGrant.filter(open_at(at), role=role, place_id=place_id)
        grant = await held.filter(staff_id=staff.id).order_by("id").first()
        if grant is not None:
            return grant
        if place_id is not None and role in SHOWN_POSTS:
            if until is None:
                for former in await held.filter(staff_id__isnull=False):
                    await _end(actor, former, at=at)
            await _show(staff, SHOWN_POSTS[role], await Place.get(id=place_id), at=at, until=until)
        grant = await RoleGrant.create(staff=staff, role=role, place_id=place_id, post=post, from_at=at, to_at=until)
        await record_look(
            actor, subject=f"staff:{staff.id}", what="post.given", reason=_words(grant), place_id=place_id
        )
    return grant


async def _show(staff: Staff, post: Post, place: Place, *, at: datetime, until: datetime | None) -> None:
    """Tell residents who holds the post; a holder known only by this name so far gets this card."""
    shown = await Responsibility.filter(open_at(at), place_id=place.id, post=post, subject="").first()
    if shown is not None and shown.holder_name == staff.name and shown.staff_id in (None, staff.id):
        await Responsibility.filter(id=shown.id).update(
            staff_id=staff.id, office_phone=staff.office_phone or shown.office_phone, to_at=shown.to_at or until
        )
        return
    holder = places.Holder(staff.name, staff.office_phone or None, staff.id, Origin.IMPORTED)
    await places.appoint(place, post, holder, from_at=at, to_at=until)


async def appoint_leader(actor: Actor, resident_id: int, *, place_id: int, at: datetime) -> RoleGrant:
    """Make a resident the leader of a building; one who is it already stays so."""
    async with transaction():
        held = (
            await RoleGrant.filter(
                open_at(at), resident_id=resident_id, role=RoleName.BUILDING_LEADER, place_id=place_id
            )
            .order_by("id")
            .first()
        )
        if held is None:
            held = await RoleGrant.create(
                resident_id=resident_id, role=RoleName.BUILDING_LEADER, place_id=place_id, from_at=at
            )
            await record_look(
                actor, subject=f"resident:{resident_id}", what="post.given", reason=_words(held), place_id=place_id
            )
    return held


async def end_post(actor: Actor, grant_id: int, *, at: datetime) -> None:
    """End a post, and tell residents so; one that has ended by then stays as it is."""
    async with transaction():
        grant = await RoleGrant.select_for_update().get(id=grant_id)
        if grant.to_at is not None and grant.to_at <= at:
            return
        await _end(actor, grant, at=at)
        if grant.staff_id is not None and grant.place_id is not None and grant.role in SHOWN_POSTS:
            shown = Responsibility.filter(
                open_at(at), place_id=grant.place_id, post=SHOWN_POSTS[grant.role], staff_id=grant.staff_id
            )
            await shown.filter(from_at=at).delete()  # never held; an empty interval is none
            await shown.update(to_at=at)


async def _end(actor: Actor, grant: RoleGrant, *, at: datetime) -> None:
    await RoleGrant.filter(id=grant.id).update(to_at=max(at, grant.from_at))
    holder = f"staff:{grant.staff_id}" if grant.staff_id is not None else f"resident:{grant.resident_id}"
    await record_look(actor, subject=holder, what="post.ended", reason=_words(grant), place_id=grant.place_id)


def _words(grant: RoleGrant) -> str:
    return f"{grant.role.value} of {'everywhere' if grant.place_id is None else f'place:{grant.place_id}'}"
