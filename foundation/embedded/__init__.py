"""Embedded servers: PostgreSQL and Redis as child processes, for those who did not name their own.

Start at `servers`, the only thing most callers need; `EmbeddedServers` is the same for a
supervisor that also wants to bring a dead server back. What a server is stands in `postgres`
and `redis`, who owns it in `keeping`, how a child starts and ends in `children`.
"""

from foundation.embedded.errors import EmbeddedServerError
from foundation.embedded.keeping import Addresses, EmbeddedServers, servers

__all__ = ["Addresses", "EmbeddedServerError", "EmbeddedServers", "servers"]
