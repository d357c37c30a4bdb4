"""HTTP for pages in a browser: a one-time ticket, exchanged for a cookie that no script can read."""

from typing import Annotated

from community.people.credentials import PAGE_STAYS_OPEN, close_page_session, open_page_session
from community.people.errors import InvalidTicketError, NotSignedInByPageError
from community.people.models import PageSession, TicketKind
from community.people.queries import person_of_sign_in
from community.people.tokens import csrf_token_of
from foundation.clock import real_now
from foundation.web import SESSION_COOKIE, Access, Actor, Call, Input, Instant, LineText, Output, endpoint
from miniprogram_api.identity import actor_of, asking, recently_seen
from miniprogram_api.people_views import MeView, me_of
from miniprogram_api.sessions import TicketView, ticket_for


class OpenPageBody(Input):
    """What the page found in its address."""

    ticket: Annotated[str, LineText(1, 200)]


class PageSessionView(Output):
    """What a page needs to work for its person. The cookie beside it is the key; this is not."""

    csrf_token: str
    """To be sent as X-CSRF-Token with everything that changes something."""
    expires_at: Instant
    resident: MeView | None
    staff: MeView | None


@endpoint("POST", "/page-tickets", access=Access.SIGNED_IN, status=201, summary="Get a one-time ticket for a page")
async def post_page_ticket(call: Call) -> TicketView:
    """Make a ticket that the mini-program or WeCom puts into a page's address, behind the `#`."""
    return await ticket_for(call, TicketKind.PAGE)


@endpoint(
    "POST",
    "/page-sessions",
    access=Access.ANYONE,
    status=201,
    limit="sessions",
    errors=(InvalidTicketError,),
    summary="Exchange a page ticket for a page session",
)
async def post_page_session(call: Call, body: OpenPageBody) -> PageSessionView:
    """Open a page with a ticket; the cookie is set beside the answer."""
    opened = await open_page_session(body.ticket, real_at=real_now())
    person = await person_of_sign_in(opened.page.sign_in_id, at=call.at, real_at=real_now())
    if person is None:
        raise InvalidTicketError
    call.set_cookie(SESSION_COOKIE, opened.token, max_age=int(PAGE_STAYS_OPEN.total_seconds()))
    return await _view(call, actor_of(person), opened.page, opened.token)


@endpoint(
    "GET",
    "/page-sessions/current",
    access=Access.SIGNED_IN,
    errors=(NotSignedInByPageError,),
    summary="What this page was told when it was opened",
)
async def get_page_session(call: Call) -> PageSessionView:
    """Tell a reloaded page again what it needs."""
    page = await PageSession.get_or_none(id=asking(call).page_session_id or 0)
    if page is None:
        raise NotSignedInByPageError
    return await _view(call, call.actor, page, call.request.cookies[SESSION_COOKIE])


@endpoint("DELETE", "/page-sessions/current", access=Access.SIGNED_IN, summary="Close this page's session")
async def delete_page_session(call: Call) -> None:
    """Close the page and take its cookie back; the sign-in it was opened from stays."""
    actor = asking(call)
    if actor.page_session_id is not None:
        await close_page_session(actor.page_session_id)
        recently_seen(call.ground).forget(actor.sign_in_id)
    call.drop_cookie(SESSION_COOKIE)


async def _view(call: Call, actor: Actor, page: PageSession, token: str) -> PageSessionView:
    me = await me_of(actor, call.ground.vault, call.language)
    return PageSessionView(
        csrf_token=csrf_token_of(token),
        expires_at=page.expires_at,
        resident=me if actor.kind == "resident" else None,
        staff=me if actor.kind == "staff" else None,
    )
