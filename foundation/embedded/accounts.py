"""Under which account PostgreSQL runs, since it refuses root. Start at `find_account`."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from foundation.embedded.errors import EmbeddedServerError

FALLBACK = "nobody"


class PopenOptions(TypedDict, total=False):
    """The part of `Popen`'s options that changes the user."""

    user: int
    group: int
    extra_groups: list[str | int]


@dataclass(frozen=True, slots=True)
class Account:
    """How a program is started: through which command, or as which other user."""

    prefix: Sequence[str] = ()
    other: pwd.struct_passwd | None = None

    def popen(self) -> PopenOptions:
        """Give what `Popen` must be told."""
        if self.other is None:
            return {}
        return {"user": self.other.pw_uid, "group": self.other.pw_gid, "extra_groups": []}

    def take_over(self, folder: Path) -> None:
        """Make the folder this account's own; refuse to take it from an ordinary user."""
        uid, gid = (self.other.pw_uid, self.other.pw_gid) if self.other else (os.geteuid(), os.getegid())
        owner = folder.stat().st_uid
        if owner == uid:
            return
        if os.geteuid() != 0 or owner not in our_uids():
            raise EmbeddedServerError(
                f"{folder} belongs to user {_name(owner)}: start as that user, or choose another folder with LINLI_VAR."
            )
        for path in folder.rglob("*"):
            os.chown(path, uid, gid, follow_symlinks=False)
        os.chown(folder, uid, gid)  # last, so that a broken attempt is repeated


def find_account(programs: Path, folder: Path) -> Account:
    """Choose an account that PostgreSQL accepts and that reaches its programs and the folder."""
    user = os.geteuid()
    if user != 0 and _is_known(user):
        return Account()
    if prefix := _namespace():
        return Account(prefix)
    other = _fallback() if user == 0 else None
    if other and _reaches(account := Account(other=other), folder, programs / "postgres"):
        return account
    cause = (
        f"refuses root, and user {FALLBACK} may not enter {folder} or {programs}"
        if user == 0
        else f"wants a user with a name, and user {user} has none"
    )
    raise EmbeddedServerError(
        f"PostgreSQL {cause}, and this machine forbids user namespaces: "
        "start as an ordinary user, or set LINLI_DATABASE_URL to a server of your own."
    )


def our_uids() -> set[int]:
    """Give the users whose folders are this process's own."""
    other = _fallback() if os.geteuid() == 0 else None
    return {os.geteuid(), other.pw_uid} if other else {os.geteuid()}


def _namespace() -> Sequence[str]:
    """Give the command that shows PostgreSQL another user than root, if it works here; files stay ours."""
    unshare = shutil.which("unshare")
    # initdb wants a user that has a name.
    shown = next((user for user in pwd.getpwall() if user.pw_uid != 0), None)
    if unshare is None or shown is None:
        return ()
    prefix = (unshare, "-U", f"--map-user={shown.pw_uid}", f"--map-group={shown.pw_gid}")
    probe = subprocess.run([*prefix, "true"], capture_output=True, check=False)  # noqa: S603
    return () if probe.returncode else prefix


def _reaches(account: Account, folder: Path, program: Path) -> bool:
    test = ["/bin/sh", "-c", 'test -x "$1" && test -x "$2"', "sh", str(folder), str(program)]
    return subprocess.run(test, check=False, **account.popen()).returncode == 0  # noqa: S603


def _is_known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _name(uid: int) -> str:
    return pwd.getpwuid(uid).pw_name if _is_known(uid) else str(uid)


def _fallback() -> pwd.struct_passwd | None:
    return next((user for user in pwd.getpwall() if user.pw_name == FALLBACK), None)
