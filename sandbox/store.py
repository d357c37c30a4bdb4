"""The durable memory of a stand-in: one SQLite file, or memory when no path is given.

Start at `Store`. Every write is committed before the call returns, so what an answer promised survives `kill -9`.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

Bindable: TypeAlias = str | int | float | bytes | None
KEPT = "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL);"


class Store:
    """Tables of one stand-in, used from one event loop only."""

    def __init__(self, path: Path | None, schema: str) -> None:
        """Open the file (or memory) and create the tables that are missing."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path or ":memory:", isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        # WAL with NORMAL keeps every committed write when the process dies; only a power cut could lose the last ones.
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        self.connection.executescript(KEPT + schema)
        self.settings: dict[str, str] = dict(self.connection.execute("SELECT name, value FROM kept").fetchall())

    def rows(self, sql: str, *values: Bindable) -> list[sqlite3.Row]:
        """All rows of a question."""
        return self.connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Bindable) -> sqlite3.Row | None:
        """Give the first row of a question, if there is one."""
        found: sqlite3.Row | None = self.connection.execute(sql, values).fetchone()
        return found

    def write(self, sql: str, *values: Bindable) -> int:
        """Change something; the number of the row that was added, if one was."""
        return self.connection.execute(sql, values).lastrowid or 0

    @contextmanager
    def together(self) -> Iterator[None]:
        """All writes inside happen, or none; nesting joins the outer one."""
        if self.connection.in_transaction:
            yield
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            self.settings = dict(self.connection.execute("SELECT name, value FROM kept").fetchall())
            raise
        self.connection.execute("COMMIT")

    def keep(self, name: str, value: object) -> None:
        """Remember one setting under a name."""
        self.settings[name] = json.dumps(value, ensure_ascii=False)
        self.write("INSERT OR REPLACE INTO kept (name, value) VALUES (?, ?)", name, self.settings[name])

    def kept(self, name: str, default: Any = None) -> Any:
        """Give a setting remembered earlier."""
        return json.loads(self.settings[name]) if name in self.settings else default

    def empty(self, *tables: str) -> None:
        """Forget every row of these tables."""
        with self.together():
            for table in tables:
                self.connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names come from our own code

    def close(self) -> None:
        """Close the file."""
        self.connection.close()
