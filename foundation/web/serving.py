"""How an endpoint is run: who asks, how often, what was sent, then the handler, then the answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import hdrs, web

from foundation.access import Access, Actor
from foundation.errors import NotFoundError, NotSignedInError, TooManyRequestsError
from foundation.idempotency import Answer, check_key, hash_of, kept_answer, once, once_leased
from foundation.rate_limits import Limit
from foundation.web.call import Call, client_address
from foundation.web.endpoint import Endpoint
from foundation.web.keys import AUTHENTICATE, GROUND, LANGUAGE, LIMITER
from foundation.web.reading import read_bytes, read_form, read_parts
from foundation.web.uploads import Upload, read_upload

IDEMPOTENCY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"


async def serve(endpoint: Endpoint, request: web.Request) -> web.StreamResponse:
    """Answer one request."""
    ground = request.app[GROUND]
    actor = await _admitted(endpoint, request)
    try:
        await _count(endpoint, request, actor)
    except TooManyRequestsError:
        if repeated := await _answered_before(endpoint, request, actor):
            return _response(endpoint, repeated)
        raise
    call = Call(request, ground, ground.clock.now(), request[LANGUAGE], actor)
    async with _arguments(endpoint, request) as arguments:
        if endpoint.gives_response:
            response: web.StreamResponse = await endpoint.handler(call, **arguments)
        else:
            response = _response(endpoint, await _answer(endpoint, call, arguments))
    if not response.prepared:
        response.headers.extend(call.answer_headers)
    return response


async def _admitted(endpoint: Endpoint, request: web.Request) -> Actor | None:
    """Find out who asks, and whether this door is for them.

    A door for others looks like no door: only 401 and 404 are told apart.
    """
    if endpoint.access is Access.ANYONE:
        return None
    authenticate = endpoint.authenticate or request.app[AUTHENTICATE]
    actor = await authenticate(request)
    if actor is None:
        raise NotSignedInError
    if actor.language:
        request[LANGUAGE] = actor.language
    if not endpoint.access.admits(actor):
        raise NotFoundError
    return actor


async def _count(endpoint: Endpoint, request: web.Request, actor: Actor | None) -> None:
    if endpoint.limit is not None:
        await request.app[LIMITER].check(endpoint.limit, _who(request, actor), _limit(endpoint, request))


def _limit(endpoint: Endpoint, request: web.Request) -> Limit | None:
    return Limit.parse(getattr(request.app[GROUND].settings.limits, endpoint.limit or ""))


def _who(request: web.Request, actor: Actor | None) -> str:
    return actor.key if actor else f"address:{client_address(request)}"


async def _answered_before(endpoint: Endpoint, request: web.Request, actor: Actor | None) -> Answer | None:
    """Find the first answer to what is sent again by somebody who has reached the limit.

    It is looked for only now, so that nobody else waits for the look.
    """
    key = request.headers.get(IDEMPOTENCY_HEADER)
    if not endpoint.idempotent or key is None or actor is None:
        return None

    async def hash_request() -> bytes:
        async with _arguments(endpoint, request) as arguments:
            return await _request_hash(request, arguments.get("upload"))

    return await kept_answer(actor.key, check_key(key), hash_request)


@asynccontextmanager
async def _arguments(endpoint: Endpoint, request: web.Request) -> AsyncIterator[dict[str, Any]]:
    """Read what the handler asks for; a file is there as long as the block lasts."""
    arguments = await read_parts(endpoint, request)
    if not endpoint.upload:
        yield arguments
        return
    async with read_upload(request, max_bytes=request.app[GROUND].settings.media.max_bytes) as upload:
        yield {**arguments, "upload": upload, **read_form(endpoint, upload.fields)}


async def _answer(endpoint: Endpoint, call: Call, arguments: dict[str, Any]) -> Answer:
    async def work() -> Answer:
        result = await endpoint.handler(call, **arguments)
        return Answer(call.status or endpoint.status, _written(endpoint, result))

    key = call.request.headers.get(IDEMPOTENCY_HEADER)
    if not endpoint.idempotent or key is None:
        return await work()
    do = once_leased if endpoint.upload else once  # a file goes to the store, which no transaction may wait for
    request_hash = await _request_hash(call.request, arguments.get("upload"))
    answer = await do(call.actor.key, check_key(key), request_hash, work)
    if answer.replayed:
        await _give_back(endpoint, call)
    return answer


async def _give_back(endpoint: Endpoint, call: Call) -> None:
    """Take the count of a repeat away again: only what was done anew counts."""
    if endpoint.limit is not None:
        limiter, who = call.request.app[LIMITER], _who(call.request, call.visitor)
        await limiter.give_back(endpoint.limit, who, _limit(endpoint, call.request))


async def _request_hash(request: web.Request, upload: Upload | None) -> bytes:
    """Name the request; of a form what is in it, as each try has another boundary."""
    sent = upload.fingerprint() if upload else await read_bytes(request)
    return hash_of(request.method.encode(), request.rel_url.raw_path_qs.encode(), sent)


def _written(endpoint: Endpoint, result: Any) -> str | None:
    if endpoint.answer_adapter is None:
        return None
    return endpoint.answer_adapter.dump_json(result, by_alias=True).decode()


def _response(endpoint: Endpoint, answer: Answer) -> web.Response:
    headers = {REPLAYED_HEADER: "true"} if answer.replayed else {}
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    charset = "; charset=utf-8" if endpoint.produces == "application/json" else ""
    headers[hdrs.CONTENT_TYPE] = endpoint.produces + charset
    return web.Response(status=answer.status, headers=headers, body=answer.body.encode())
