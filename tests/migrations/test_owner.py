"""A role that owns nothing runs the product, and cannot switch off what keeps the audit."""

import os
import re
from collections.abc import Iterator

import psycopg
import pytest
from tortoise.context import TortoiseContext

from foundation.access import Actor
from foundation.audit import record_look, remove_outlived_entries
from foundation.database import transaction
from foundation.migrating import migrate
from tests.documentation.pages import ROOT
from tests.migrations.shape import config_of

ROLE = f"linli_{os.getpid()}"


def advice() -> list[str]:
    """Give the statements of the page for operators, for a role of this test's own."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page.split("### An owner of its own")[1].split("\n## ")[0]
    return [re.sub(r"\blinli\b", ROLE, line.strip()) for line in section.splitlines() if line.startswith("    ")]


@pytest.fixture
def as_the_role(copy_of_newest: str) -> Iterator[str]:
    """Give the address of a database for the role that owns nothing in it."""
    with psycopg.connect(copy_of_newest, autocommit=True) as owner:
        for statement in advice():
            owner.execute(statement.encode())
        yield as_role(copy_of_newest)
        owner.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}".encode())


def as_role(url: str) -> str:
    return re.sub(r"//[^@/]*@", f"//{ROLE}@", url)


async def test_it_finds_nothing_to_migrate_and_writes_and_sweeps_the_audit(as_the_role: str) -> None:
    config = config_of(as_the_role)
    await migrate(config)

    async with TortoiseContext() as context:
        await context.init(config=config)
        async with transaction():
            await record_look(Actor("staff", 7), subject="resident:12", what="phone")
        assert await remove_outlived_entries() == 0


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only",
        "DROP TABLE audit_entry",
        "TRUNCATE audit_entry",
        "DROP FUNCTION refuse_audit_change() CASCADE",
        "CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
        "SET session_replication_role = replica",
    ],
)
def test_it_cannot_switch_off_what_keeps_the_audit(as_the_role: str, statement: str) -> None:
    with psycopg.connect(as_the_role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())
