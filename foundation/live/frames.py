"""WebSocket frames as bytes, made once and written to many."""

from collections.abc import Mapping
from struct import pack
from typing import Any

from pydantic_core import to_json

_TEXT = 0x81
_CLOSE = 0x88
_PONG = 0x8A
PING = b"\x89\x00"
"""Asks the other side's library for a sign of life."""
_SHORT = 126
_MEDIUM = 65_536


def text_frame(text: bytes) -> bytes:
    """Wrap a text as the server's one unmasked frame (RFC 6455, 5.2)."""
    size = len(text)
    if size < _SHORT:
        return pack("!BB", _TEXT, size) + text
    if size < _MEDIUM:
        return pack("!BBH", _TEXT, 126, size) + text
    return pack("!BBQ", _TEXT, 127, size) + text


def pong_frame(given: bytes) -> bytes:
    """Answer a ping with what it said, at most 125 bytes."""
    return pack("!BB", _PONG, len(given)) + given


def close_frame(code: int, reason: bytes) -> bytes:
    """Say goodbye with a code and a reason of at most 123 bytes."""
    return pack("!BBH", _CLOSE, 2 + len(reason), code) + reason


def json_frame(content: Mapping[str, Any]) -> bytes:
    """Write a value as JSON, in one frame."""
    return text_frame(to_json(content))


def event_frame(topic: str, seq: int, event: Mapping[str, Any]) -> bytes:
    """Write one event of a topic."""
    return json_frame({"type": "event", "topic": topic, "seq": seq, "event": event})


def caught_up_frame(topic: str, last_seq: int) -> bytes:
    """Say that whoever watches has everything up to a number, and from now on hears at once."""
    return json_frame({"type": "caught_up", "topic": topic, "last_seq": last_seq})
