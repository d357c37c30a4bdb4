"""PostgreSQL and Redis for a test run, and databases made from a template.

The embedded servers, without care for a power cut; or those of `LINLI_TEST_DATABASE_URL`
(written `postgresql://…`, a user that may make databases) and `LINLI_TEST_REDIS_URL`.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Identifier

from foundation.embedded import servers


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of one test run."""

    database_url: str
    """The address of a database to give orders from, such as making others."""

    redis_url: str
    stop: Callable[[], None]


def start_servers() -> Servers:
    """Start what the environment does not name; from the main thread of the controller only."""
    return _start(os.environ.get("LINLI_TEST_DATABASE_URL"), os.environ.get("LINLI_TEST_REDIS_URL"))


def admin_url() -> str:
    """Give the address of the running PostgreSQL's database to give orders from; every test process has it."""
    return os.environ["LINLI_TEST_SERVERS"].split(" ")[0]


def start_own_redis(shared: str) -> Servers:
    """Start a Redis for one of several test processes, beside the shared PostgreSQL.

    Emptying it, and what is told through it, must be nobody else's. One that the environment names is shared.
    """
    return _start(shared, os.environ.get("LINLI_TEST_REDIS_URL"))


def _start(database_url: str | None, redis_url: str | None) -> Servers:
    with ExitStack() as opening:
        var = Path(tempfile.mkdtemp(prefix="linli-tests-"))
        opening.callback(shutil.rmtree, var, ignore_errors=True)
        addresses = opening.enter_context(servers(var, database_url=database_url, redis_url=redis_url, durable=False))
        return Servers(addresses.database_url, addresses.redis_url, opening.pop_all().close)


def create_template(url: str, name: str) -> str:
    """Make an empty database, in place of an earlier one; give its address."""
    drop_database(url, name)
    _order(url, "CREATE DATABASE {}", name)
    return _address(url, name)


def clone_database(url: str, template: str, name: str) -> str:
    """Make a copy of a template to which nobody is connected; give its address."""
    drop_database(url, name)
    _order(url, "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
    return _address(url, name)


def drop_database(url: str, name: str) -> None:
    """Remove a database, if it is there, and throw out who is connected to it."""
    _order(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _order(url: str, text: str, *names: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SQL(text).format(*map(Identifier, names)))


def _address(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()
