"""Everything that changes a person. One function is one use case and one transaction.

`at` is domain time (homes and posts are intervals in it), `real_at` real time (tokens live by it).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from community.people.access import access_resident_for_staff
from community.people.consents import hold_resident
from community.people.credentials import OpenedSignIn, open_sign_in
from community.people.errors import (
    HomeNeedsBuildingError,
    NameGivenByOfficeError,
    PhoneBoundTooOftenError,
    UnusablePhoneError,
)
from community.people.events import HomeClaimed, HomeConfirmed
from community.people.models import Home, Resident, Staff, Standing, WechatAccount
from community.people.phones import UnreadablePhoneError, normal_phone
from community.people.queries import home_of
from community.people.sealed import HOME_ROOM, RESIDENT_PHONE
from community.places.models import PlaceKind
from community.places.queries import settled_place
from foundation.access import Actor
from foundation.audit import record_look
from foundation.database import Transaction, transaction
from foundation.errors import NotFoundError
from foundation.vault import Vault

MOST_SHARING_A_PHONE = 5
HOME_KINDS = frozenset({PlaceKind.BUILDING, PlaceKind.HOUSEHOLD})


@dataclass(frozen=True, slots=True)
class WechatIdentity:
    """Who WeChat says somebody is, in one of its apps."""

    app_id: str
    openid: str
    unionid: str | None = None


@dataclass(frozen=True, slots=True)
class ResidentSignedIn:
    """A resident with a fresh sign-in."""

    resident: Resident
    opened: OpenedSignIn


async def sign_in(
    identity: WechatIdentity, *, device: str, at: datetime, real_at: datetime, good_for: timedelta
) -> ResidentSignedIn:
    """Sign a resident in; at the first time make the resident, once.

    Two first sign-ins at the same moment make one resident: the unique (app, openid) decides.
    """
    async with transaction() as tx:
        resident_id = await _known_resident(identity) or await _new_resident(tx, identity, at)
        if not await Resident.filter(id=resident_id, erased_at__isnull=True).update(last_seen_at=real_at):
            resident_id = await _new_resident(tx, identity, at)  # they left this very moment
        opened = await open_sign_in(resident_id=resident_id, device=device, real_at=real_at, good_for=good_for)
        return ResidentSignedIn(await Resident.get(id=resident_id), opened)


async def _known_resident(identity: WechatIdentity) -> int | None:
    """Find whose identity it is; a union id that WeChat tells only now is kept."""
    account = await WechatAccount.get_or_none(app_id=identity.app_id, openid=identity.openid)
    if account is None:
        return None
    if identity.unionid and account.unionid != identity.unionid:
        await WechatAccount.filter(id=account.id).update(unionid=identity.unionid)
    return account.resident_id


async def _new_resident(tx: Transaction, identity: WechatIdentity, at: datetime) -> int:
    """Tie a new identity to its person: known by union id from another app, else made now."""
    sibling = await WechatAccount.filter(unionid=identity.unionid).order_by("id").first() if identity.unionid else None
    resident_id = sibling.resident_id if sibling else (await Resident.create(created_at=at)).id
    stored = await tx.query(_STORE_ACCOUNT, resident_id, identity.app_id, identity.openid, identity.unionid, at)
    if stored:
        return resident_id
    if sibling is None:
        await Resident.filter(id=resident_id).delete()  # the twin was faster, and nobody has seen ours
    return (await WechatAccount.get(app_id=identity.app_id, openid=identity.openid)).resident_id


_STORE_ACCOUNT = """
INSERT INTO wechat_account (resident_id, app_id, openid, unionid, created_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (app_id, openid) DO NOTHING RETURNING id
"""


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """What a person wants to be called, and how they want to read; None leaves a thing as it is."""

    nickname: str | None = None
    language: str | None = None
    large_text: bool | None = None

    def columns(self) -> dict[str, str | bool]:
        """Give the columns that change."""
        wished = {"nickname": self.nickname, "language": self.language, "large_text": self.large_text}
        return {name: value for name, value in wished.items() if value is not None}


async def change_profile(resident_id: int, change: ProfileChange) -> None:
    """Change what a resident wants to be called and how they want to read.

    Raises:
        NotSignedInError: they have left.

    """
    async with transaction():
        await hold_resident(Actor("resident", resident_id))
        if columns := change.columns():
            await Resident.filter(id=resident_id).update(**columns)


async def change_staff_profile(staff_id: int, change: ProfileChange) -> None:
    """Change how a member of staff wants to read.

    Raises:
        NameGivenByOfficeError: their name is their office's to change.

    """
    if change.nickname is not None:
        raise NameGivenByOfficeError
    async with transaction():
        if columns := change.columns():
            await Staff.filter(id=staff_id).update(**columns)


async def bind_phone(resident_id: int, phone: str, *, vault: Vault, at: datetime) -> None:
    """Bind a phone that WeChat has verified, in place of an older one.

    A number may belong to several residents (a couple, a grandmother with her grandson's phone), and goes to
    somebody new after a while; but not to so many that it hides one person behind many names.

    Raises:
        UnusablePhoneError: it cannot be called.
        PhoneBoundTooOftenError: too many residents have it already.
        NotSignedInError: they have left.

    """
    try:
        number = normal_phone(phone)
    except UnreadablePhoneError:
        raise UnusablePhoneError from None
    fingerprint = vault.fingerprint(number, context=RESIDENT_PHONE)
    async with transaction() as tx:
        await hold_resident(Actor("resident", resident_id))
        await tx.query("SELECT pg_advisory_xact_lock(%s)", int.from_bytes(fingerprint[:8], signed=True))
        others = await Resident.filter(phone_fingerprint=fingerprint).exclude(id=resident_id).count()
        if others >= MOST_SHARING_A_PHONE:
            raise PhoneBoundTooOftenError
        await Resident.filter(id=resident_id).update(
            phone_sealed=vault.seal(number, context=RESIDENT_PHONE),
            phone_fingerprint=fingerprint,
            phone_bound_at=at,
        )


async def claim_home(resident_id: int, *, place_id: int, room: str, vault: Vault, at: datetime) -> Home:
    """Say where one lives. The former home ends; the same one again changes nothing, and stays confirmed.

    Raises:
        UnknownPlaceError: there is no such place now, or nobody knows yet where it lies.
        HomeNeedsBuildingError: the place is larger than a building.
        NotSignedInError: they have left.

    """
    async with transaction() as tx:
        await hold_resident(Actor("resident", resident_id))
        await Resident.select_for_update(no_key=True).get(id=resident_id)
        if (await settled_place(place_id)).kind not in HOME_KINDS:
            raise HomeNeedsBuildingError
        former = await home_of(resident_id)
        if former is not None and former.place_id == place_id and room_of(former, vault) == room:
            return former
        if former is not None:
            await Home.filter(id=former.id).update(to_at=max(at, former.from_at))
        home = await Home.create(
            resident_id=resident_id,
            place_id=place_id,
            room_sealed=vault.seal(room, context=HOME_ROOM) if room else None,
            from_at=at,
        )
        tx.emit(HomeClaimed(occurred_at=at, home_id=home.id, resident_id=resident_id, place_id=place_id))
    return home


def room_of(home: Home, vault: Vault) -> str:
    """Open the room of a home; empty if none was given."""
    return vault.open(bytes(home.room_sealed), context=HOME_ROOM) if home.room_sealed else ""


async def confirm_home(actor: Actor, resident_id: int, *, at: datetime) -> Home:
    """Confirm where a resident lives, by a post over the place; confirming twice changes nothing.

    The post is read afresh under the lock, not taken from the actor, whose roles may be seconds old.

    Raises:
        NotFoundError: no such resident, no home, or no post of the actor's over it.

    """
    async with transaction() as tx:
        sight = await access_resident_for_staff(actor, resident_id, at=at, lock=True)
        await record_look(actor, subject=f"resident:{resident_id}", what="home.confirmed", place_id=sight.home.place_id)
        return await _confirm(tx, sight.home, grant_id=sight.grant.id, at=at)


async def confirm_home_by_register(resident_id: int, *, at: datetime) -> Home:
    """Confirm where a resident lives because the residence register says so.

    Raises:
        NotFoundError: no such resident, or no home.

    """
    async with transaction() as tx:
        await Resident.select_for_update(no_key=True).get_or_none(id=resident_id)
        home = await home_of(resident_id)
        if home is None:
            raise NotFoundError
        return await _confirm(tx, home, grant_id=None, at=at)


async def _confirm(tx: Transaction, home: Home, *, grant_id: int | None, at: datetime) -> Home:
    """Confirm a home whose resident is locked; one that is confirmed stays as it is."""
    if home.standing is Standing.CONFIRMED:
        return home
    home.standing, home.confirmed_by_id, home.confirmed_at = Standing.CONFIRMED, grant_id, at
    await home.save(update_fields=["standing", "confirmed_by_id", "confirmed_at"])
    tx.emit(HomeConfirmed(occurred_at=at, home_id=home.id, resident_id=home.resident_id, place_id=home.place_id))
    return home
