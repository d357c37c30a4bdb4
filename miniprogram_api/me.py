"""HTTP for what is one's own: profile, phone, home, devices; and for staff who confirm a home."""

from typing import Annotated, Literal

from community.people.actions import (
    ProfileChange,
    bind_phone,
    change_profile,
    change_staff_profile,
    claim_home,
    confirm_home,
)
from community.people.credentials import revoke
from community.people.errors import (
    ConsentRequiredError,
    HomeNeedsBuildingError,
    InvalidWechatCodeError,
    NameGivenByOfficeError,
    PhoneBoundTooOftenError,
    UnusablePhoneError,
    WechatUnavailableError,
)
from community.people.models import NICKNAME_LENGTH, ROOM_LENGTH, Purpose
from community.people.queries import devices_of
from community.places.errors import UnknownPlaceError
from foundation.clock import real_now
from foundation.errors import NotFoundError
from foundation.web import Access, Call, Id, Input, LineText, Output, endpoint
from miniprogram_api.consents import require_consent
from miniprogram_api.identity import asking, recently_seen
from miniprogram_api.people_views import DeviceView, HomeView, MeView, me_of
from miniprogram_api.wechat_codes import phone_of_code


class ProfileBody(Input):
    """What changes; what is left out or null stays."""

    nickname: Annotated[str, LineText(1, NICKNAME_LENGTH)] | None = None
    language: Literal["zh-Hans", "zh-Hant", "en"] | None = None
    large_text: bool | None = None


class PhoneBody(Input):
    """What the phone got of WeChat when its owner agreed."""

    code: Annotated[str, LineText(1, 200)]
    """The code of getPhoneNumber, which is not the one of wx.login."""


class HomeBody(Input):
    """Where one lives."""

    place_id: Id
    """A building or a household."""
    room: Annotated[str, LineText(0, ROOM_LENGTH)] = ""


class DevicePath(Input):
    """Which device."""

    id: Id


class ResidentPath(Input):
    """Which resident."""

    resident_id: Id


class DevicesView(Output):
    """Where a person is signed in, last used first."""

    items: list[DeviceView]
    next_cursor: None = None


class ConfirmedHomeView(Output):
    """A resident's home after somebody confirmed it."""

    resident_id: Id
    home: HomeView


@endpoint("GET", "/me", access=Access.SIGNED_IN, summary="Who am I")
async def get_me(call: Call) -> MeView:
    """Show the caller what we know of them."""
    return await me_of(call.actor, call.ground.vault, call.language)


@endpoint(
    "PATCH", "/me", access=Access.SIGNED_IN, errors=(NameGivenByOfficeError,), summary="Change my name or how I read"
)
async def patch_me(call: Call, body: ProfileBody) -> MeView:
    """Change nickname, language or size of text."""
    change = ProfileChange(nickname=body.nickname, language=body.language, large_text=body.large_text)
    if call.actor.kind == "staff":
        await change_staff_profile(call.actor.id, change)
    else:
        await change_profile(call.actor.id, change)
    recently_seen(call.ground).forget_person(call.actor)
    return await me_of(call.actor, call.ground.vault, call.language)


@endpoint(
    "PUT",
    "/me/phone",
    access=Access.RESIDENT,
    errors=(
        ConsentRequiredError,
        InvalidWechatCodeError,
        UnusablePhoneError,
        PhoneBoundTooOftenError,
        WechatUnavailableError,
    ),
    summary="Bind the phone number WeChat has verified",
)
async def put_phone(call: Call, body: PhoneBody) -> MeView:
    """Bind a phone in place of an older one; it is never shown whole again."""
    await require_consent(call, Purpose.BASIC_SERVICE)
    phone = await phone_of_code(call.ground, body.code)
    await bind_phone(call.actor.id, phone, vault=call.ground.vault, at=call.at)
    return await me_of(call.actor, call.ground.vault, call.language)


@endpoint(
    "PUT",
    "/me/home",
    access=Access.RESIDENT,
    errors=(ConsentRequiredError, UnknownPlaceError, HomeNeedsBuildingError),
    summary="Say where I live",
)
async def put_home(call: Call, body: HomeBody) -> MeView:
    """Claim a home; the same one again changes nothing. A door number needs a consent of its own."""
    await require_consent(call, Purpose.BASIC_SERVICE, *([Purpose.SENSITIVE_DATA] if body.room else []))
    await claim_home(call.actor.id, place_id=body.place_id, room=body.room, vault=call.ground.vault, at=call.at)
    return await me_of(call.actor, call.ground.vault, call.language)


@endpoint("GET", "/me/devices", access=Access.SIGNED_IN, summary="Where I am signed in")
async def get_devices(call: Call) -> DevicesView:
    """List the caller's sign-ins."""
    sign_ins = await devices_of(call.actor, real_at=real_now())
    here = asking(call).sign_in_id
    return DevicesView(items=[DeviceView.of(sign_in, asking=here) for sign_in in sign_ins])


@endpoint("DELETE", "/me/devices/{id}", access=Access.SIGNED_IN, errors=(NotFoundError,), summary="Sign a device out")
async def delete_device(call: Call, path: DevicePath) -> None:
    """End one of the caller's sign-ins, for instance of a lost phone."""
    actor = call.actor
    own = {"staff_id": actor.id} if actor.kind == "staff" else {"resident_id": actor.id}
    await revoke(path.id, real_at=real_now(), **own)
    recently_seen(call.ground).forget(path.id)


@endpoint(
    "POST",
    "/staff/homes/{resident_id}/confirmation",
    access=Access.SIGNED_IN,
    errors=(NotFoundError,),
    summary="Confirm where a resident lives",
)
async def post_home_confirmation(call: Call, path: ResidentPath) -> ConfirmedHomeView:
    """Confirm a resident's home, by a post over the place; the look is audited."""
    home = await confirm_home(call.actor, path.resident_id, at=call.at)
    return ConfirmedHomeView(resident_id=path.resident_id, home=await HomeView.of(home, call.ground.vault))
