"""The live door: the WebSocket on which open screens hear of events. Start at `open_live`.

It reads what a client says and answers; who hears what and when is `foundation/live`. A client says who it
is (`hello`), what it watches and from which number on, and gets each event once and in order, also when it
comes back after hours: `hello` and `watch` may be sent together, without waiting for the welcome.
"""

import asyncio
import json
import time
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any, Literal

import structlog
from aiohttp import WSMessage, WSMsgType, web
from psycopg import OperationalError
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from foundation.errors import (
    BusyError,
    ConflictError,
    InvalidFieldsError,
    LinliError,
    NotSignedInError,
    UnreadableRequestError,
)
from foundation.live import CRASHED, SIGNED_OUT, TOO_MANY, TRY_LATER, HandedOver, Line, Peer, Stream, take_over
from foundation.live.frames import json_frame, pong_frame
from foundation.tasks import spawn
from foundation.web.fields import Input
from foundation.web.keys import API, AUTHENTICATE_TOKEN, CHECK_SESSIONS, GROUND, LANGUAGE, SignedIn
from foundation.web.problems import CrashedError, problem_document
from foundation.web.refusals import field_problems

log = structlog.get_logger(__name__)

HELLO_SECONDS = 10.0
LONGEST_FRAME = 8 * 1024
MOST_TOPICS = 50
LARGEST_NUMBER = 2**53 - 1
BURST = 120
"""Frames a client may send at once; after that we read only so many a second."""
FRAMES_PER_SECOND = 20.0


class TooManyTopicsError(LinliError):
    """One socket watches as much as it may."""

    code = "too_many_topics"
    status = 409
    message = "一个连接最多同时关注 {n} 项"


class TooManySocketsError(LinliError):
    """One person has as many sockets open as they may."""

    code = "too_many_sockets"
    status = 409
    message = "您同时打开的页面太多了，请关掉几个再试"


class AlreadySignedInError(ConflictError):
    """Another person says hello on a socket that is somebody's."""

    code = "already_signed_in"
    message = "这个连接已经登录，请另开一个连接"


class _Frame(Input):
    model_config = ConfigDict(strict=True)


class Hello(_Frame):
    """Who I am."""

    type: Literal["hello"]
    token: Annotated[str, Field(max_length=4096)]


class Watch(_Frame):
    """Tell me of this topic, from the event after `after` on."""

    type: Literal["watch"]
    topic: Annotated[str, Field(min_length=1, max_length=100)]
    after: Annotated[int, Field(ge=0, le=LARGEST_NUMBER)] = 0


class Unwatch(_Frame):
    """Tell me no more of this topic."""

    type: Literal["unwatch"]
    topic: Annotated[str, Field(min_length=1, max_length=100)]


class Ping(_Frame):
    """Are you there? For clients that cannot send WebSocket's own pings."""

    type: Literal["ping"]


_FRAMES: TypeAdapter[Hello | Watch | Unwatch | Ping] = TypeAdapter(
    Annotated[Hello | Watch | Unwatch | Ping, Field(discriminator="type")]
)


async def open_live(request: web.Request) -> web.StreamResponse:
    """Open a socket, on which is talked as soon as this has returned.

    Everything that surrounds a request, its log line and its numbers, is then done with, and is not kept for the
    hours a socket stays open.

    Raises:
        BusyError: this process holds as many as it may.

    """
    request.app[GROUND].live.expect_one_more()
    with suppress(ConnectionResetError):  # they left before it was open
        line = take_over(request, longest=LONGEST_FRAME)
        if line.transport is not None:
            spawn(Conversation(request, line, line.transport).talk(), name="live-talk")
    return HandedOver()


