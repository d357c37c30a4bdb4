"""A part of a file: what players ask for, who want to know how long a voice message is before they fetch it all.

Pure. Of what cannot be read, and of several parts in one question, HTTP lets us answer with the whole (RFC 9110, 14.2).
"""

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a file's bytes; none if they were asked for from behind its end."""

    bytes: range
    size: int
    """Of the whole file."""

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says about it."""
        where = f"{self.bytes.start}-{self.bytes.stop - 1}" if self.bytes else "*"
        return {"Content-Range": f"bytes {where}/{self.size}", "Content-Length": str(len(self.bytes))}


def asked_part(header: str, size: int) -> Part | None:
    """Read a `Range` header; None stands for the whole file."""
    found = _ONE_RANGE.fullmatch(header.strip())
    first, last = found.groups() if found else ("", "")
    if not first:
        return Part(range(max(size - int(last), 0), size), size) if last else None
    if last and int(last) < int(first):
        return None
    return Part(range(int(first), min(int(last) + 1, size) if last else size), size)
