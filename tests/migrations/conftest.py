"""Databases of its own for each test: empty, or at the newest migration."""

import os
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests import servers


@pytest.fixture
def new_database() -> Iterator[Callable[[], str]]:
    """Make empty databases; they are removed afterwards."""
    admin = os.environ["LINLI_TEST_SERVERS"].split(" ")[0]
    made: list[str] = []
    numbers = count(1)

    def make() -> str:
        made.append(f"migrations_{os.getpid()}_{next(numbers)}")
        return servers.create_template(admin, made[-1])

    yield make
    for name in made:
        servers.drop_database(admin, name)
