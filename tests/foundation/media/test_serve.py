"""What a browser gets under a signed address."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from foundation.clock import FrozenClock
from foundation.errors import LinliError
from foundation.media.models import Media
from foundation.media.receiving import receive
from foundation.media.serve import answer
from foundation.media.signing import MediaSigner, Variant
from foundation.media.store import MediaStore
from tests.foundation.media import files
from tests.foundation.media.conftest import AT, WANG
from tests.foundation.media.test_store import read


@web.middleware
async def refusals(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except LinliError as error:
        return web.json_response({"code": error.code}, status=error.status)


@pytest.fixture
async def client(database: None, store: MediaStore) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        return await answer(request, store)

    app = web.Application(middlewares=[refusals])
    app.router.add_get("/media/{media_id}/{variant}", serve)
    async with TestClient(TestServer(app)) as opened:
        yield opened


Client = TestClient[web.Request, web.Application]


async def test_a_photo_is_shown_and_may_be_kept_by_this_browser_only(client: Client, store: MediaStore) -> None:
    stored = await receive(WANG, files.jpeg(), store=store, at=AT)

    async with client.get(stored.url) as response:
        body = await response.read()

    assert response.status == 200
    assert body == await read(store, (await Media.get(id=stored.id)).object_key)
    assert response.headers["Content-Type"] == "image/jpeg"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"] == "inline"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response.headers["Cache-Control"] == "private, max-age=1440, immutable"
    assert int(response.headers["Content-Length"]) == len(body)


async def test_a_browser_keeps_nothing_for_longer_than_a_day(client: Client, store: MediaStore) -> None:
    stored = await receive(WANG, files.jpeg(), store=store, at=AT)
    lasting = MediaSigner(b"key of the tests", lifetime=timedelta(days=30), now=lambda: AT)

    async with client.get(lasting.url(stored.id, Variant.FULL)) as response:
        assert response.headers["Cache-Control"] == "private, max-age=86400, immutable"


async def test_a_thumbnail_is_another_smaller_file(client: Client, store: MediaStore) -> None:
    stored = await receive(WANG, files.jpeg(files.quarters(1200, 900)), store=store, at=AT)
    assert stored.thumbnail_url is not None

    async with client.get(stored.url) as full, client.get(stored.thumbnail_url) as small:
        assert len(await small.read()) < len(await full.read())
        assert small.headers["Content-Type"] == "image/jpeg"


async def test_a_voice_message_is_played_and_has_no_thumbnail(client: Client, store: MediaStore) -> None:
    stored = await receive(WANG, files.mp3(), store=store, at=AT)

    async with client.get(stored.url) as response:
        assert response.headers["Content-Type"] == "audio/mpeg"
        assert await response.read() == files.mp3(told=False)
    async with client.get(stored.url.replace("/full", "/thumbnail")) as response:
        assert response.status == 404


async def test_head_tells_the_same_without_the_bytes(client: Client, store: MediaStore) -> None:
    stored = await receive(WANG, files.jpeg(), store=store, at=AT)

    async with client.head(stored.url) as response:
        assert response.status == 200
        assert int(response.headers["Content-Length"]) == (await Media.get(id=stored.id)).bytes
        assert await response.read() == b""


@pytest.mark.parametrize(
    ("asked", "first", "last"), [("bytes=0-1", 0, 1), ("bytes=100-", 100, None), ("bytes=-7", -7, None)]
)
async def test_a_player_gets_the_part_it_asks_for(
    client: Client, store: MediaStore, asked: str, first: int, last: int | None
) -> None:
    stored = await receive(WANG, files.mp3(), store=store, at=AT)
    sound = files.mp3(told=False)
    part = sound[first:] if last is None else sound[first : last + 1]

    async with client.get(stored.url, headers={"Range": asked}) as response:
        assert response.status == 206
        assert await response.read() == part

    start = first % len(sound)
    assert response.headers["Content-Range"] == f"bytes {start}-{start + len(part) - 1}/{len(sound)}"
    assert response.headers["Content-Length"] == str(len(part))
    assert response.headers["Content-Type"] == "audio/mpeg"
    assert response.headers["Accept-Ranges"] == "bytes"


async def test_the_parts_of_a_file_make_the_whole(client: Client, store: MediaStore) -> None:
    stored = await receive(WANG, files.jpeg(files.quarters(1200, 900)), store=store, at=AT)
    assert stored.thumbnail_url is not None
    whole = await (await client.get(stored.thumbnail_url)).read()

    got = b""
    while len(got) < len(whole):
        headers = {"Range": f"bytes={len(got)}-{len(got) + 999}"}
        async with client.get(stored.thumbnail_url, headers=headers) as response:
            assert response.headers["Content-Range"].endswith(f"/{len(whole)}")
            got += await response.read()

    assert got == whole


async def test_a_part_behind_the_end_is_refused_with_the_size(client: Client, store: MediaStore) -> None:
    stored = await receive(WANG, files.mp3(), store=store, at=AT)
    size = len(files.mp3(told=False))

    async with client.get(stored.url, headers={"Range": f"bytes={size}-"}) as response:
        assert (response.status, response.headers["Content-Range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"Range": "bytes=0-1,5-9"}),
        ("GET", {"Range": "bytes=9-2"}),
        ("GET", {"Range": "seconds=0-1"}),
        ("GET", {"Range": "bytes=0-1", "If-Range": '"never given"'}),
        ("HEAD", {"Range": "bytes=0-1"}),
    ],
)
async def test_several_parts_and_what_is_no_part_get_the_whole(
    client: Client, store: MediaStore, method: str, headers: dict[str, str]
) -> None:
    stored = await receive(WANG, files.mp3(), store=store, at=AT)

    async with client.request(method, stored.url, headers=headers) as response:
        assert response.status == 200
        assert "Content-Range" not in response.headers
        assert int(response.headers["Content-Length"]) == len(files.mp3(told=False))


async def test_an_address_that_ended_says_so(client: Client, store: MediaStore, signing_clock: FrozenClock) -> None:
    stored = await receive(WANG, files.jpeg(), store=store, at=AT)
    signing_clock.advance(hours=1)

    async with client.get(stored.url) as response:
        assert (response.status, await response.json()) == (404, {"code": "media_link_expired"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("expires=1", "expires=2"),
        ("signature=", "signature=x"),
        ("signature=", "nothing="),
        ("/full", "/original"),
        ("/media/0", "/media/x"),
        ("/media/0", "/media/1"),
    ],
)
async def test_an_address_we_did_not_make_is_not_found(client: Client, store: MediaStore, old: str, new: str) -> None:
    stored = await receive(WANG, files.jpeg(), store=store, at=AT)

    async with client.get(stored.url.replace(old, new)) as response:
        assert (response.status, await response.json()) == (404, {"code": "not_found"})


async def test_what_was_let_go_is_gone_at_once(client: Client, store: MediaStore) -> None:
    stored = await receive(WANG, files.jpeg(), store=store, at=AT)
    await Media.filter(id=stored.id).delete()

    async with client.get(stored.url) as response:
        assert response.status == 404


async def test_a_lost_object_is_not_found_rather_than_broken(client: Client, store: MediaStore) -> None:
    stored = await receive(WANG, files.jpeg(), store=store, at=AT)
    await store.delete((await Media.get(id=stored.id)).keys)

    for headers in ({}, {"Range": "bytes=0-1"}):
        async with client.get(stored.url, headers=headers) as response:
            assert response.status == 404
