"""The folder of one demo: wiped at the start, never shared. Start at `claimed`."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MOST_AT_ONCE = 50


class NoFolderLeftError(Exception):
    """Every folder is taken."""


@dataclass(frozen=True)
class Claim:
    """A folder that is ours, and the open lock that says so; children inherit it and so hold it until they end."""

    folder: Path
    hold: int

    @property
    def log(self) -> Path:
        """Where the children write."""
        return self.folder / "log"


@contextmanager
def claimed(base: Path) -> Iterator[Claim]:
    """Take `base/demo`, or the next one where another demo, or what is left of it, still holds that."""
    base.mkdir(parents=True, exist_ok=True)
    claim = _first_free(base)
    try:
        if claim.folder.exists():
            shutil.rmtree(claim.folder)
        claim.log.mkdir(parents=True)
        yield claim
    finally:
        os.close(claim.hold)


def _first_free(base: Path) -> Claim:
    for number in range(1, MOST_AT_ONCE + 1):
        name = "demo" if number == 1 else f"demo-{number}"
        hold = os.open(base / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(hold)
            continue
        return Claim(base / name, hold)
    message = f"{base} 里的演示文件夹都在用"
    raise NoFolderLeftError(message)