class Conversation:
    """What is said on one socket. There are many, mostly silent: it is kept small."""

    __slots__ = ("_allowance", "_app", "_counted_at", "_feed", "_language", "_line", "_peer", "_token", "_wished")

    def __init__(self, request: web.Request, line: Line, transport: asyncio.Transport) -> None:
        self._app = request.app
        self._language = request[LANGUAGE]
        self._line = line
        self._feed = self._app[GROUND].live
        self._token = _token_of(request)
        """What came with the request, then what was right."""
        self._allowance = float(BURST)
        self._counted_at = time.monotonic()
        self._wished: list[Watch] = []
        """What they want to watch and was not asked about yet, because more may follow."""
        self._peer: Peer = self._feed.admit(line, transport, refuse=self._refuse)

    async def talk(self) -> None:
        """Read and answer until either side ends it."""
        try:
            await self._come_in()
            while not self._peer.is_ending and (text := await self._next()) is not None:
                await self._answer(text)
        except OperationalError:
            log.warning("live_database_busy", exc_info=True)
            self._peer.end(TRY_LATER, "try again later")
        except Exception:
            log.exception("live_crashed")
            self._peer.end(CRASHED, "internal error")
        finally:
            await self._feed.dismiss(self._peer)

    async def _come_in(self) -> None:
        """Find out who it is: from the address, from a header, or from the first frames."""
        if self._token is not None:
            await self._sign_in(self._token)
        patience = HELLO_SECONDS
        while self._peer.actor is None and not self._peer.is_ending:
            began = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(patience):
                    text = await self._next()
            except TimeoutError:
                self._peer.end(SIGNED_OUT, "no hello")
                return
            patience -= asyncio.get_running_loop().time() - began  # what we take ourselves is not the client's fault
            if text is None:
                return
            await self._answer(text)

    async def _next(self) -> str | None:
        """Read one text; None when the socket ends. No faster than a person could make frames, or reads ours."""
        await self._slow_down()
        await self._peer.has_room()
        while (message := await self._receive()) is not None:
            self._peer.silent = 0
            if message.type is WSMsgType.TEXT:
                text: str = message.data
                return text
            if message.type is WSMsgType.BINARY:
                self._refuse(None, UnreadableRequestError())
            elif message.type is WSMsgType.PING:
                self._peer.tell(pong_frame(message.data))
                await self._slow_down()
        return None

    async def _receive(self) -> WSMessage | None:
        """Receive the next message; before that is waited for, all that was said so far is done."""
        if self._wished and not self._line.has_more():
            await self._watch_wished()
        return await self._line.receive()

    async def _answer(self, text: str) -> None:
        """Do what one frame asks for."""
        try:
            frame = _read(text)
            if isinstance(frame, Watch) and self._peer.actor is not None:
                await self._wish(frame)
                return
            await self._watch_wished()
            if isinstance(frame, Ping):
                self._say({"type": "pong"})
            elif isinstance(frame, Hello):
                await self._greet(frame.token)
            elif self._peer.actor is None:
                self._refuse(None, NotSignedInError())
                self._peer.end(SIGNED_OUT, "no hello")
            elif isinstance(frame, Unwatch):
                self._feed.unwatch(self._peer, frame.topic)
        except LinliError as error:
            self._refuse(None, error)

    async def _greet(self, token: str) -> None:
        if self._peer.actor is None:
            await self._sign_in(token)
        elif token == self._token:
            self._welcome()
        else:
            raise AlreadySignedInError

    async def _sign_in(self, token: str) -> None:
        try:
            actor = await self._app[AUTHENTICATE_TOKEN](token)
            if actor is None:
                raise NotSignedInError
        except LinliError as error:
            self._refuse(None, error)
            signed_out = error.status == NotSignedInError.status
            self._peer.end(*((SIGNED_OUT, "bad token") if signed_out else (TRY_LATER, "try again later")))
            return
        if not actor.language:
            actor = replace(actor, language=self._language)
        if not self._feed.seat(self._peer, actor):
            self._refuse(None, TooManySocketsError())
            self._peer.end(TOO_MANY, "too many")
            return
        self._token = token
        self._peer.session = actor.session if isinstance(actor, SignedIn) else actor.key
        self._peer.recheck = self._app.get(CHECK_SESSIONS)
        self._welcome()

    async def _wish(self, frame: Watch) -> None:
        """Note what is to be watched: what was sent together is asked about together, as far as all of it may be."""
        watched = self._peer.watchers
        if len(watched) + len(self._wished) >= MOST_TOPICS:
            await self._watch_wished()
            if len(watched) >= MOST_TOPICS and frame.topic not in watched:
                self._refuse(frame.topic, TooManyTopicsError(n=MOST_TOPICS))
                return
        self._wished.append(frame)

    async def _watch_wished(self) -> None:
        wished, self._wished = self._wished, []
        begun = [(frame, self._feed.find(self._peer, frame.topic)) for frame in wished]
        for frame, stream in begun:
            await self._watch(frame, stream)

    async def _watch(self, frame: Watch, stream: Awaitable[Stream]) -> None:
        try:
            self._feed.watch(self._peer, frame.topic, await stream, frame.after)
        except LinliError as error:
            self._refuse(frame.topic, error)
        except OperationalError:
            log.warning("live_cannot_watch", exc_info=True)
            self._refuse(frame.topic, BusyError())
        except Exception:
            log.exception("live_watch_crashed")
            self._refuse(frame.topic, CrashedError())

    def _welcome(self) -> None:
        self._say({"type": "welcome", "server_time": self._app[GROUND].clock.now()})

    def _refuse(self, topic: str | None, error: LinliError) -> None:
        language = self._peer.actor.language if self._peer.actor else self._language
        about = {} if topic is None else {"topic": topic}
        self._say({"type": "error", **about, "problem": problem_document(error, language)})

    def _say(self, content: dict[str, Any]) -> None:
        self._peer.tell(json_frame(content))

    async def _slow_down(self) -> None:
        now = time.monotonic()
        self._allowance = min(float(BURST), self._allowance + (now - self._counted_at) * FRAMES_PER_SECOND) - 1
        self._counted_at = now
        if self._allowance < 0:
            await self._watch_wished()
            await asyncio.sleep(-self._allowance / FRAMES_PER_SECOND)


def _read(text: str) -> Hello | Watch | Unwatch | Ping:
    try:
        return _FRAMES.validate_json(text)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        if any(fault["type"] == "json_invalid" for fault in faults):
            raise UnreadableRequestError from None
        raise InvalidFieldsError(*field_problems([_placed(fault) for fault in faults], json.loads(text))) from None


def _placed(fault: ErrorDetails) -> ErrorDetails:
    """Say of a frame of no known type where that is wrong; pydantic blames the whole."""
    if fault["type"] == "union_tag_invalid":
        fault["loc"] = ("type",)
    elif fault["type"] == "union_tag_not_found":
        fault["loc"], fault["type"] = ("type",), "missing"
    return fault


def _token_of(request: web.Request) -> str | None:
    """Take the token that came with the request, in the address or in a header."""
    if request.query_string and (token := request.query.get("token")):
        return token
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


routes: tuple[web.RouteDef, ...] = (web.get(f"{API}/live", open_live),)
