"""Doors that have too little of everything: a tiny disk, two connections to PostgreSQL, and little patience.

The disk is a true one: two small file systems in memory that only this process sees, over its folders of media and of
temporary files. They go with the process. Start at `Tight`.
"""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp

from tests.foundation.media.files import jpeg
from tests.phone import Phone
from tests.processes.district import District
from tests.processes.programs import Copy, Program

READER_SECONDS = 2
MOUNT = 'mount -t tmpfs -o size=256k none "$0" && mount -t tmpfs -o size=256k none "$1" && shift && exec "$@"'
ESTABLISHED = "01"
WAYS = (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"])


def way_to_mount() -> list[str] | None:
    """Give the command under which this machine lets us have file systems of our own, if there is one."""
    for way in WAYS:
        mount = [*way, "sh", "-c", "mount -t tmpfs none /mnt"]
        if subprocess.run(mount, capture_output=True, check=False).returncode == 0:  # noqa: S603 - fixed words
            return way
    return None


@dataclass(frozen=True)
class Disk:
    """One of the small file systems, reached through the process that sees it."""

    folder: Path

    @property
    def filler(self) -> Path:
        """What fills it."""
        return self.folder / "filler"

    def fill(self) -> None:
        """Leave no byte free."""
        with self.filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                return

    def free(self) -> None:
        """Give it back."""
        self.filler.unlink()

    def files(self) -> list[Path]:
        """List everything else that lies there."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file() and path != self.filler)


@dataclass
class Tight:
    """The doors, and what is short."""

    district: District
    program: Program
    media: Disk
    temporary: Disk
    mounted: bool
    """Whether the disks are small: without file systems of our own they are folders like any other."""

    @property
    def url(self) -> str:
        """Where they are."""
        return self.district.copy.url

    def lines(self) -> int:
        """Count the lines from clients that are open, as the kernel sees them."""
        ours = f":{self.district.copy.port:04X}"
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(row[1].endswith(ours) and row[3] == ESTABLISHED for row in rows)


@asynccontextmanager
async def tight_doors(district: District, folder: Path, way: list[str] | None) -> AsyncIterator[Tight]:
    """Open them beside the district's own."""
    media, temporary = folder / "var" / "media", folder / "temporary"
    for each in (media, temporary):
        each.mkdir(parents=True)
    short = {
        "TMPDIR": str(temporary),
        "LINLI_DATABASE__POOL": "2",
        "LINLI_DATABASE__WAIT_SECONDS": "0.5",
        "LINLI_WEB__READER_SECONDS": str(READER_SECONDS),
        "LINLI_LIMITS__MEDIA": "",
    }
    copy = Copy(folder, {**district.copy.settings, **short})
    try:
        program = copy.start("serve", before=[*way, "sh", "-c", MOUNT, media, temporary] if way else [])
        await program.ready()
        root = Path(f"/proc/{program.process.pid}/root")
        one, other = [Disk(root / str(each).lstrip("/")) for each in (media, temporary)]
        yield Tight(replace(district, copy=copy), program, one, other, mounted=way is not None)
    finally:
        copy.close()


async def upload(phone: Phone, *, key: str) -> Any:
    """Send a photo."""
    form = aiohttp.FormData()
    form.add_field("file", jpeg(), filename="photo.jpg", content_type="image/jpeg")
    return await phone.post("/media", key=key, data=form)
