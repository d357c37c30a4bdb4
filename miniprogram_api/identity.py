"""Who is asking: from a bearer token, a page's cookie or a live ticket to an actor.

`authenticate` is called for every request of the doors. What it finds is remembered in this process for two
seconds at most, so rights that are taken away are gone everywhere within five. Unknown, expired and revoked
all answer alike.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from aiohttp import hdrs, web

from community.people.credentials import USE_NOTED_EVERY, note_uses, redeem_ticket
from community.people.errors import CsrfTokenMissingError, InvalidTicketError
from community.people.models import FALLBACK_LANGUAGE, TicketKind
from community.people.queries import (
    SignedInPerson,
    people_of_tokens,
    person_of_page,
    person_of_sign_in,
    valid_sign_ins,
)
from community.people.tokens import LONGEST_TOKEN, csrf_token_fits, hash_of
from foundation.access import Actor
from foundation.clock import real_now
from foundation.errors import NotSignedInError
from foundation.ground import Ground
from foundation.grouping import Grouped
from foundation.live.batches import Batch
from foundation.web import CSRF_HEADER, GROUND, LANGUAGE, SESSION_COOKIE, Call
from foundation.web.keys import SignedIn

REMEMBERED_FOR = 2.0
MOST_REMEMBERED = 20_000
MOST_TOKENS_ASKED = 1_000
"""Tokens in one question, when a thousand sockets come back together."""
BEARER = "bearer "
SAFE_METHODS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})


@dataclass(frozen=True)
class SignedInActor(SignedIn):
    """A person, with the sign-in by which they came; `session` is its id for the live door."""

    sign_in_id: int = 0
    page_session_id: int | None = None
    """The page they came by, if not by a token."""


@dataclass(slots=True)
class RecentlySeen:
    """Actors this process has checked within the last two seconds, by the hash of what they showed."""

    _seen: dict[bytes, tuple[float, SignedInActor]] = field(default_factory=dict)

    def find(self, key: bytes, now: float) -> SignedInActor | None:
        """Give the actor, if it was checked recently enough."""
        checked_at, actor = self._seen.get(key, (now - REMEMBERED_FOR, None))
        return actor if now - checked_at < REMEMBERED_FOR else None

    def remember(self, key: bytes, actor: SignedInActor, checked_at: float) -> None:
        """Keep an actor; `checked_at` is from before the database was asked."""
        if len(self._seen) >= MOST_REMEMBERED:
            self._seen.clear()  # rarer than a second's work, and then only asked again
        self._seen[key] = (checked_at, actor)

    def forget(self, sign_in_id: int) -> None:
        """Drop a sign-in that was just ended here; other processes notice within two seconds."""
        for key in [key for key, (_, actor) in self._seen.items() if actor.sign_in_id == sign_in_id]:
            del self._seen[key]

    def forget_person(self, actor: Actor) -> None:
        """Drop a person whose language or posts were just changed here."""
        for key in [key for key, (_, seen) in self._seen.items() if seen.key == actor.key]:
            del self._seen[key]


def recently_seen(ground: Ground) -> RecentlySeen:
    """Give the process's memory of actors."""
    seen = ground.opened.setdefault(RecentlySeen, RecentlySeen())
    if not isinstance(seen, RecentlySeen):
        raise TypeError(type(seen))
    return seen


async def authenticate(request: web.Request) -> SignedInActor | None:
    """Find out who asks; None is nobody we know.

    Raises:
        CsrfTokenMissingError: a page changes something without its CSRF token.

    """
    ground = request.app[GROUND]
    authorization = request.headers.get(hdrs.AUTHORIZATION, "")
    if authorization[: len(BEARER)].lower() == BEARER:
        actor = await _by_token(ground, authorization[len(BEARER) :].strip(), doorkeeper(ground).find)
    elif (cookie := request.cookies.get(SESSION_COOKIE)) is not None:
        actor = await _by_page(ground, cookie)
        if actor is not None and request.method not in SAFE_METHODS:
            _check_csrf(cookie, request.headers.get(CSRF_HEADER, ""))
    else:
        return None
    if actor is not None and not actor.language:
        return replace(actor, language=request.get(LANGUAGE, FALLBACK_LANGUAGE))
    return actor


