"""Bytes on their way in: to a temporary file of bounded size, never all into memory.

The file has no name, so nothing is left of it however its process ends. Start at `spool`.
"""

import asyncio
import errno
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from foundation.media.errors import MediaStoreBusyError, MediaTooLargeError

if TYPE_CHECKING:
    from hashlib import _Hash

WRITE_BYTES = 128 * 1024
MEGABYTE = 1024 * 1024
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(slots=True)
class Spooled:
    """What was sent, as it came: on the disk as long as the block of `spool` lasts."""

    file: IO[bytes]
    size: int = 0
    _digest: "_Hash" = field(default_factory=hashlib.sha256, init=False)

    @property
    def sha256(self) -> bytes:
        """Name the content."""
        return self._digest.digest()

    async def take(self, pieces: AsyncIterator[bytes], *, max_bytes: int) -> None:
        """Write the pieces to the file, a good deal at a time, and go back to its beginning.

        Raises:
            MediaTooLargeError: more came than we take; the rest was not read.

        """
        waiting = bytearray()
        async for piece in pieces:
            self.size += len(piece)
            if self.size > max_bytes:
                raise MediaTooLargeError(megabytes=max_bytes // MEGABYTE)
            waiting += piece
            if len(waiting) >= WRITE_BYTES:
                await asyncio.to_thread(self._write, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(self._write, bytes(waiting))
        self.file.seek(0)

    def _write(self, content: bytes) -> None:
        """Write, and count in; runs in a thread, as a slow disk must not keep everybody waiting."""
        self._digest.update(content)
        self.file.write(content)
        self.file.flush()  # a full disk is found now, not when somebody reads


@asynccontextmanager
async def spool() -> AsyncIterator[Spooled]:
    """Give an empty file for what is sent, and take it away at the end.

    Raises:
        MediaStoreBusyError: there is no room on the disk.

    """
    with _disk_may_be_full():
        file = await asyncio.to_thread(_unnamed_file)
        try:
            yield Spooled(file)
        finally:
            await asyncio.to_thread(file.close)  # waits for a write that is still under way


def _unnamed_file() -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="linli-upload-")


@contextmanager
def _disk_may_be_full() -> Iterator[None]:
    """Translate that there is no room for the temporary file: whoever asked may ask again."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise MediaStoreBusyError from error
