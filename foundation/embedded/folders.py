"""Where the embedded servers of one folder keep their things. Start at `open_folders`."""

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from foundation.embedded.accounts import our_uids
from foundation.embedded.errors import EmbeddedServerError

# A socket's path has 107 bytes at most, and PostgreSQL adds "/.s.PGSQL.5432" to the folder.
SOCKET_FOLDER_BYTES = 107 - len("/.s.PGSQL.5432")
# Other signs (a comma, a percent sign) have a meaning in addresses or in the server's own settings.
PLAIN = re.compile(r"[A-Za-z0-9_./-]+")


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one copy of the system; all private."""

    var: Path
    log: Path
    sockets: Path


def open_folders(var: Path) -> Folders:
    """Make the folders, if need be."""
    var = var.resolve()
    for folder in (var, var / "log", var / "run"):
        folder.mkdir(parents=True, exist_ok=True)
    for folder in (var / "log", var / "run"):
        folder.chmod(0o700)  # who reaches the sockets reaches the data
    return Folders(var, var / "log", _socket_folder(var))


def _socket_folder(var: Path) -> Path:
    folder = var / "run"
    if _fits(folder):
        return folder
    name = f"linli-{hashlib.sha256(os.fsencode(var)).hexdigest()[:10]}"
    short = Path(tempfile.gettempdir()) / name
    if not _fits(short):
        short = Path("/tmp") / name  # noqa: S108 (made private and checked below)
    short.mkdir(mode=0o700, exist_ok=True)
    _refuse_strangers(short)
    return short


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) <= SOCKET_FOLDER_BYTES and PLAIN.fullmatch(str(folder)) is not None


def _refuse_strangers(folder: Path) -> None:
    """Everybody may make folders in the temporary folder, also one with our name."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in our_uids():
        raise EmbeddedServerError(
            f"{folder} belongs to somebody else: remove it, or set LINLI_VAR to a folder with a shorter, plain name."
        )
    folder.chmod(0o700)
