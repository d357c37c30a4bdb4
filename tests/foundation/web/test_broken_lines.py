"""What is no proper request at all: over-long, broken, without end. Each is answered plainly, and no line tells of it."""

import asyncio
import json
import tempfile
import tracemalloc
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from foundation.database import query
from foundation.ground import Ground
from foundation.web import reading, uploads
from foundation.web.app import LONGEST_LINE_BYTES, create_app
from tests.conftest import Server
from tests.foundation.web.sample import PART, TABLE

SECRET = "13912345678"  # noqa: S105 - somebody's telephone
RESIDENT = b"Authorization: Bearer resident-1-zh-Hans\r\n"
JSON = RESIDENT + b"Content-Type: application/json\r\n"
NOTE = b'{"text":"12345"}'


@dataclass
class Heard:
    """What came back on a raw line."""

    status: int
    head: str
    body: bytes

    def problem(self) -> tuple[int, str]:
        """Give status and type of the problem document, after seeing that it is one."""
        assert "application/problem+json" in self.head, self.head
        told: dict[str, Any] = json.loads(self.body)
        assert told["status"] == self.status
        assert told["title"]
        return self.status, str(told["type"])


@pytest.fixture
async def port(database: None, sample_ground: Ground) -> AsyncIterator[int]:
    await query(TABLE)
    server = Server(create_app(sample_ground, [PART]))
    await server.start_server(lingering_time=0.3)  # how long what still comes is swallowed before the line is closed
    assert server.port
    yield server.port
    await server.close()
    await query("DROP TABLE sample_note")


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def hear(reader: asyncio.StreamReader) -> Heard:
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = next(
            (int(row.split(":")[1]) for row in head.splitlines() if row.lower().startswith("content-length")), 0
        )
        return Heard(int(head.split(" ")[1]), head, await reader.readexactly(length))


async def ask(port: int, *sent: bytes) -> Heard:
    async with line_to(port) as (reader, writer):
        for piece in sent:
            writer.write(piece)
            await writer.drain()
        return await hear(reader)


def post(headers: bytes, body: bytes = b"") -> bytes:
    return b"POST /api/v1/notes HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n" + body


@pytest.mark.parametrize(
    "query",
    [
        b"limit=%zz",
        b"limit=%",
        b"cursor=%ff%fe",
        b"colour=%E4%B8",
        b"limit=1&limit=2",
        b"limit=%00",
        b"%00=1",
        b"&&==&",
    ],
)
async def test_bad_percent_encoding_names_its_field(port: int, query: bytes) -> None:
    heard = await ask(port, b"GET /api/v1/notes?" + query + b" HTTP/1.1\r\nHost: a\r\n" + RESIDENT + b"\r\n")

    assert heard.problem() in {(422, "/problems/invalid-fields"), (422, "/problems/bad-cursor")}


@pytest.mark.parametrize(
    "body",
    [
        b'{"text":"12345","text":"67890"}',
        b'{"text":"12345","spot":{"lng":1,"lat":2,"lng":3}}',
        b'{"text":"12345","\\u0074ext":"67890"}',
    ],
)
async def test_a_name_given_twice_means_nothing(port: int, body: bytes) -> None:
    heard = await ask(port, post(JSON + b"Content-Length: %d\r\n" % len(body), body))

    assert heard.problem() == (400, "/problems/unreadable-request")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (b"application/json", 201),
        (b"application/json; charset=UTF-8", 201),
        (b"APPLICATION/JSON", 201),
        (b"application/json; charset=gbk", 415),
        (b"application/json; charset=utf-16", 415),
        (b"application/json; charset=no-such-thing", 415),
        (b"text/plain", 415),
        (b"application/x-www-form-urlencoded", 415),
        (b"application/json;;;=", 201),
        (b"\xff\xfe", 415),
        (b"", 415),
    ],
)
async def test_only_json_in_utf_8_is_taken(port: int, kind: bytes, status: int) -> None:
    headers = RESIDENT + b"Content-Type: " + kind + b"\r\nContent-Length: %d\r\n" % len(NOTE)
    heard = await ask(port, post(headers, NOTE))

    assert heard.status == status
    if status != 201:
        assert heard.problem() == (415, "/problems/unsupported-content-type")


async def test_a_body_in_pieces_that_ends_is_taken(port: int) -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % each for each in NOTE) + b"0\r\n\r\n"

    assert (await ask(port, post(JSON + b"Transfer-Encoding: chunked\r\n", chunks))).status == 201