class Doorkeeper:
    """Asks for the people behind tokens, together for those who come together."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._requests = Grouped[bytes, SignedInPerson | None](self._ask)
        self._sockets = Batch[bytes, SignedInPerson | None](self._ask, most=MOST_TOKENS_ASKED)
        self._uses = Grouped[int, None](self._note, most=MOST_TOKENS_ASKED)

    async def find(self, token_hash: bytes) -> SignedInPerson | None:
        """Find who sends a request."""
        return await self._requests.add(token_hash)

    async def find_at_leisure(self, token_hash: bytes) -> SignedInPerson | None:
        """Find who opens a socket: they come back by the thousand, and requests need not wait for them."""
        return await self._sockets.ask(token_hash)

    async def note_use(self, sign_in_id: int) -> None:
        """Note that a sign-in is used."""
        await self._uses.add(sign_in_id)

    async def _ask(self, hashes: Sequence[bytes]) -> list[SignedInPerson | None]:
        found = await people_of_tokens(hashes, at=self._ground.clock.now(), real_at=real_now())
        return [found.get(each) for each in hashes]

    async def _note(self, sign_in_ids: Sequence[int]) -> list[None]:
        await note_uses(sign_in_ids, real_at=real_now(), good_for=sign_in_lasts(self._ground))
        return [None] * len(sign_in_ids)


def doorkeeper(ground: Ground) -> Doorkeeper:
    """Give the process's doorkeeper."""
    keeper = ground.opened.get(Doorkeeper)
    if not isinstance(keeper, Doorkeeper):
        keeper = ground.opened[Doorkeeper] = Doorkeeper(ground)
    return keeper


async def authenticate_token(ground: Ground, token: str) -> SignedInActor | None:
    """Find out who is behind a token or a one-time live ticket, for the live door; `language` may be empty."""
    return await _by_token(ground, token, doorkeeper(ground).find_at_leisure) or await _by_live_ticket(ground, token)


async def check_sessions(sessions: Collection[str]) -> set[str]:
    """Tell which sign-ins of open sockets still hold; the live door asks every few seconds."""
    ids = [int(session) for session in sessions if session.isdecimal()]
    return {str(sign_in_id) for sign_in_id in await valid_sign_ins(ids, real_at=real_now())}


Find = Callable[[bytes], Awaitable[SignedInPerson | None]]
"""Finds who a token's hash belongs to."""


async def _by_token(ground: Ground, token: str, find: Find) -> SignedInActor | None:
    if not 0 < len(token) <= LONGEST_TOKEN:
        return None
    seen, key, now = recently_seen(ground), hash_of(token), time.monotonic()
    if (known := seen.find(key, now)) is not None:
        return known
    return await _admit(ground, await find(key), key, now)


async def _by_page(ground: Ground, cookie: str) -> SignedInActor | None:
    if not 0 < len(cookie) <= LONGEST_TOKEN:
        return None
    seen, key, now = recently_seen(ground), b"page:" + hash_of(cookie), time.monotonic()
    if (known := seen.find(key, now)) is not None:
        return known
    person = await person_of_page(hash_of(cookie), at=ground.clock.now(), real_at=real_now())
    return await _admit(ground, person, key, now)


async def _by_live_ticket(ground: Ground, ticket: str) -> SignedInActor | None:
    if not 0 < len(ticket) <= LONGEST_TOKEN:
        return None
    try:
        sign_in_id = await redeem_ticket(ticket, TicketKind.LIVE, real_at=real_now())
    except InvalidTicketError:
        return None
    person = await person_of_sign_in(sign_in_id, at=ground.clock.now(), real_at=real_now())
    return actor_of(person) if person else None


async def _admit(ground: Ground, person: SignedInPerson | None, key: bytes, checked_at: float) -> SignedInActor | None:
    if person is None:
        return None
    if real_now() - person.last_used_at > USE_NOTED_EVERY:
        await doorkeeper(ground).note_use(person.sign_in_id)
    actor = actor_of(person)
    recently_seen(ground).remember(key, actor, checked_at)
    return actor


def actor_of(person: SignedInPerson) -> SignedInActor:
    """Make the actor of a person; no language means that the request decides."""
    return SignedInActor(
        kind="resident" if person.staff_id is None else "staff",
        id=person.resident_id or person.staff_id or 0,
        roles=person.roles,
        language=person.language or "",
        session=str(person.sign_in_id),
        sign_in_id=person.sign_in_id,
        page_session_id=person.page_session_id,
    )


def sign_in_lasts(ground: Ground) -> timedelta:
    """How long a sign-in is good after its last use."""
    return timedelta(days=ground.settings.sessions.days)


def ticket_lasts(ground: Ground) -> timedelta:
    """How long a one-time ticket is good."""
    return timedelta(seconds=ground.settings.sessions.ticket_seconds)


def asking(call: Call) -> SignedInActor:
    """Give who asks, with the sign-in by which they came."""
    if not isinstance(call.actor, SignedInActor):
        raise NotSignedInError
    return call.actor


def _check_csrf(cookie: str, given: str) -> None:
    if not csrf_token_fits(cookie, given):
        raise CsrfTokenMissingError
