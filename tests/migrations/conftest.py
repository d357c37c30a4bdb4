"""Databases of its own for each test: empty, or at the newest migration."""

import os
from collections.abc import Iterator

import pytest

from tests import servers
from tests.conftest import TEMPLATE

NAME = f"migrations_{os.getpid()}"


@pytest.fixture
def empty() -> Iterator[str]:
    """Give an empty database."""
    yield servers.create_template(servers.admin_url(), NAME)
    servers.drop_database(servers.admin_url(), NAME)


@pytest.fixture
def copy_of_newest() -> Iterator[str]:
    """Give a database at the newest migration, to be changed."""
    yield servers.clone_database(servers.admin_url(), TEMPLATE, NAME)
    servers.drop_database(servers.admin_url(), NAME)
