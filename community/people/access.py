"""Who may have whose row. The only way from somebody else's id to a resident.

Absent and forbidden answer the same: `NotFoundError`.
"""

from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import Q

from community.people.models import Home, Resident, RoleGrant, RoleName
from community.people.queries import held_by, home_of, open_at, places_over
from foundation.access import Actor
from foundation.errors import NotFoundError

LOOKS_AFTER_RESIDENTS = frozenset(
    {RoleName.SECRETARY, RoleName.DEPUTY, RoleName.GRID_CHIEF, RoleName.GRID_WORKER, RoleName.BUILDING_LEADER}
)
"""Posts that know who lives where; an auditor sees the audit and the officer on duty the letters."""


@dataclass(frozen=True, slots=True)
class ResidentSight:
    """A resident as somebody with a post over their home may see them."""

    resident: Resident
    home: Home
    grant: RoleGrant
    """The post that gives the right."""


async def access_resident_for_staff(
    actor: Actor, resident_id: int, *, at: datetime, lock: bool = False
) -> ResidentSight:
    """Give a resident to somebody whose post reaches their home; staff or a building leader.

    With `lock`, the resident's row is locked, so the home cannot change meanwhile.

    Raises:
        NotFoundError: there is no such resident, they have no home, or no post of the actor's reaches it.

    """
    residents = Resident.select_for_update(no_key=True) if lock else Resident.all()
    resident = await residents.get_or_none(id=resident_id)
    home = await home_of(resident_id)
    if resident is None or home is None:
        raise NotFoundError
    grant = await _grant_over(actor, home.place_id, at=at)
    if grant is None:
        raise NotFoundError
    return ResidentSight(resident, home, grant)


async def access_place_for_staff(actor: Actor, place_id: int, *, at: datetime) -> RoleGrant:
    """Give the actor's post that looks after the residents of a place.

    Raises:
        NotFoundError: there is no such place, or no post of the actor's reaches it.

    """
    grant = await _grant_over(actor, place_id, at=at)
    if grant is None:
        raise NotFoundError
    return grant


async def _grant_over(actor: Actor, place_id: int, *, at: datetime) -> RoleGrant | None:
    """Read the post afresh: the actor's own roles may be seconds old."""
    if actor.kind == "machine":
        return None
    over = await places_over(place_id)
    if not over:
        return None
    reach = Q(place_id__in=over) | Q(place_id__isnull=True)
    return (
        await RoleGrant.filter(held_by(actor), reach, open_at(at), role__in=LOOKS_AFTER_RESIDENTS)
        .order_by("id")
        .first()
    )
