"""Files that are sent as a form (`multipart/form-data`).

The file goes to the disk piece by piece, as it comes: many slow phones hold connections, but no memory.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http import HttpProcessingError

from foundation.errors import (
    FieldProblem,
    InvalidFieldsError,
    TooLargeError,
    TooSlowError,
    UnreadableRequestError,
    UnsupportedContentError,
)
from foundation.idempotency import hash_of
from foundation.media.spooling import Spooled, spool

FILE = "file"
MOST_FIELDS = 20
LONGEST_FIELD = 8_000
UPLOAD_SECONDS = 300.0
"""Ten megabytes on a poor line; whoever takes longer holds a connection for nothing."""
_PIECE_BYTES = 65_536
_PLAIN_ENCODINGS = frozenset({"", "binary", "7bit", "8bit", "identity"})


@dataclass(frozen=True)
class Upload:
    """One file, as it was sent; neither its name nor its kind is to be believed."""

    content: Spooled
    """Where it lies until the request is answered."""
    filename: str
    content_type: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """The form's other fields as they came; a handler asks for them as `form: SomeInput`."""

    def fingerprint(self) -> bytes:
        """Name what was sent, whatever boundary the form was sent with."""
        named = [text.encode() for name in sorted(self.fields) for text in (name, self.fields[name])]
        return hash_of(self.content.sha256, *named)


@asynccontextmanager
async def read_upload(request: web.Request, *, max_bytes: int) -> AsyncIterator[Upload]:
    """Read the form; its file is there as long as the block lasts.

    Raises:
        UnsupportedContentError: it is no form.
        UnreadableRequestError: it is a broken form, or breaks off.
        TooSlowError: it does not end in time.
        MediaTooLargeError: the file is larger than we take; the rest was not read.
        TooLargeError: a field is larger than we take.
        MediaStoreBusyError: there is no room for the file.
        InvalidFieldsError: there is no file in it.

    """
    if request.content_type != "multipart/form-data":
        raise UnsupportedContentError
    async with spool() as content:
        yield await _read(request, content, max_bytes)


async def _read(request: web.Request, content: Spooled, max_bytes: int) -> Upload:
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            upload = await _read_parts(request, content, max_bytes)
    except TimeoutError:
        raise TooSlowError from None
    except (ValueError, LookupError, RuntimeError, AssertionError, HttpProcessingError) as error:  # aiohttp's
        raise UnreadableRequestError from error
    if upload is None:
        raise InvalidFieldsError(FieldProblem(f"/{FILE}", "missing", "必须填写"))
    return upload


async def _read_parts(request: web.Request, content: Spooled, max_bytes: int) -> Upload | None:
    found: Upload | None = None
    fields: dict[str, str] = {}
    reader = await request.multipart()
    while (part := await _next_part(reader)) is not None:
        if not isinstance(part, BodyPartReader) or not part.name or len(fields) >= MOST_FIELDS:
            raise UnreadableRequestError
        if part.name == FILE and found is None:
            await content.take(_pieces(part), max_bytes=max_bytes)
            kind = part.headers.get("Content-Type", "application/octet-stream")
            found = Upload(content, part.filename or "", kind.partition(";")[0].strip().lower(), fields)
        elif part.name not in fields and part.name != FILE:
            fields[part.name] = await _read_text(part)
        else:
            raise UnreadableRequestError
    return found


async def _next_part(reader: MultipartReader) -> MultipartReader | BodyPartReader | None:
    with _line_may_break():
        return await reader.next()


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    """Give one part as it comes; compressed parts are refused, as a few bytes of them can become very many."""
    for name in ("Content-Encoding", "Content-Transfer-Encoding"):
        if part.headers.get(name, "").strip().lower() not in _PLAIN_ENCODINGS:
            raise UnreadableRequestError
    while piece := await _next_piece(part):
        yield piece


async def _next_piece(part: BodyPartReader) -> bytes:
    with _line_may_break():
        return await part.read_chunk(_PIECE_BYTES)


@contextmanager
def _line_may_break() -> Iterator[None]:
    """Tell a phone that has gone, which is nobody's fault, from a disk that fails."""
    try:
        yield
    except OSError as error:
        raise UnreadableRequestError from error


async def _read_text(part: BodyPartReader) -> str:
    text = bytearray()
    async for piece in _pieces(part):
        text += piece
        if len(text) > LONGEST_FIELD:
            raise TooLargeError
    return text.decode("utf-8")
