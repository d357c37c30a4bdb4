"""The store of objects: a folder of this machine or any S3, and the addresses under which they are shown.

Knows keys and bytes, not rows; rows are in models.py. `MediaStore.from_settings` is what a process opens.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from foundation.media.errors import MediaStoreBusyError
from foundation.media.signing import MediaSigner, Variant
from foundation.settings import Settings

CHUNK_BYTES = 256 * 1024
WORKERS = 2
"""Pictures unpacked at the same time; each may need some 400 MB."""


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """How much one upload may be."""

    max_bytes: int
    max_pixels: int


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object found in the store."""

    key: str
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class MediaStore:
    """Where media are kept."""

    objects: ObjectStore
    signer: MediaSigner
    limits: MediaLimits
    workers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(WORKERS))

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Open the store that the settings name."""
        media = settings.media
        return cls(
            objects=_open(media.store_url, settings),
            signer=MediaSigner(
                media.signing_key.get_secret_value().encode(),
                lifetime=timedelta(seconds=media.url_seconds),
                base_url=settings.web.public_url or "",
            ),
            limits=MediaLimits(media.max_bytes, media.max_pixels),
        )

    def url(self, media_id: UUID, variant: Variant = Variant.FULL) -> str:
        """Give the signed address of a picture, a thumbnail or a voice message."""
        return self.signer.url(media_id, variant)

    async def put(self, key: str, content: bytes) -> None:
        """Store an object: wholly or not at all."""
        with _busy():
            await obstore.put_async(self.objects, key, content, use_multipart=False)

    async def get(self, key: str, part: range | None = None) -> AsyncIterator[bytes]:
        """Give an object's bytes, or a part of them, in pieces.

        Raises:
            FileNotFoundError: there is none; said before the first piece.

        """
        with _busy():
            found = await obstore.get_async(
                self.objects, key, options=None if part is None else {"range": (part.start, part.stop)}
            )
        return _pieces(found)

    async def size(self, key: str) -> int:
        """Tell how many bytes an object has.

        Raises:
            FileNotFoundError: there is none.

        """
        with _busy():
            return (await obstore.head_async(self.objects, key))["size"]

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; one that is gone already is no error."""
        for key in keys:
            with _busy():
                try:
                    await obstore.delete_async(self.objects, key)
                except FileNotFoundError:
                    continue

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """Give the objects under a prefix that ends at a slash."""
        with _busy():
            async for page in obstore.list(self.objects, prefix):
                for found in page:
                    yield StoredObject(found["path"], found["last_modified"])

    async def ask(self) -> None:
        """Ask whether the store answers, for readiness."""
        async for _ in self.list("ready"):
            return


def _open(url: str, settings: Settings) -> ObjectStore:
    if url == "file:":
        return LocalStore(settings.var.absolute() / "media", mkdir=True)
    if url.startswith("file:"):
        return LocalStore.from_url(url, mkdir=True)
    return from_url(
        url,
        client_options={"timeout": timedelta(seconds=60), "connect_timeout": timedelta(seconds=2)},
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=15)},
    )


async def _pieces(found: "obstore.GetResult") -> AsyncIterator[bytes]:
    with _busy():
        async for piece in found.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(piece)


@contextmanager
def _busy() -> Iterator[None]:
    """Translate the store's failures: whoever asked may ask again."""
    try:
        yield
    except BaseError as error:
        raise MediaStoreBusyError from error
