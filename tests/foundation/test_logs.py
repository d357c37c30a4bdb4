"""Log lines are one JSON object each, and nothing personal survives in them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from foundation.logs import configure_logging, mask_personal, masked


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Give a stream to which everything is logged, and put logging back as it was."""
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    stream = io.StringIO()
    configure_logging("info", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_its_request(stream: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("room").info("complaint_filed", number="20260305-0012")

    (line,) = lines(stream)
    assert line["event"] == "complaint_filed"
    assert line["number"] == "20260305-0012"
    assert line["request_id"] == "r-1"
    assert (line["level"], line["logger"]) == ("info", "room")
    assert line["timestamp"].endswith("Z")


def test_libraries_speak_in_the_same_form(stream: io.StringIO) -> None:
    logging.getLogger("some.library").warning("call of %s failed", "13912345678", extra={"phone": "x"})
    logging.getLogger("aiohttp.access").info("small talk")

    (line,) = lines(stream)
    assert line["event"] == "call of *** failed"
    assert line["phone"] == "***"


def test_a_crash_is_one_line_and_masked(stream: io.StringIO) -> None:
    try:
        int("+86 139-1234-5678 already exists")
    except ValueError:
        structlog.get_logger("room").exception("crashed")

    (line,) = lines(stream)
    assert "ValueError" in line["exception"]
    assert "5678" not in line["exception"]


def test_less_than_the_level_is_not_written(stream: io.StringIO) -> None:
    structlog.get_logger("room").debug("whisper")

    assert lines(stream) == []


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("打 13912345678 找我", "打 *** 找我"),
        ("+86 139 1234 5678", "***"),
        ("139-1234-5678", "***"),
        ("电话13912345678找我", "电话***找我"),
        ("居民oUpF8uMuAJO_M2pxb1Q9zNjWeS6o来过", "居民***来过"),
        ("身份证 44030119900307123X", "身份证 ***"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("https://api/sns?access_token=64_abc&openid=oABC", "https://api/sns?access_token=***&openid=***"),
        ('{"session_token": "abc"}', '{"session_token": "abc"}'),
        ('{"token": "abc"}', '{"token": "***"}'),
        ("user oUpF8uMuAJO_M2pxb1Q9zNjWeS6o came", "user *** came"),
        ("key kJ8sK2lQ9mZ3xV7bN1cT5yR4wE6uI0oPaSdF", "key ***"),
        ("postgresql://linli:p4ss@db:5432/linli", "postgresql://***@db:5432/linli"),
    ],
)
def test_what_looks_personal_is_covered(text: str, covered: str) -> None:
    assert masked(text) == covered


@pytest.mark.parametrize(
    "text",
    [
        "20260305-0012",
        "2026-11-20T13:06:00.123456Z",
        "b7d1c1f0a2c94f0e8d1d6f0d3a5b9c7e",
        "/api/v1/complaints/{id}",
        "foundation.web.problems.answer_problems_of_every_kind",
        "12.5 ms",
        "1732107960123",
    ],
)
def test_what_is_not_personal_stays(text: str) -> None:
    assert masked(text) == text


def test_names_of_secrets_are_covered_at_any_depth() -> None:
    line = mask_personal(
        None, "", {"event": "x", "token": "t", "body": {"openid": "o", "list": ["13912345678", 13912345678, 3, None]}}
    )

    assert line == {"event": "x", "token": "***", "body": {"openid": "***", "list": ["***", "***", 3, None]}}