@pytest.mark.parametrize("headers", [b"Transfer-Encoding: chunked\r\n", b"Content-Length: 100\r\n"])
async def test_a_body_without_end_is_given_up_and_the_line_closed(
    port: int, headers: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BODY_SECONDS", 0.3)
    piece = b"1\r\n{\r\n" if b"chunked" in headers else b"{"
    async with line_to(port) as (reader, writer):
        writer.write(post(JSON + headers, piece))
        heard = await hear(reader)

        assert heard.problem() == (408, "/problems/too-slow")
        async with asyncio.timeout(15):
            assert await reader.read() == b""


async def test_a_file_without_end_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "UPLOAD_SECONDS", 0.3)
    heard = await ask(port, picture(announced=5000))

    assert heard.problem() == (408, "/problems/too-slow")


PICTURE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n\xff\xd8'
PICTURE_OVERHEAD = len(PICTURE + b"\r\n--b--\r\n")


def picture(*, announced: int) -> bytes:
    """Begin to send a picture."""
    headers = RESIDENT + b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n" % announced
    return b"POST /api/v1/notes/1/pictures HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n" + PICTURE


async def test_a_file_is_refused_at_the_measure_whatever_more_is_announced(port: int) -> None:
    heard = await ask(port, picture(announced=10**9), *[bytes(2**20)] * 11)

    assert heard.problem() == (413, "/problems/media-too-large")


async def test_many_large_files_at_once_take_little_memory(port: int) -> None:
    piece, many = bytes(65536), 128
    begun = picture(announced=PICTURE_OVERHEAD + many * len(piece))

    tracemalloc.start()
    try:
        heard = await asyncio.gather(*(ask(port, begun, *[piece] * many, b"\r\n--b--\r\n") for _ in range(6)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert [each.status for each in heard] == [201] * 6
    assert peak < 2 * many * len(piece)  # of six


def open_files(folder: Path) -> int:
    """Count what this process has open there; files without a name are among them."""
    return sum(target_of(link).startswith(str(folder)) for link in Path("/proc/self/fd").iterdir())


def target_of(link: Path) -> str:
    """Say where it leads; another thread may have closed it since it was listed."""
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""


async def until_open(folder: Path, number: int) -> None:
    async with asyncio.timeout(10):
        while open_files(folder) != number:
            await asyncio.sleep(0.01)


async def until_noted(logs: Sequence[Mapping[str, Any]]) -> None:
    async with asyncio.timeout(10):
        while "request" not in {line["event"] for line in logs}:
            await asyncio.sleep(0.01)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


async def test_of_a_file_whose_phone_has_gone_nothing_is_left(port: int, temporary: Path) -> None:
    with capture_logs() as logs:
        async with line_to(port) as (_, writer):
            writer.write(picture(announced=10**6) + bytes(500_000))
            await until_open(temporary, 1)
        await until_open(temporary, 0)
        await until_noted(logs)

    assert [(line["event"], line["status"]) for line in logs] == [("request", 400)]  # no alarm: it is nobody's fault


async def test_an_endless_body_of_pieces_is_too_large_before_it_is_too_slow(port: int) -> None:
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    heard = await ask(port, post(JSON + b"Transfer-Encoding: chunked\r\n"), *[piece] * 17)

    assert heard.problem() == (413, "/problems/too-large")


async def test_a_body_that_is_broken_is_no_crash(port: int) -> None:
    with capture_logs() as logs:
        heard = await ask(port, post(JSON + b"Transfer-Encoding: chunked\r\n", b"zz\r\nnot a length\r\n"))

    assert heard.status == 400
    assert "request_crashed" not in {line["event"] for line in logs}


async def test_a_body_that_breaks_off_is_no_crash(port: int) -> None:
    with capture_logs() as logs:
        async with line_to(port) as (_, writer):
            writer.write(post(JSON + b"Content-Length: 16\r\n", b"{"))
            await writer.drain()
        await until_noted(logs)

    assert [(line["event"], line["status"]) for line in logs] == [("request", 400)]


LONG = SECRET.encode() + b"x" * (LONGEST_LINE_BYTES + 1)
NO_REQUESTS = [
    b"GET /api/v1/notes?q=" + LONG + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /api/v1/notes HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + LONG + b"\r\n\r\n",
    b"GET /api/v1/notes HTTP/1.1\r\nHost: a\r\nX y: " + SECRET.encode() + b"\r\n\r\n",
    b"GET /api/v1/notes HTTP/9.9\r\nHost: a\r\nX: " + SECRET.encode() + b"\r\n\r\n",
    b"GET http://[::1" + SECRET.encode() + b"/ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /api/v1/notes HTTP/1.1\r\nHost: a\r\nContent-Length: " + SECRET.encode() + b"x\r\n\r\n",
    b"POST /api/v1/notes HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" + SECRET.encode(),
]


@pytest.mark.parametrize("sent", NO_REQUESTS, ids=range(len(NO_REQUESTS)))
async def test_what_is_no_request_is_unreadable_and_nothing_of_it_is_written_down(
    port: int, sent: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    heard = await ask(port, sent)

    assert heard.status == 400
    written = caplog.text + "".join(capfd.readouterr())
    assert SECRET not in written
    assert "Traceback" not in written
