"""The live door: what it says to whom, and how it refuses."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yarl
from structlog.testing import capture_logs

from foundation.access import Actor
from foundation.live import own_topic
from foundation.settings import LiveSettings
from miniprogram_api import live
from tests.conftest import Client
from tests.jobs import Worker
from tests.live import Door, MortalRedis, Notebook, Screen, eventually, screens
from tests.phone import Phone


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    redis = MortalRedis(tmp_path)
    await redis.start()
    notebook = Notebook()
    notebook.write("1")
    async with Door.opened(redis.url, notebook) as opened:
        yield opened
    redis.stop()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def screen(door: Door) -> AsyncIterator[Screen]:
    async with screens(door.url, 1) as (only,):
        yield only


async def said(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    frame: dict[str, Any] = await asyncio.wait_for(socket.receive_json(), 20)
    return frame


async def ended_with(socket: aiohttp.ClientWebSocketResponse) -> Any:
    message = await asyncio.wait_for(socket.receive(), 20)
    assert message.type is aiohttp.WSMsgType.CLOSE
    return message.data


async def test_hello_and_watch_may_be_sent_together(door: Door, http: aiohttp.ClientSession) -> None:
    async with http.ws_connect(door.url) as socket:
        await socket.send_json({"type": "hello", "token": "resident-1"})
        await socket.send_json({"type": "watch", "topic": "page:1", "after": 0})

        assert [await said(socket) for _ in range(3)] == [
            {"type": "welcome", "server_time": "2026-11-20T13:06:00Z"},
            {"type": "event", "topic": "page:1", "seq": 1, "event": {"text": "line 1", "for": "zh-Hans"}},
            {"type": "caught_up", "topic": "page:1", "last_seq": 1},
        ]


@pytest.mark.parametrize("how", ["address", "header"])
async def test_the_token_may_come_with_the_request(door: Door, http: aiohttp.ClientSession, how: str) -> None:
    url, headers = (
        (f"{door.url}?token=resident-1", {}) if how == "address" else (door.url, {"Authorization": "Bearer resident-1"})
    )
    async with http.ws_connect(url, headers=headers) as socket:
        assert (await said(socket))["type"] == "welcome"
        await socket.send_json({"type": "hello", "token": "resident-1"})
        assert (await said(socket))["type"] == "welcome"
        await socket.send_json({"type": "hello", "token": "resident-2"})
        assert (await said(socket))["problem"]["type"] == "/problems/already-signed-in"


@pytest.mark.parametrize("token", ["", "wrong", "resident-66", "x" * 3000])
@pytest.mark.parametrize("how", ["hello", "address"])
async def test_a_bad_or_ended_token_is_closed_with_4401(
    door: Door, http: aiohttp.ClientSession, token: str, how: str
) -> None:
    door.people.ended.add("resident-66")
    url = f"{door.url}?token={token}" if how == "address" and token else door.url
    async with http.ws_connect(url) as socket:
        if url == door.url:
            await socket.send_json({"type": "hello", "token": token})
        assert (await said(socket))["problem"]["type"] == "/problems/not-signed-in"
        assert await ended_with(socket) == 4401


async def test_who_does_not_say_hello_in_time_is_closed_with_4401(
    door: Door, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HELLO_SECONDS", 0.2)
    async with http.ws_connect(door.url) as socket:
        await socket.send_json({"type": "ping"})
        assert await said(socket) == {"type": "pong"}
        assert await ended_with(socket) == 4401
    await eventually(lambda: door.feed.figures.sockets == 0)


async def test_who_watches_before_hello_is_closed_with_4401(door: Door, http: aiohttp.ClientSession) -> None:
    async with http.ws_connect(door.url) as socket:
        await socket.send_json({"type": "watch", "topic": "page:1"})
        assert (await said(socket))["problem"]["status"] == 401
        assert await ended_with(socket) == 4401


async def test_a_database_that_is_away_at_hello_asks_to_try_later(door: Door, http: aiohttp.ClientSession) -> None:
    door.people.broken = True
    async with http.ws_connect(f"{door.url}?token=resident-1") as socket:
        assert await ended_with(socket) == 1013


async def test_a_mistake_of_ours_ends_the_socket_properly(door: Door, http: aiohttp.ClientSession) -> None:
    async with http.ws_connect(f"{door.url}?token=crash") as socket:
        assert await ended_with(socket) == 1011


async def test_what_may_not_be_seen_answers_like_what_does_not_exist(door: Door, http: aiohttp.ClientSession) -> None:
    door.notebook.write("secret")
    answers = []
    async with http.ws_connect(f"{door.url}?token=resident-1") as socket:
        await said(socket)
        for topic in ("page:secret", "page:404", "nothing:1", "page", "me:resident:2", ":", "页:1"):
            await socket.send_json({"type": "watch", "topic": topic})
            answer = await said(socket)
            assert answer.pop("topic") == topic
            answers.append(answer)
    problem = {"type": "/problems/not-found", "title": "没有找到", "status": 404, "detail": "没有找到"}
    assert answers == [{"type": "error", "problem": problem}] * 7


async def test_problems_are_said_in_the_persons_language(door: Door, http: aiohttp.ClientSession) -> None:
    async with http.ws_connect(f"{door.url}?token=resident-1/en", headers={"Accept-Language": "zh-TW"}) as socket:
        await said(socket)
        await socket.send_json({"type": "watch", "topic": "page:404"})
        assert (await said(socket))["problem"]["title"] == "Not found"


@pytest.mark.parametrize(
    ("text", "code", "pointer"),
    [
        ("", "/problems/unreadable-request", None),
        ("{", "/problems/unreadable-request", None),
        ("[" * 5000, "/problems/unreadable-request", None),
        ("null", "/problems/invalid-fields", ""),
        ("[]", "/problems/invalid-fields", ""),
        ("{}", "/problems/invalid-fields", "/type"),
        ('{"type": "dance"}', "/problems/invalid-fields", "/type"),
        ('{"type": 7}', "/problems/invalid-fields", "/type"),
        ('{"type": "hello"}', "/problems/invalid-fields", "/token"),
        ('{"type": "hello", "token": 7}', "/problems/invalid-fields", "/token"),
        ('{"type": "watch"}', "/problems/invalid-fields", "/topic"),
        ('{"type": "watch", "topic": "page:1", "after": -1}', "/problems/invalid-fields", "/after"),
        ('{"type": "watch", "topic": "page:1", "after": true}', "/problems/invalid-fields", "/after"),
        ('{"type": "watch", "topic": "page:1", "after": "1"}', "/problems/invalid-fields", "/after"),
        ('{"type": "watch", "topic": "page:1", "after": 1e400}', "/problems/invalid-fields", "/after"),
        ('{"type": "watch", "topic": "page:1", "after": 99999999999999999999}', "/problems/invalid-fields", "/after"),
        ('{"type": "watch", "topic": "page:1", "colour": 1}', "/problems/invalid-fields", "/colour"),
        ('{"type": "watch", "topic": "\\ud800"}', None, None),
        (json.dumps({"type": "watch", "topic": "x" * 101}), "/problems/invalid-fields", "/topic"),
        (b"\x00\x01", "/problems/unreadable-request", None),
    ],
)
async def test_a_malformed_frame_is_answered_and_the_socket_lives_on(
    door: Door, http: aiohttp.ClientSession, text: str | bytes, code: str | None, pointer: str | None
) -> None:
    async with http.ws_connect(f"{door.url}?token=resident-1") as socket:
        await said(socket)
        await (socket.send_bytes(text) if isinstance(text, bytes) else socket.send_str(text))
        answer = await said(socket)
        assert answer["type"] == "error"
        if code:
            assert answer["problem"]["type"] == code
        if pointer is not None:
            assert answer["problem"]["errors"][0]["pointer"] == pointer
        await socket.send_json({"type": "ping"})
        assert await said(socket) == {"type": "pong"}


async def test_a_frame_that_is_too_big_ends_the_socket(door: Door, http: aiohttp.ClientSession) -> None:
    async with http.ws_connect(f"{door.url}?token=resident-1") as socket:
        await said(socket)
        await socket.send_json({"type": "watch", "topic": "x" * 10_000})
        assert await ended_with(socket) == 1009
    await eventually(lambda: door.feed.figures.sockets == 0)


async def test_one_socket_watches_fifty_topics_and_no_more(door: Door, screen: Screen) -> None:
    for n in range(51):
        door.notebook.write(str(n))

    await screen.come(*(f"page:{n}" for n in range(51)))

    await eventually(lambda: len(screen.caught_up) == 50)
    await eventually(lambda: len(screen.others) == 2)
    assert screen.others[1]["topic"] == "page:50"
    assert screen.others[1]["problem"]["type"] == "/problems/too-many-topics"
    await screen.say(type="unwatch", topic="page:0")
    await screen.watch("page:50")
    await eventually(lambda: "page:50" in screen.caught_up)
    await screen.watch("page:1", after=0)  # one of the fifty, anew
    await eventually(lambda: screen.numbers["page:1"] == [1, 2, 1, 2])


async def test_who_unwatches_hears_no_more(door: Door, screen: Screen) -> None:
    await screen.come("page:1")
    await eventually(lambda: screen.caught_up)

    await screen.say(type="unwatch", topic="page:1")
    await screen.say(type="unwatch", topic="never watched")
    await screen.say(type="ping")
    await eventually(lambda: {"type": "pong"} in screen.others)
    door.feed.publish("page:1", door.notebook.write("1"))
    await screen.say(type="ping")
    await eventually(lambda: screen.others.count({"type": "pong"}) == 2)

    assert screen.numbers["page:1"] == [1]


async def test_a_personal_topic_is_everybodys_own(door: Door) -> None:
    async with screens(door.url, 2) as (one, two):
        await asyncio.gather(one.come("me"), two.come("me"))
        await eventually(lambda: one.caught_up == two.caught_up == {"me": 0})

        own = own_topic("me", Actor("resident", 2))
        door.feed.publish(own, door.notebook.write(own.removeprefix("me:"), "hello"))

        await eventually(lambda: two.events["me"] == [{"text": "hello", "for": "zh-Hans"}])
        assert one.numbers["me"] == []


@pytest.mark.parametrize("size", [10, 125, 126, 65_000, 65_536, 300_000])
@pytest.mark.parametrize("compress", [0, 15])
async def test_frames_of_every_size_are_read_also_by_clients_that_offer_compression(
    door: Door, screen: Screen, size: int, compress: int
) -> None:
    door.notebook.write("big", "字" * (size // 3))

    await screen.come("page:big", compress=compress)
    await eventually(lambda: screen.caught_up)
    door.feed.publish("page:big", door.notebook.write("big", "x" * size))
    await eventually(lambda: screen.position("page:big") == 2)

    assert [len(event["text"]) for event in screen.events["page:big"]] == [size // 3, size]
    assert screen.socket is not None
    assert screen.socket.compress == 0


async def test_an_ended_sign_in_loses_its_socket_soon(door: Door, screen: Screen) -> None:
    await screen.come("page:1")
    await eventually(lambda: screen.caught_up)

    door.people.ended.add("resident-1")

    assert await screen.gone() == 4401
    await eventually(lambda: door.feed.figures.sockets == 0)


async def test_a_room_that_crashes_costs_an_error_frame_only(door: Door, screen: Screen) -> None:
    door.notebook.broken = True
    await screen.come("page:1")
    await eventually(lambda: len(screen.others) == 2)
    assert screen.others[1]["problem"]["status"] == 500

    door.notebook.broken = False
    await screen.watch("page:1")
    await eventually(lambda: screen.caught_up)


async def test_more_frames_than_a_person_sends_are_read_slowly(
    door: Door, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BURST", 10)
    monkeypatch.setattr(live, "FRAMES_PER_SECOND", 100.0)
    await screen.come()
    began = asyncio.get_running_loop().time()

    for _ in range(40):
        await screen.say(type="ping")
    await eventually(lambda: screen.others.count({"type": "pong"}) == 40)

    assert asyncio.get_running_loop().time() - began > 0.25


async def test_one_person_has_as_many_sockets_as_they_may_and_no_more(door: Door) -> None:
    door.feed.limits = LiveSettings(sockets_per_person=2)
    async with screens(door.url, 4) as crowd:
        for screen in crowd[:3]:
            screen.token = "resident-1"  # noqa: S105 - a name
            await screen.come("page:1")
        one_more, other = crowd[2], crowd[3]
        await other.come("page:1")

        assert await one_more.gone() == 4409
        assert [frame["problem"]["type"] for frame in one_more.others] == ["/problems/too-many-sockets"]
        await eventually(lambda: all(screen.caught_up for screen in (crowd[0], crowd[1], other)))

        crowd[0].cut()
        await eventually(lambda: door.feed.figures.sockets == 3)
        await one_more.come("page:1")
        await eventually(lambda: one_more.caught_up)
    await eventually(lambda: not door.feed._seats)  # noqa: SLF001 - nobody's place is kept after they left


async def test_a_full_process_refuses_the_handshake_and_says_when_to_come_again(
    door: Door, screen: Screen, http: aiohttp.ClientSession
) -> None:
    door.feed.limits = LiveSettings(sockets=1)
    await screen.come("page:1")
    await eventually(lambda: screen.caught_up)

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await http.ws_connect(door.url)

    assert refused.value.status == 503
    assert refused.value.headers is not None
    assert int(refused.value.headers["Retry-After"]) > 0
    await screen.leave()
    await eventually(lambda: door.feed.figures.sockets == 0)
    await (await http.ws_connect(door.url)).close()
    assert door.feed.figures.refused == 1


async def test_a_request_that_is_no_websocket_is_refused(door: Door, http: aiohttp.ClientSession) -> None:
    async with http.get(door.url) as answer:
        assert answer.status == 400
        assert answer.content_type == "application/problem+json"


async def test_a_client_that_vanishes_leaves_nothing_behind(door: Door) -> None:
    async with screens(door.url, 20) as crowd:
        await asyncio.gather(*(screen.come("page:1") for screen in crowd))
        await eventually(lambda: all(screen.caught_up for screen in crowd))
        for screen in crowd:
            screen.cut()
        await eventually(lambda: door.feed.figures.sockets == 0)
        board = door.feed._board  # noqa: SLF001 - whether it is empty cannot be seen from outside
        assert board is not None
        assert all(subject.is_idle() for subject in board._subjects.values())  # noqa: SLF001


async def test_a_complaint_is_watched_by_its_owner_with_a_ticket_and_by_nobody_else(
    phone: Phone, worker: Worker, api: Client
) -> None:
    complaint = await phone.file()
    topic = f"complaint:{complaint['id']}"
    ticket = (await phone.post("/live-tickets")).body["ticket"]

    async with api.ws_connect("/api/v1/live", params={"token": ticket}) as socket:
        await socket.send_json({"type": "watch", "topic": topic, "after": 0})
        frames = [await said(socket) for _ in range(3)]
        await worker.run_until_idle()  # pushed to nobody, or to the core: either way the list is the truth
        await phone.post(f"/complaints/{complaint['id']}/supplements", {"text": "今天灯还是不亮"}, key="more")
        events = await phone.timeline(complaint)
        frames += [await said(socket) for _ in events[1:]]

        assert [frame["type"] for frame in frames[:3]] == ["welcome", "event", "caught_up"]
        heard = [frame for frame in frames if frame["type"] == "event"]
        assert [frame["seq"] for frame in heard] == list(range(1, len(events) + 1))
        assert [frame["event"] for frame in heard] == events
        await socket.send_json({"type": "watch", "topic": topic.upper().replace("COMPLAINT", "complaint")})
        await socket.send_json({"type": "watch", "topic": "complaint:0193d2f0-0000-7000-8000-000000000000"})
        refused = [await said(socket) for _ in range(2)]
        assert [frame["problem"]["status"] for frame in refused] == [404, 404]

    async with api.ws_connect("/api/v1/live", params={"token": ticket}) as socket:
        assert (await said(socket))["problem"]["status"] == 401
        assert await ended_with(socket) == 4401


async def test_who_has_chosen_no_language_is_told_in_the_one_the_phone_asks_for(phone: Phone, api: Client) -> None:
    complaint = await phone.file()
    english = {"Accept-Language": "en"}
    listed = (await phone.get(f"/complaints/{complaint['id']}/events", headers=english)).body["items"]

    async with api.ws_connect(f"/api/v1/live?token={phone.token}", headers=english) as socket:
        await socket.send_json({"type": "watch", "topic": f"complaint:{complaint['id']}"})
        told = [await said(socket), await said(socket)]

    assert listed[0]["title"] == "Sent"
    assert [frame.get("event") for frame in told] == [None, listed[0]]


async def test_signing_out_ends_the_socket_within_five_seconds(phone: Phone, api: Client) -> None:
    async with api.ws_connect("/api/v1/live", headers={"Authorization": f"Bearer {phone.token}"}) as socket:
        assert (await said(socket))["type"] == "welcome"
        assert (await phone.call("DELETE", "/sessions/current")).status == 204
        assert await ended_with(socket) == 4401


async def test_who_unfollows_hears_no_more_within_five_seconds(phone: Phone, neighbour: Phone, api: Client) -> None:
    complaint = await phone.file()
    address, topic = f"/complaints/{complaint['id']}", f"complaint:{complaint['id']}"
    assert (await neighbour.call("PUT", f"{address}/follow")).status < 300
    async with api.ws_connect("/api/v1/live", headers={"Authorization": f"Bearer {neighbour.token}"}) as socket:
        await socket.send_json({"type": "watch", "topic": topic, "after": 0})
        assert [(await said(socket))["type"] for _ in range(3)] == ["welcome", "event", "caught_up"]

        assert (await neighbour.call("DELETE", f"{address}/follow")).status < 300
        ended = await said(socket)  # waits five seconds at most

        assert (ended["type"], ended["topic"], ended["problem"]["status"]) == ("error", topic, 404)
        await phone.post(f"{address}/supplements", {"text": "今天灯还是不亮"}, key="more")
        await socket.send_json({"type": "ping"})
        assert (await said(socket)) == {"type": "pong"}


async def test_who_leaves_before_the_socket_is_open_is_no_crash(door: Door) -> None:
    handshake = (
        b"GET /api/v1/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    address = yarl.URL(door.url)
    with capture_logs() as logs:
        for turns in [*range(10)] * 3:
            wire = socket.create_connection((address.host, address.port))
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wire.sendall(handshake)
            for _ in range(turns):  # the server is in the same loop, and gets so far with it
                await asyncio.sleep(0)
            wire.close()  # a reset
        await asyncio.sleep(0.2)
        await eventually(lambda: door.feed.figures.sockets == 0)

    assert "request" in {line["event"] for line in logs}
    assert [line["event"] for line in logs if line["log_level"] in {"error", "critical"}] == []
