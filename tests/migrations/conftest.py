"""Databases of its own for each test: empty, or at the newest migration."""

import os
from collections.abc import Iterator

import pytest

from tests import servers
from tests.conftest import TEMPLATE

NAME = f"migrations_{os.getpid()}"


def admin() -> str:
    """Give the address of a database to give orders from."""
    return os.environ["LINLI_TEST_SERVERS"].split(" ")[0]


@pytest.fixture
def empty() -> Iterator[str]:
    """Give an empty database."""
    yield servers.create_template(admin(), NAME)
    servers.drop_database(admin(), NAME)


@pytest.fixture
def copy_of_newest() -> Iterator[str]:
    """Give a database at the newest migration, to be changed."""
    yield servers.clone_database(admin(), TEMPLATE, NAME)
    servers.drop_database(admin(), NAME)
