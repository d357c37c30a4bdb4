"""What the phone is shown of a person, and how a caller's sign-in is put into words."""

from typing import Literal, Self

from community.people.actions import room_of
from community.people.models import Home, Resident, SignIn, Staff, Standing
from community.people.phones import masked_phone
from community.people.queries import home_of
from community.people.sealed import RESIDENT_PHONE
from community.places.queries import describe_place
from foundation.access import Actor, Role
from foundation.vault import Vault
from foundation.web import Id, Instant, Output


class PathStepView(Output):
    """One place on the way down from the district."""

    id: Id
    name: str


class HomePlaceView(Output):
    """The place of a home, with the way to it."""

    id: Id
    name: str
    path: list[PathStepView]


class HomeView(Output):
    """Where somebody lives, and how far that is believed."""

    place_id: Id
    place: HomePlaceView
    room: str
    standing: Standing

    @classmethod
    async def of(cls, home: Home, vault: Vault) -> Self:
        """Show a home to somebody who may see it."""
        known = await describe_place(home.place_id)
        path = [PathStepView(id=step.id, name=step.name) for step in known.path]
        place = HomePlaceView(id=known.id, name=known.name, path=path)
        return cls(place_id=home.place_id, place=place, room=room_of(home, vault), standing=home.standing)


class RoleView(Output):
    """One post: what, and for which place; no place means everywhere."""

    role: str
    place_id: Id | None

    @classmethod
    def all_of(cls, roles: frozenset[Role]) -> list[Self]:
        """Show posts in a steady order."""
        ordered = sorted(roles, key=lambda role: (role.name, role.place_id or 0))
        return [cls(role=role.name, place_id=role.place_id) for role in ordered]


class MeView(Output):
    """What a person is shown of themselves."""

    id: Id
    kind: Literal["resident", "staff"]
    nickname: str
    language: str
    large_text: bool
    home: HomeView | None
    phone_masked: str | None
    roles: list[RoleView]
    notification_settings: dict[str, str]
    """How they want to be told of things; empty until they said so."""


async def me_of(actor: Actor, vault: Vault, language: str) -> MeView:
    """Show a person to themselves; `language` is what they read until they choose one."""
    if actor.kind == "staff":
        return _staff_view(await Staff.get(id=actor.id), actor, language)
    resident = await Resident.get(id=actor.id)
    home = await home_of(actor.id)
    return MeView(
        id=resident.id,
        kind="resident",
        nickname=resident.nickname,
        language=resident.language or language,
        large_text=resident.large_text,
        home=await HomeView.of(home, vault) if home else None,
        phone_masked=_masked(resident, vault),
        roles=RoleView.all_of(actor.roles),
        notification_settings={},
    )


def _staff_view(staff: Staff, actor: Actor, language: str) -> MeView:
    return MeView(
        id=staff.id,
        kind="staff",
        nickname=staff.name,
        language=staff.language or language,
        large_text=staff.large_text,
        home=None,
        phone_masked=None,
        roles=RoleView.all_of(actor.roles),
        notification_settings={},
    )


def _masked(resident: Resident, vault: Vault) -> str | None:
    if resident.phone_sealed is None:
        return None
    return masked_phone(vault.open(bytes(resident.phone_sealed), context=RESIDENT_PHONE))


class DeviceView(Output):
    """One device on which a person is signed in."""

    id: Id
    device: str
    current: bool
    """Whether it is the one that asks."""
    signed_in_at: Instant
    last_used_at: Instant
    expires_at: Instant

    @classmethod
    def of(cls, sign_in: SignIn, *, asking: int) -> Self:
        """Show a sign-in to its person."""
        return cls(
            id=sign_in.id,
            device=sign_in.device,
            current=sign_in.id == asking,
            signed_in_at=sign_in.created_at,
            last_used_at=sign_in.last_used_at,
            expires_at=sign_in.expires_at,
        )
