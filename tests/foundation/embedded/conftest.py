"""Folders that already hold data, and owners that are all ended."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from foundation.embedded import servers
from tests.foundation.embedded.processes import Owner, copy_data


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one cluster; copying it is faster than making each anew."""
    folder = tmp_path_factory.mktemp("seed")
    with servers(folder, database_url=None, redis_url="unix:///none", durable=False):
        pass
    return folder


@pytest.fixture
def var(seed: Path, tmp_path: Path) -> Path:
    return copy_data(seed, tmp_path / "var")


@pytest.fixture
def start() -> Iterator[Callable[..., Owner]]:
    """Start owners; whatever the test leaves running is ended."""
    owners: list[Owner] = []

    def start_one(*arguments: object, **options: object) -> Owner:
        owners.append(Owner(*arguments, **options))  # type: ignore[arg-type]  # passed on as they are
        return owners[-1]

    yield start_one
    for owner in owners:
        owner.close()
