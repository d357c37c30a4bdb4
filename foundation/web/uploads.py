"""Files that are sent as a form (`multipart/form-data`).

The whole file is held in memory: it is small by rule, and everything that looks at it (pictures, signatures)
wants it whole.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from foundation.errors import (
    FieldProblem,
    InvalidFieldsError,
    TooLargeError,
    TooSlowError,
    UnreadableRequestError,
    UnsupportedContentError,
)

FILE = "file"
MOST_FIELDS = 20
LONGEST_FIELD = 8_000
UPLOAD_SECONDS = 300.0
"""Ten megabytes on a poor line; whoever takes longer holds a connection for nothing."""
_PLAIN_ENCODINGS = frozenset({"", "binary", "7bit", "8bit", "identity"})


@dataclass(frozen=True)
class Upload:
    """One file, as it was sent; neither its name nor its kind is to be believed."""

    content: bytes
    filename: str
    content_type: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """The form's other fields as they came; a handler asks for them as `form: SomeInput`."""

    def fingerprint(self) -> bytes:
        """Name what was sent, whatever boundary the form was sent with."""
        parts = [hashlib.sha256(self.content).hexdigest()]
        parts += [f"{name}={self.fields[name]}" for name in sorted(self.fields)]
        return "\n".join(parts).encode()


async def read_upload(request: web.Request, *, max_bytes: int) -> Upload:
    """Read the form.

    Raises:
        UnsupportedContentError: it is no form.
        UnreadableRequestError: it is a broken form.
        TooSlowError: it does not end in time.
        TooLargeError: the file or a field is larger than we take.
        InvalidFieldsError: there is no file in it.

    """
    if request.content_type != "multipart/form-data":
        raise UnsupportedContentError
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            upload = await _read_parts(request, max_bytes)
    except TimeoutError:
        raise TooSlowError from None
    except (ValueError, LookupError, RuntimeError, AssertionError, HttpProcessingError) as error:  # aiohttp's
        raise UnreadableRequestError from error
    if upload is None:
        raise InvalidFieldsError(FieldProblem(f"/{FILE}", "missing", "必须填写"))
    return upload


async def _read_parts(request: web.Request, max_bytes: int) -> Upload | None:
    found: Upload | None = None
    fields: dict[str, str] = {}
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader) or not part.name or len(fields) >= MOST_FIELDS:
            raise UnreadableRequestError
        if part.name == FILE and found is None:
            content = await _read_part(part, max_bytes)
            kind = part.headers.get("Content-Type", "application/octet-stream")
            found = Upload(content, part.filename or "", kind.partition(";")[0].strip().lower(), fields)
        elif part.name not in fields and part.name != FILE:
            fields[part.name] = (await _read_part(part, LONGEST_FIELD)).decode("utf-8")
        else:
            raise UnreadableRequestError
    return found


async def _read_part(part: BodyPartReader, max_bytes: int) -> bytes:
    """Read one part; compressed parts are refused, as a few bytes of them can become very many."""
    for name in ("Content-Encoding", "Content-Transfer-Encoding"):
        if part.headers.get(name, "").strip().lower() not in _PLAIN_ENCODINGS:
            raise UnreadableRequestError
    content = bytearray()
    while chunk := await part.read_chunk(65536):
        content.extend(chunk)
        if len(content) > max_bytes:
            raise TooLargeError
    return bytes(content)
