"""Whatever is sent, the answer is never a crash."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.database import query as ask_database
from foundation.ground import Ground
from foundation.web.app import create_app
from tests.foundation.web.conftest import Api
from tests.foundation.web.sample import PART, TABLE

often = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)
names = st.sampled_from(["text", "title", "colour", "spot", "place_id", "tags", "stars", "from_at", "until_at", "on"])
RESIDENT = {"Authorization": "Bearer resident-1-zh-Hans", "Content-Type": "application/json"}


@often
@given(body=st.dictionaries(names, json_values) | json_values)
async def test_any_json_is_taken_or_refused(notes: Api, body: Any) -> None:
    answer = await notes.post("/api/v1/notes", data=json.dumps(body).encode(), headers=RESIDENT)

    assert answer.status in {201, 409, 422}
    await answer.json(content_type=None)


@often
@given(body=st.binary(max_size=300), kind=st.sampled_from(["application/json", "multipart/form-data; boundary=b"]))
async def test_any_bytes_are_taken_or_refused(notes: Api, body: bytes, kind: str) -> None:
    for path in ("/api/v1/notes", "/api/v1/notes/1/pictures"):
        answer = await notes.post(path, data=body, headers={**RESIDENT, "Content-Type": kind})

        assert answer.status in {201, 400, 415, 422}


printable = st.binary(max_size=60).map(lambda raw: raw.translate(None, b"\r\n"))


@often
@given(path=printable, query=printable, header=printable, value=printable)
async def test_any_line_and_any_header_is_taken_or_refused(
    raw_port: int, path: bytes, query: bytes, header: bytes, value: bytes
) -> None:
    start = b"GET /api/v1/notes/" + path + b"?" + query + b" HTTP/1.1\r\nHost: a\r\n"
    headers = b"Authorization: Bearer resident-1-en\r\nX-" + header + b": " + value + b"\r\nConnection: close\r\n\r\n"

    status = await status_of(raw_port, start + headers)

    assert 200 <= status < 500


@often
@given(query=st.dictionaries(st.sampled_from(["limit", "cursor", "colour", "since"]), st.text(st.characters())))
async def test_any_query_is_taken_or_refused(notes: Api, query: dict[str, str]) -> None:
    sent = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}

    answer = await notes.get("/api/v1/notes", params=sent, headers=RESIDENT)

    assert answer.status in {200, 422}


@pytest.fixture
async def raw_port(database: None, sample_ground: Ground) -> Any:
    await ask_database(TABLE)
    async with TestServer(create_app(sample_ground, [PART])) as server:
        yield server.port
    await ask_database("DROP TABLE sample_note")


async def status_of(port: int, sent: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        await writer.drain()
        async with asyncio.timeout(30):
            line = await reader.readline()
        return int(line.split(b" ")[1])
    finally:
        writer.close()
        await writer.wait_closed()
