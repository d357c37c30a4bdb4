"""An upload, from its first byte to the row."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from foundation.access import Actor
from foundation.media.errors import BrokenMediaError, MediaTooLargeError, TooManyPixelsError, UnsupportedMediaError
from foundation.media.models import Media, MediaKind
from foundation.media.receiving import receive
from foundation.media.spooling import spool
from foundation.media.store import MediaStore
from tests.foundation.media import files
from tests.foundation.media.conftest import AT, WANG
from tests.foundation.media.test_store import read


async def pieces(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


def kept_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_photo_is_stored_with_its_thumbnail_and_its_row(database: None, store: MediaStore) -> None:
    stored = await receive(WANG, pieces(files.jpeg()), store=store, at=AT)

    media = await Media.get(id=stored.id)
    full = await read(store, media.object_key)
    assert (media.owner_kind, media.owner_id, media.kind) == ("resident", 1, MediaKind.IMAGE)
    assert (media.content_type, media.width, media.height, media.seconds) == ("image/jpeg", 80, 60, None)
    assert (media.bytes, media.sha256) == (len(full), hashlib.sha256(full).hexdigest())
    assert (media.uploaded_at, media.attached_at) == (AT, None)
    assert full.startswith(b"\xff\xd8\xff")
    assert (await read(store, media.thumbnail_key or "")).startswith(b"\xff\xd8\xff")


async def test_a_voice_message_is_stored_with_its_length_and_no_thumbnail(database: None, store: MediaStore) -> None:
    stored = await receive(WANG, files.amr(7.2), store=store, at=AT)

    media = await Media.get(id=stored.id)
    assert (media.kind, media.content_type, media.seconds) == (MediaKind.VOICE, "audio/amr", 8)
    assert (media.width, media.height, media.thumbnail_key, stored.thumbnail_url) == (None, None, None, None)
    assert (stored.kind, stored.seconds) == (MediaKind.VOICE, 8)


async def test_the_uploader_is_shown_signed_addresses(database: None, store: MediaStore) -> None:
    stored = await receive(WANG, pieces(files.png()), store=store, at=AT)

    assert stored.url.startswith(f"/media/{stored.id}/full?expires=")
    assert stored.thumbnail_url is not None
    assert stored.thumbnail_url.startswith(f"/media/{stored.id}/thumbnail?expires=")


async def test_a_file_of_just_the_limit_is_read_and_one_byte_more_is_not(database: None, store: MediaStore) -> None:
    limit = store.limits.max_bytes
    upload = files.jpeg()

    stored = await receive(WANG, pieces(upload.ljust(limit, b"\0"), 7777), store=store, at=AT)
    assert await Media.exists(id=stored.id)
    with pytest.raises(MediaTooLargeError) as refused:
        await receive(WANG, upload.ljust(limit + 1, b"\0"), store=store, at=AT)
    assert refused.value.params == {"megabytes": 1}


async def test_reading_stops_where_the_limit_is_passed(database: None, store: MediaStore) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 100_000
            yield b"\xff\xd8\xff".ljust(100_000, b"\0")

    with pytest.raises(MediaTooLargeError):
        await receive(WANG, endless(), store=store, at=AT)
    assert sent <= store.limits.max_bytes + 100_000


@pytest.mark.parametrize(
    ("upload", "refusal"),
    [
        (files.svg(), UnsupportedMediaError),
        (files.gif_jpeg(), UnsupportedMediaError),
        (b"", BrokenMediaError),
        (files.jpeg()[:400], BrokenMediaError),
        (files.png_bomb(), TooManyPixelsError),
    ],
)
async def test_a_refused_upload_leaves_nothing_behind(
    database: None, store: MediaStore, folder: Path, upload: bytes, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await receive(WANG, pieces(upload), store=store, at=AT)

    assert kept_files(folder) == []
    assert not await Media.exists()


async def test_many_uploads_at_once_are_all_stored(database: None, store: MediaStore) -> None:
    uploads = [files.jpeg(), files.heic(), files.webp(), files.png(), files.mp3(), files.m4a()] * 4

    stored = await asyncio.gather(*(receive(WANG, upload, store=store, at=AT) for upload in uploads))

    assert len({medium.id for medium in stored}) == await Media.all().count() == 24


async def test_an_object_without_its_row_is_all_that_a_failure_can_leave(
    database: None, store: MediaStore, folder: Path
) -> None:
    nobody = Actor("resident", 2**70)  # no such number fits into the row

    with pytest.raises(Exception, match=r"out of range|bigint"):
        await receive(nobody, files.jpeg(), store=store, at=AT)

    assert len(kept_files(folder)) == 2
    assert not await Media.exists()


async def test_what_a_door_has_spooled_is_read_from_where_it_lies(database: None, store: MediaStore) -> None:
    upload = files.jpeg(files.quarters(1600, 1200))

    async with spool() as spooled:
        await spooled.take(pieces(upload), max_bytes=len(upload))
        stored = await receive(WANG, spooled, store=store, at=AT)

    assert (spooled.size, spooled.sha256) == (len(upload), hashlib.sha256(upload).digest())
    assert spooled.file.closed
    assert (await Media.get(id=stored.id)).width == 1600
