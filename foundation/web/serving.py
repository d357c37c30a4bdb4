"""How an endpoint is run: who asks, how often, what was sent, then the handler, then the answer."""

from typing import Any

from aiohttp import web

from foundation.access import Access, Actor
from foundation.errors import NotFoundError, NotSignedInError
from foundation.idempotency import Answer, check_key, hash_of, once, once_leased
from foundation.rate_limits import Limit
from foundation.web.call import Call, client_address
from foundation.web.endpoint import Endpoint
from foundation.web.keys import AUTHENTICATE, GROUND, LANGUAGE, LIMITER
from foundation.web.reading import read_bytes, read_form, read_parts
from foundation.web.uploads import Upload, read_upload

IDEMPOTENCY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
_FORM_OVERHEAD = 65_536


async def serve(endpoint: Endpoint, request: web.Request) -> web.StreamResponse:
    """Answer one request."""
    ground = request.app[GROUND]
    actor = await _admitted(endpoint, request)
    await _count(endpoint, request, actor)
    call = Call(request, ground, ground.clock.now(), request[LANGUAGE], actor)
    arguments = await read_parts(endpoint, request)
    if endpoint.upload:
        upload = await _read_file(request, ground.settings.media.max_bytes)
        arguments |= {"upload": upload, **read_form(endpoint, upload.fields)}
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
    actor = await request.app[AUTHENTICATE](request)
    if actor is None:
        raise NotSignedInError
    if actor.language:
        request[LANGUAGE] = actor.language
    if not endpoint.access.admits(actor):
        raise NotFoundError
    return actor


async def _count(endpoint: Endpoint, request: web.Request, actor: Actor | None) -> None:
    if endpoint.limit is None:
        return
    limit = Limit.parse(getattr(request.app[GROUND].settings.limits, endpoint.limit))
    who = actor.key if actor else f"address:{client_address(request)}"
    await request.app[LIMITER].check(endpoint.limit, who, limit)


async def _read_file(request: web.Request, max_bytes: int) -> Upload:
    whole = request.clone(client_max_size=max_bytes + _FORM_OVERHEAD)
    return await read_upload(whole, max_bytes=max_bytes)


async def _answer(endpoint: Endpoint, call: Call, arguments: dict[str, Any]) -> Answer:
    async def work() -> Answer:
        result = await endpoint.handler(call, **arguments)
        return Answer(call.status or endpoint.status, _written(endpoint, result))

    key = call.request.headers.get(IDEMPOTENCY_HEADER)
    if not endpoint.idempotent or key is None:
        return await work()
    do = once_leased if endpoint.upload else once  # a file goes to the store, which no transaction may wait for
    return await do(call.actor.key, check_key(key), await _request_hash(call.request, arguments), work)


async def _request_hash(request: web.Request, arguments: dict[str, Any]) -> bytes:
    """Name the request; of a form what is in it, as each try has another boundary."""
    upload = arguments.get("upload")
    sent = upload.fingerprint() if isinstance(upload, Upload) else await read_bytes(request)
    return hash_of(request.method.encode(), request.rel_url.raw_path_qs.encode(), sent)


def _written(endpoint: Endpoint, result: Any) -> str | None:
    if endpoint.answer_adapter is None:
        return None
    return endpoint.answer_adapter.dump_json(result, by_alias=True).decode()


def _response(endpoint: Endpoint, answer: Answer) -> web.Response:
    response = web.Response(status=answer.status)
    if answer.body is not None:
        response.body = answer.body.encode()
        response.content_type = endpoint.produces
        if endpoint.produces == "application/json":
            response.charset = "utf-8"
    if answer.replayed:
        response.headers[REPLAYED_HEADER] = "true"
    return response
