"""Taking an upload in: `receive` is what an upload door calls.

The bytes go to a temporary file of bounded size, never all into memory; their kind is found by content; the
photo or voice message is made anew in a thread; then object and row are stored.
"""

import asyncio
import errno
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from uuid import UUID

from aiohttp import BodyPartReader

from foundation.media.actions import Owner, store_upload
from foundation.media.errors import MediaStoreBusyError, MediaTooLargeError
from foundation.media.images import Photo, make_photo
from foundation.media.models import Media, MediaKind
from foundation.media.signing import Variant
from foundation.media.sniffing import HEAD_BYTES, VOICES, Format, sniff
from foundation.media.store import MediaStore
from foundation.media.voices import Voice, make_voice

Content = bytes | AsyncIterator[bytes] | BodyPartReader
Admit = Callable[[MediaKind], Awaitable[None]]
WRITE_BYTES = 256 * 1024
MEGABYTE = 1024 * 1024
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """An upload that is stored, as its owner is shown it."""

    id: UUID
    kind: MediaKind
    url: str
    thumbnail_url: str | None
    seconds: int | None

    @classmethod
    def of(cls, media: Media, store: MediaStore) -> "StoredMedia":
        """Show a stored medium, with fresh addresses."""
        return cls(
            id=media.id,
            kind=media.kind,
            url=store.url(media.id),
            thumbnail_url=store.url(media.id, Variant.THUMBNAIL) if media.thumbnail_key else None,
            seconds=media.seconds,
        )


async def receive(
    owner: Owner, part: Content, *, store: MediaStore, at: datetime, admit: Admit | None = None
) -> StoredMedia:
    """Take in one photo or voice message.

    `part` is the part of a multipart form, any stream of bytes such as `request.content.iter_any()`, or the bytes
    themselves. `at` is the real instant, as the sweep counts real hours. Call it outside of transactions: it writes
    to the store and opens its own. `admit` is told of which kind it is before it is stored, and may refuse.

    Raises:
        MediaTooLargeError: more bytes came than we take; the rest was not read.
        UnsupportedMediaError: the content is none of the kinds we take.
        BrokenMediaError: it cannot be read to its end.
        TooManyPixelsError: the picture would unpack to more than we take.
        VoiceTooLongError: the voice message is longer than a minute.
        MediaStoreBusyError: the store does not answer.

    """
    with _disk_may_be_full(), tempfile.TemporaryFile(prefix="linli-upload-") as file:
        await _spool(_pieces(part), file, max_bytes=store.limits.max_bytes)
        async with store.workers:
            made = await asyncio.to_thread(_make, file, store.limits.max_pixels)
    if admit is not None:
        await admit(MediaKind.VOICE if isinstance(made, Voice) else MediaKind.IMAGE)
    media = await store_upload(owner, made, store=store, at=at)
    return StoredMedia.of(media, store)


@contextmanager
def _disk_may_be_full() -> Iterator[None]:
    """Translate that there is no room for the temporary file: whoever asked may ask again."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise MediaStoreBusyError from error


async def _pieces(part: Content) -> AsyncIterator[bytes]:
    if isinstance(part, bytes):
        yield part
    elif isinstance(part, BodyPartReader):  # iterating over it would read it whole
        while piece := await part.read_chunk(WRITE_BYTES):
            yield piece
    else:
        async for piece in part:
            yield piece


async def _spool(pieces: AsyncIterator[bytes], file: IO[bytes], *, max_bytes: int) -> None:
    """Write the pieces to the file, a good deal at a time, and stop at the limit."""
    waiting = bytearray()
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > max_bytes:
            raise MediaTooLargeError(megabytes=max_bytes // MEGABYTE)
        waiting += piece
        if len(waiting) >= WRITE_BYTES:
            await asyncio.to_thread(file.write, bytes(waiting))
            waiting.clear()
    await asyncio.to_thread(file.write, bytes(waiting))


def _make(file: IO[bytes], max_pixels: int) -> Photo | Voice:
    """Find out what it is and make it anew; runs in a thread."""
    file.seek(0)
    form = sniff(file.read(HEAD_BYTES))
    if form in VOICES:
        return _make_voice(file, form)
    return make_photo(file, form, max_pixels=max_pixels)


def _make_voice(file: IO[bytes], form: Format) -> Voice:
    file.seek(0)
    return make_voice(file.read(), form)
