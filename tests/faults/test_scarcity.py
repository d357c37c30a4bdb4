"""Too little of something: disk, connections, readers' patience. Each is refused clearly, and nothing is half done."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.faults.checker import flaws_of
from tests.faults.story import Story, told
from tests.faults.tight import READER_SECONDS, Disk, Tight, tight_doors, upload, way_to_mount
from tests.phone import Phone
from tests.processes.district import HERE, District
from tests.processes.programs import until

LOCKED_SECONDS = 5.0
"""How long a statement waits for a lock (`LINLI_DATABASE__LOCK_SECONDS`)."""
NOBODY_WAITS_SECONDS = 1.0
"""Half of what a reader is waited for: who stood behind one would take longer."""


@pytest.fixture(scope="module")
async def tight(district: District, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tight]:
    """Open doors that have too little of everything; where nobody may mount, of all but disk."""
    async with tight_doors(district, tmp_path_factory.mktemp("tight"), way_to_mount()) as opened:
        yield opened


@pytest.fixture
async def visitors(story: Story, tight: Tight) -> AsyncIterator[Story]:
    """Begin a story of people at those doors."""
    async with told(tight.district) as begun:
        yield begun


def rows_of(tight: Tight, phone: Phone) -> int:
    found = tight.district.rows("SELECT count(*) AS n FROM media WHERE owner_id = %s", phone.resident_id)
    return int(found[0]["n"])


@pytest.mark.parametrize("which", ["media", "temporary"])
async def test_a_full_disk_refuses_a_photo_clearly_and_keeps_nothing_of_it(
    visitors: Story, tight: Tight, which: str
) -> None:
    if not tight.mounted:
        pytest.skip("this machine lets nobody mount: the full disk is not tried")
    phone, key = await tight.district.sign_in(), uuid4().hex
    disk: Disk = getattr(tight, which)
    assert (await upload(phone, key=uuid4().hex)).status == 201
    before = tight.media.files() + tight.temporary.files()

    disk.fill()
    try:
        refused = await upload(phone, key=key)
    finally:
        disk.free()
    left = (tight.media.files() + tight.temporary.files(), rows_of(tight, phone))
    taken = await upload(phone, key=key)

    assert (refused.status, refused.body["type"]) == (503, "/problems/media-store-busy")
    assert refused.headers["Retry-After"].isdigit()
    assert left == (before, 1)
    assert (taken.status, rows_of(tight, phone)) == (201, 2)
    assert await flaws_of(tight.district, visitors) == []


async def test_when_every_connection_waits_the_others_are_told_soon_and_health_answers(
    visitors: Story, tight: Tight
) -> None:
    phones = [await tight.district.sign_in() for _ in range(6)]
    bodies: list[dict[str, Any]] = [{"text": f"水管爆了 {uuid4().hex[:12]}", "location": HERE} for _ in phones]

    async def timed(phone: Phone, body: dict[str, Any]) -> tuple[int, float]:
        began = time.monotonic()
        answer = await visitors.once(phone, "/complaints", body, key=uuid4().hex)
        assert answer is not None
        return answer.status, time.monotonic() - began

    with psycopg.connect(tight.district.servers.addresses.database_url) as other:
        other.execute("LOCK TABLE idempotency_key IN ACCESS EXCLUSIVE MODE")
        asking = [asyncio.create_task(timed(phone, body)) for phone, body in zip(phones, bodies, strict=True)]
        done, waiting = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        async with tight.district.session.get(f"{tight.url}/healthz") as health:
            assert health.status == 200
        refused, _ = await asyncio.wait(asking)
        other.rollback()

    assert len(done) + len(waiting) == 6
    assert {status for status, _ in (each.result() for each in refused)} == {503}
    assert max(seconds for _, seconds in (each.result() for each in refused)) < LOCKED_SECONDS + 5
    for phone in phones:
        await visitors.file(phone)
    assert await flaws_of(tight.district, visitors) == []


def connect(tight: Tight) -> socket.socket:
    """Open a line on which little fits into our side."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", tight.district.copy.port))
    return line


def ask_for_ever(tight: Tight) -> socket.socket:
    """Ask for more answers than fit anywhere, and read none."""
    line = connect(tight)
    line.sendall(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
    return line


def watch_for_ever(tight: Tight, phone: Phone, complaint: str) -> socket.socket:
    """Open a live socket that watches one thing from its beginning again and again, and reads nothing."""
    line = connect(tight)
    line.sendall(
        f"GET /api/v1/live?token={phone.token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    words = f'{{"type":"watch","topic":"complaint:{complaint}","after":0}}'.encode()
    line.sendall((struct.pack("!BB", 0x81, 0x80 | len(words)) + bytes(4) + words) * 100)
    return line


async def test_who_never_reads_is_cut_off_and_nobody_else_waits_for_them(visitors: Story, tight: Tight) -> None:
    phone = await tight.district.sign_in()
    filed = await visitors.file(phone)
    for _ in range(8):
        await visitors.insist(phone, f"/complaints/{filed.id}/supplements", {"text": (t := "长" * 900 + uuid4().hex)})
        filed.added.append(t)

    with ExitStack() as silent:
        for _ in range(5):
            silent.enter_context(ask_for_ever(tight))
            silent.enter_context(watch_for_ever(tight, phone, filed.id))
        await until(lambda: open_lines(tight, at_least=10), what="all ten are connected")
        began = time.monotonic()
        await visitors.file(phone)
        took = time.monotonic() - began
        await until(lambda: open_lines(tight, at_most=0), seconds=READER_SECONDS + 28, what="they are cut off")

    assert took < NOBODY_WAITS_SECONDS
    assert await flaws_of(tight.district, visitors) == []


async def open_lines(tight: Tight, *, at_least: int = 0, at_most: int = 10_000) -> bool:
    return at_least <= tight.lines() <= at_most
