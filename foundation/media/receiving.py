"""Taking an upload in: `receive` is what an upload door calls.

The bytes go to a temporary file (spooling.py), unless the door has put them there already; their kind is found by
content; the photo or voice message is made anew in a thread; then object and row are stored.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from uuid import UUID

from foundation.media.actions import Owner, store_upload
from foundation.media.images import Photo, make_photo
from foundation.media.models import Media, MediaKind
from foundation.media.signing import Variant
from foundation.media.sniffing import HEAD_BYTES, VOICES, Format, sniff
from foundation.media.spooling import Spooled, spool
from foundation.media.store import MediaStore
from foundation.media.voices import Voice, make_voice

Content = bytes | AsyncIterator[bytes] | Spooled
Admit = Callable[[MediaKind], Awaitable[None]]


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
    owner: Owner, content: Content, *, store: MediaStore, at: datetime, admit: Admit | None = None
) -> StoredMedia:
    """Take in one photo or voice message.

    `content` is what a door has spooled, any stream of bytes such as `response.content.iter_any()`, or the bytes
    themselves. `at` is the real instant, as the sweep counts real hours. Call it outside of transactions: it writes
    to the store and opens its own. `admit` is told of which kind it is before it is stored, and may refuse.

    Raises:
        MediaTooLargeError: more bytes came than we take; the rest was not read.
        UnsupportedMediaError: the content is none of the kinds we take.
        BrokenMediaError: it cannot be read to its end.
        TooManyPixelsError: the picture would unpack to more than we take.
        VoiceTooLongError: the voice message is longer than a minute.
        MediaStoreBusyError: the store does not answer, or there is no room for the temporary file.

    """
    async with _spooled(content, store.limits.max_bytes) as spooled, store.workers:
        made = await asyncio.to_thread(_make, spooled.file, store.limits.max_pixels)
    if admit is not None:
        await admit(MediaKind.VOICE if isinstance(made, Voice) else MediaKind.IMAGE)
    media = await store_upload(owner, made, store=store, at=at)
    return StoredMedia.of(media, store)


@asynccontextmanager
async def _spooled(content: Content, max_bytes: int) -> AsyncIterator[Spooled]:
    if isinstance(content, Spooled):
        yield content
        return
    async with spool() as spooled:
        await spooled.take(_pieces(content) if isinstance(content, bytes) else content, max_bytes=max_bytes)
        yield spooled


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


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
