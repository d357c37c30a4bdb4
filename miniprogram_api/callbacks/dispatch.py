"""The dispatch core's signed callbacks: verified, stored durably, answered; a desk applies them a moment later."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field, ValidationError

from community.complaints.dispatch.inbound import Taken, Told, is_known, take_in, wake_desk
from community.complaints.dispatch.protocol import CoreUpdate, storable
from community.complaints.dispatch.signature import (
    BadSignatureError,
    SignedCall,
    StaleSignatureError,
    verify,
)
from foundation.access import Access, Actor
from foundation.clock import real_now
from foundation.errors import (
    ConflictError,
    InvalidFieldsError,
    TooLargeError,
    TooSlowError,
    UnreadableRequestError,
)
from foundation.ground import Ground
from foundation.grouping import Grouped, Later
from foundation.web import GROUND, Call, Input, Output, endpoint
from foundation.web.reading import as_problems, parse_json, read_bytes

MOST_BYTES = 256 * 1024
BETWEEN_WAKES = 0.02
"""A desk that has work in hand needs no bell for each update."""
IS_FRESH: Final = web.RequestKey("is_fresh", bool)
"""Whether the call was signed a moment ago; a later one must repeat what is known."""
THE_CORE = Actor(kind="machine", id=0, language="", key="dispatch core")
"""Whoever can sign; it has no language of its own, so its header's counts."""


class ConflictingUpdateError(ConflictError):
    """The update's id is known with another body; this one is kept apart for a person to look at."""

    code = "conflicting_update"
    message = "这个编号的更新已经收到过，内容不同"


class DispatchInbox(Grouped[Told, Taken]):
    """Takes in all callbacks that wait with one commit."""


async def open_inbox(ground: Ground) -> AsyncIterator[DispatchInbox]:
    """Open the grouping of this process."""

    async def wake(_: list[None]) -> None:
        await wake_desk(ground)

    async def take_in_and_wake(told: list[Told]) -> list[Taken]:
        taken = await take_in(told)
        if Taken.STORED in taken:
            bell.put(None)
        return taken

    bell = Later(wake, pause=BETWEEN_WAKES)
    yield DispatchInbox(take_in_and_wake)
    await bell.done()


class UpdateTakenView(Output):
    """The update is stored; a repeat is answered the same."""

    update_id: str


class SignatureHeaders(Input):
    """What the signature `X-Linli-Signature` covers beside method, path and body."""

    key_id: Annotated[str, Field(alias="X-Linli-Key-Id", description="Which of the agreed secrets.")]
    timestamp: Annotated[str, Field(alias="X-Linli-Timestamp", description="Seconds since 1970, UTC.")]
    nonce: Annotated[str, Field(alias="X-Linli-Nonce", description="Another one with each call.")]


async def authenticate(request: web.Request) -> Actor:
    """Believe who signed the whole body with one of our keys.

    Raises:
        BadSignatureError: it is signed by nobody we know.

    """
    raw = await read_bytes(request)
    if len(raw) > MOST_BYTES:
        raise TooLargeError
    keys = request.app[GROUND].settings.dispatch.callback_keys
    request[IS_FRESH] = verify(_signed(request, raw), keys, at=real_now())
    return THE_CORE


@endpoint(
    "POST",
    "/callbacks/dispatch",
    access=Access.MACHINE,
    authenticate=authenticate,
    described={"headers": SignatureHeaders, "body": CoreUpdate},
    tag="callbacks",
    errors=(
        BadSignatureError,
        StaleSignatureError,
        ConflictingUpdateError,
        UnreadableRequestError,
        InvalidFieldsError,
        TooLargeError,
        TooSlowError,
    ),
    summary="An update from the dispatch core",
)
async def post_dispatch_callback(call: Call) -> UpdateTakenView:
    """Take one signed update; 200 only after it is stored for good. Fields we do not know do no harm."""
    body, update = _read(await read_bytes(call.request))
    if not call.request[IS_FRESH] and not await is_known(update.update_id):
        raise StaleSignatureError
    taken = await call.ground.get(DispatchInbox).add(Told(update.update_id, body, "callback", call.at))
    if taken is Taken.CONFLICT:
        raise ConflictingUpdateError
    return UpdateTakenView(update_id=update.update_id)


def _signed(request: web.Request, raw: bytes) -> SignedCall:
    header = request.headers.get
    return SignedCall(
        key_id=header("X-Linli-Key-Id", ""),
        timestamp=header("X-Linli-Timestamp", ""),
        nonce=header("X-Linli-Nonce", ""),
        signature=header("X-Linli-Signature", ""),
        method=request.method,
        path=request.raw_path,
        body=raw,
    )


def _read(raw: bytes) -> tuple[dict[str, Any], CoreUpdate]:
    try:
        body = storable(parse_json(raw))
    except (ValueError, RecursionError):
        raise UnreadableRequestError from None
    if not isinstance(body, dict):
        raise UnreadableRequestError
    try:
        return body, CoreUpdate.model_validate(body)
    except ValidationError as error:
        raise as_problems(error, body) from None
