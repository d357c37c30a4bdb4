"""What happens to media: they are stored, attached to something, let go, or swept.

Object and row are kept apart by a network, so their order is fixed: the object first, then the row; the row
away first, then the object. A crash between leaves an object without a row, which the sweep finds; it never
leaves a row without its object.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from uuid_utils.compat import uuid7

from foundation.clock import real_now
from foundation.database import transaction
from foundation.media.errors import MediaAlreadyUsedError, MediaNotFoundError
from foundation.media.images import Photo
from foundation.media.jobs import delete_objects
from foundation.media.models import Media, MediaKind
from foundation.media.store import MediaStore
from foundation.media.voices import Voice

EXTENSIONS = {"image/jpeg": "jpg", "audio/amr": "amr", "audio/mpeg": "mp3", "audio/mp4": "m4a"}


class Owner(Protocol):
    """Whoever uploads: an `Actor`, or a `MediaOwner` where there is none."""

    @property
    def kind(self) -> str:
        """Resident, staff or machine."""

    @property
    def id(self) -> int:
        """Which of them."""


@dataclass(frozen=True, slots=True)
class MediaOwner:
    """An uploader known by kind and id."""

    kind: str
    id: int


async def store_upload(owner: Owner, made: Photo | Voice, *, store: MediaStore, at: datetime) -> Media:
    """Store a photo or voice message that was made of an upload: its objects first, then its row."""
    media_id = uuid7()
    media = _photo(media_id, made) if isinstance(made, Photo) else _voice(media_id, made)
    media.owner_kind, media.owner_id, media.uploaded_at = owner.kind, owner.id, at
    await _put(store, media, made)
    async with transaction():
        await media.save(force_create=True)
    return media


async def _put(store: MediaStore, media: Media, made: Photo | Voice) -> None:
    if isinstance(made, Voice):
        await store.put(media.object_key, made.sound)
        return
    puts = (store.put(media.object_key, made.full), store.put(media.thumbnail_key or "", made.thumbnail))
    await asyncio.gather(*puts)


def _photo(media_id: UUID, photo: Photo) -> Media:
    media = _row(media_id, MediaKind.IMAGE, "image/jpeg", photo.full)
    media.width, media.height = photo.width, photo.height
    media.thumbnail_key = f"{media.object_key.removesuffix('.jpg')}-thumbnail.jpg"
    return media


def _voice(media_id: UUID, voice: Voice) -> Media:
    media = _row(media_id, MediaKind.VOICE, voice.content_type, voice.sound)
    media.seconds = voice.seconds
    return media


def _row(media_id: UUID, kind: MediaKind, content_type: str, content: bytes) -> Media:
    # Folders by the real day, so that the sweep need not look through everything that was ever stored.
    key = f"{real_now():%Y/%m/%d}/{media_id}.{EXTENSIONS[content_type]}"
    return Media(
        id=media_id,
        kind=kind,
        content_type=content_type,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        object_key=key,
    )


async def attach_media(owner: Owner, ids: Sequence[UUID], *, at: datetime, pointer: str = "/media_ids") -> list[Media]:
    """Take uploads into use, in the caller's transaction, and give them in the order they were named.

    The rows are locked, so of two requests that name the same upload one is refused.

    Raises:
        MediaNotFoundError: there is none of that id, or somebody else uploaded it.
        MediaAlreadyUsedError: it is part of something already, or was named twice.

    """
    if not ids:
        return []
    async with transaction():
        rows = await Media.filter(id__in=list(ids)).order_by("id").select_for_update()
        found = {row.id: row for row in rows}
        for place, media_id in enumerate(ids):
            where = f"{pointer}/{place}"
            media = found.get(media_id)
            if media is None or (media.owner_kind, media.owner_id) != (owner.kind, owner.id):
                raise MediaNotFoundError(pointer=where)
            if media.attached_at is not None:
                raise MediaAlreadyUsedError(pointer=where)
            media.attached_at = at
        await Media.filter(id__in=list(ids)).update(attached_at=at)
    return [found[media_id] for media_id in ids]


async def discard_media(ids: Sequence[UUID]) -> int:
    """Let media go, in the caller's transaction: rows now, objects by a job after the commit.

    Give up every row that refers to them first.
    """
    async with transaction() as tx:
        rows = await Media.filter(id__in=list(ids)).order_by("id").select_for_update()
        await Media.filter(id__in=[row.id for row in rows]).delete()
        if rows:
            tx.defer(delete_objects.call(keys=[key for row in rows for key in row.keys]))
    return len(rows)
