"""HTTP for signing in and out. Devices on which one is signed in are in `me.py`, pages in `pages.py`."""

from typing import Annotated

from aiohttp import hdrs

from community.people.actions import sign_in
from community.people.credentials import issue_ticket, sign_out
from community.people.errors import (
    InvalidWechatCodeError,
    SignInRefusedError,
    StaffSignInClosedError,
    WechatUnavailableError,
)
from community.people.models import TicketKind
from community.people.queries import person_of_sign_in
from foundation.clock import real_now
from foundation.errors import NotSignedInError
from foundation.web import Access, Call, Input, Instant, LineText, Output, endpoint
from miniprogram_api.identity import actor_of, asking, recently_seen, sign_in_lasts, ticket_lasts
from miniprogram_api.people_views import MeView, me_of
from miniprogram_api.wechat_codes import identity_of_code


class SignInBody(Input):
    """What the phone or WeCom got for the person."""

    code: Annotated[str, LineText(1, 200)]
    """The code of wx.login, or of WeCom's sign-in."""


class SessionView(Output):
    """A fresh sign-in. The token is shown here and never again."""

    token: str
    expires_at: Instant
    resident: MeView


class StaffSessionView(Output):
    """A fresh sign-in of staff. The token is shown here and never again."""

    token: str
    expires_at: Instant
    staff: MeView


class TicketView(Output):
    """A pass for one use."""

    ticket: str
    expires_at: Instant


@endpoint(
    "POST",
    "/sessions",
    access=Access.ANYONE,
    status=201,
    limit="sessions",
    errors=(InvalidWechatCodeError, SignInRefusedError, WechatUnavailableError),
    summary="Sign a resident in with a wx.login code",
)
async def post_session(call: Call, body: SignInBody) -> SessionView:
    """Sign a resident in; the first time makes the resident."""
    identity = await identity_of_code(call.ground, body.code)
    signed_in = await sign_in(
        identity,
        device=device_of(call),
        at=call.at,
        real_at=real_now(),
        good_for=sign_in_lasts(call.ground),
    )
    opened = signed_in.opened
    person = await person_of_sign_in(opened.sign_in.id, at=call.at, real_at=real_now())
    if person is None:
        raise NotSignedInError
    me = await me_of(actor_of(person), call.ground.vault, call.language)
    return SessionView(token=opened.token, expires_at=opened.sign_in.expires_at, resident=me)


@endpoint(
    "DELETE",
    "/sessions/current",
    access=Access.SIGNED_IN,
    tag="sessions",
    summary="Sign out here, with all pages opened from here",
)
async def delete_session(call: Call) -> None:
    """End the sign-in the caller came with; its token, pages and sockets open nothing any more."""
    actor = asking(call)
    await sign_out(actor.sign_in_id, real_at=real_now())
    recently_seen(call.ground).forget(actor.sign_in_id)


@endpoint(
    "POST",
    "/staff-sessions",
    access=Access.ANYONE,
    status=201,
    limit="sessions",
    errors=(StaffSignInClosedError,),
    summary="Sign staff in with a WeCom code",
)
async def post_staff_session(call: Call, body: SignInBody) -> StaffSessionView:  # noqa: ARG001 - the door's shape
    """Sign staff in through WeCom, once this copy is connected to one."""
    raise StaffSignInClosedError


@endpoint(
    "POST", "/live-tickets", access=Access.SIGNED_IN, status=201, summary="Get a one-time ticket for a live socket"
)
async def post_live_ticket(call: Call) -> TicketView:
    """Make a ticket for opening a live socket where headers cannot be set."""
    return await ticket_for(call, TicketKind.LIVE)


async def ticket_for(call: Call, kind: TicketKind) -> TicketView:
    """Make a one-time ticket from the caller's sign-in."""
    issued = await issue_ticket(asking(call).sign_in_id, kind, real_at=real_now(), good_for=ticket_lasts(call.ground))
    return TicketView(ticket=issued.ticket, expires_at=issued.expires_at)


def device_of(call: Call) -> str:
    """Describe the asking device in words its owner may recognise; what cannot be shown is left out."""
    return "".join(sign for sign in call.request.headers.get(hdrs.USER_AGENT, "") if sign.isprintable())
