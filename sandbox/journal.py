"""The journal of a stand-in: every exchange of messages, in and out, numbered and masked. Start at `Journal`."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sandbox.clock import MovableClock, real_now
from sandbox.masks import masked, masked_body, masked_text
from sandbox.store import Store

SCHEMA = "CREATE TABLE IF NOT EXISTS journal (number INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL);"
_HEADERS = (
    "content-type",
    "accept",
    "accept-language",
    "idempotency-key",
    "authorization",
    "x-linli-key-id",
    "x-linli-timestamp",
    "x-linli-nonce",
    "x-linli-signature",
)


@dataclass
class Exchange:
    """One message and its answer."""

    direction: Literal["in", "out"]
    method: str
    url: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""
    body: bytes = b""
    form: object = None
    status: int | None = None
    answer: bytes = b""
    answer_type: str = ""
    faults: list[str] = field(default_factory=list)
    error: str | None = None
    began: float = field(default_factory=time.monotonic)


class Journal:
    """What was said to and by this stand-in, oldest first."""

    def __init__(self, store: Store, clock: MovableClock) -> None:
        """Write into the store's `journal` table."""
        self.store = store
        self.clock = clock

    def record(self, exchange: Exchange) -> int:
        """Write one exchange down; its number."""
        lowered = {name.lower(): value for name, value in exchange.headers.items()}
        entry = {
            "at": real_now().isoformat(),
            "domain_at": self.clock.now().isoformat(),
            "direction": exchange.direction,
            "method": exchange.method,
            "path": masked_text(exchange.path),
            "url": masked_text(exchange.url),
            "query": masked(dict(exchange.query)),
            "headers": masked({name: lowered[name] for name in _HEADERS if name in lowered}),
            "body": masked(exchange.form) if exchange.form else masked_body(exchange.body, exchange.content_type),
            "status": exchange.status,
            "answer": masked_body(exchange.answer, exchange.answer_type),
            "faults": exchange.faults,
            "error": exchange.error,
            "milliseconds": round((time.monotonic() - exchange.began) * 1000, 1),
        }
        # In ASCII: a header may hold bytes that are no text, and the store takes only what can be encoded.
        return self.store.write("INSERT INTO journal (entry) VALUES (?)", json.dumps(entry))

    def after(self, number: int, limit: int = 1000) -> list[dict[str, object]]:
        """Exchanges with a greater number, oldest first."""
        found = self.store.rows("SELECT * FROM journal WHERE number > ? ORDER BY number LIMIT ?", number, limit)
        return [{"number": row["number"], **json.loads(row["entry"])} for row in found]
