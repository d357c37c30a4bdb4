"""What the core remembers: requests, their updates, the queue of callbacks. Start at `Case` and `Update`."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS cases (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT UNIQUE, external_id TEXT UNIQUE, token TEXT UNIQUE, token_ready_at REAL,
    service_code TEXT NOT NULL, service_name TEXT NOT NULL, service_group TEXT,
    description TEXT, address TEXT, address_id TEXT, lat REAL, long REAL, filed TEXT NOT NULL,
    step TEXT NOT NULL DEFAULT 'pushed', step_before_merge TEXT, round INTEGER NOT NULL DEFAULT 1,
    sequence INTEGER NOT NULL DEFAULT 0, unit TEXT, unit_phone TEXT, first_assigned_pace REAL,
    requested_at TEXT NOT NULL, updated_at TEXT NOT NULL, expected_at TEXT);
CREATE TABLE IF NOT EXISTS updates (
    number INTEGER PRIMARY KEY AUTOINCREMENT, update_id TEXT NOT NULL, case_number INTEGER NOT NULL,
    origin TEXT NOT NULL, event TEXT NOT NULL, sequence INTEGER, round INTEGER NOT NULL,
    at TEXT NOT NULL, body TEXT NOT NULL, shadow INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS updates_by_id ON updates (update_id);
CREATE INDEX IF NOT EXISTS updates_by_case ON updates (case_number, number);
CREATE INDEX IF NOT EXISTS updates_by_time ON updates (at);
CREATE TABLE IF NOT EXISTS heard (
    update_id TEXT PRIMARY KEY, answer TEXT NOT NULL, case_number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, update_number INTEGER NOT NULL UNIQUE, case_number INTEGER NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL DEFAULT 0,
    last_status INTEGER, last_error TEXT);
CREATE INDEX IF NOT EXISTS deliveries_waiting ON deliveries (state, case_number, number);
CREATE TABLE IF NOT EXISTS media (
    id TEXT PRIMARY KEY, case_number INTEGER, content_type TEXT NOT NULL, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS plan (
    number INTEGER PRIMARY KEY AUTOINCREMENT, case_number INTEGER NOT NULL, due REAL NOT NULL,
    event TEXT NOT NULL, fields TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS plan_by_due ON plan (due, number);
"""
TABLES = ("plan", "media", "deliveries", "heard", "updates", "cases")


@dataclass(frozen=True)
class Case:
    """One request as the core sees it."""

    number: int
    id: str
    external_id: str | None
    token: str | None
    token_ready_at: float | None
    service_code: str
    service_name: str
    service_group: str | None
    description: str | None
    address: str | None
    address_id: str | None
    lat: float | None
    long: float | None
    filed: dict[str, Any]
    step: str
    step_before_merge: str | None
    round: int
    sequence: int
    unit: str | None
    unit_phone: str | None
    first_assigned_pace: float | None
    requested_at: datetime
    updated_at: datetime
    expected_at: datetime | None

    @property
    def topic_text(self) -> str:
        """The words from which topic and place are told."""
        return " ".join(filter(None, (self.service_name, self.service_group, self.description)))


@dataclass(frozen=True)
class Update:
    """One thing that happened to a request, with the exact body that is sent for it."""

    number: int
    update_id: str
    case_number: int
    origin: str
    event: str
    sequence: int | None
    round: int
    at: datetime
    body: str

    @property
    def fields(self) -> dict[str, Any]:
        """The body, read."""
        content: dict[str, Any] = json.loads(self.body)
        return content


def case_of(row: sqlite3.Row) -> Case:
    """Make a request of its row."""
    values = dict(row)
    values["filed"] = json.loads(values["filed"])
    for name in ("requested_at", "updated_at", "expected_at"):
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    return Case(**values)


def update_of(row: sqlite3.Row) -> Update:
    """Make an update of its row."""
    values = {name: row[name] for name in row.keys() if name != "shadow"}  # noqa: SIM118 - a Row iterates over values
    values["at"] = datetime.fromisoformat(values["at"])
    return Update(**values)
