"""A real store in a folder, and two people who upload into it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from obstore.store import LocalStore

from foundation.access import Actor
from foundation.clock import FrozenClock
from foundation.media.signing import MediaSigner
from foundation.media.store import MediaLimits, MediaStore

AT = datetime(2026, 11, 20, 13, 6, tzinfo=UTC)
WANG = Actor("resident", 1)
LI = Actor("resident", 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def signing_clock() -> FrozenClock:
    return FrozenClock(AT)


@pytest.fixture
def store(folder: Path, signing_clock: FrozenClock) -> MediaStore:
    return MediaStore(
        objects=LocalStore(folder, mkdir=True),
        signer=MediaSigner(b"key of the tests", lifetime=timedelta(minutes=15), now=signing_clock.now),
        limits=MediaLimits(max_bytes=1024 * 1024, max_pixels=50_000_000),
    )
