"""An application of sample endpoints on real PostgreSQL and Redis, without any room."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from redis.asyncio import Redis

from foundation.clock import FrozenClock
from foundation.database import query
from foundation.ground import Ground
from foundation.settings import LimitSettings, Settings
from foundation.web.app import create_app
from tests.foundation.web.sample import PART, TABLE, Gate

Api = TestClient[Any, Any]


@pytest.fixture
def sample_ground(redis: Redis, settings: Settings, clock: FrozenClock) -> Ground:
    """Give a ground with nothing on it that the sample does not ask for."""
    absent: Any = None
    limits = LimitSettings(sessions="", filing="", media="", writing="", reading="")
    return Ground(
        settings=settings.model_copy(update={"limits": limits}),
        clock=clock,
        redis=redis,
        live=absent,
        media=absent,
        vault=absent,
        http=absent,
        opened={Gate: Gate()},
    )


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Give a folder of pages."""
    folder = tmp_path / "web"
    (folder / "resident").mkdir(parents=True)
    (folder / "resident" / "home.html").write_text("<p>家</p>")
    (folder / "look.js").write_text("export {};")
    (folder / "photo.webp").write_bytes(b"RIFF")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "notes.py").write_text("no page")
    (tmp_path / "outside.html").write_text("no page either")
    return folder


@pytest.fixture
async def notes(database: None, sample_ground: Ground, pages: Path) -> AsyncIterator[Api]:
    """Give a client of the sample's doors, with the sample's table."""
    await query(TABLE)
    async with TestClient(TestServer(create_app(sample_ground, [PART], pages=pages))) as client:
        yield client
    await query("DROP TABLE sample_note")


@pytest.fixture
def resident() -> dict[str, str]:
    """Give the headers of a resident."""
    return {"Authorization": "Bearer resident-1-zh-Hans"}


@pytest.fixture
def signed_in() -> Callable[..., dict[str, str]]:
    """Give headers of anybody."""

    def headers(kind: str = "resident", number: int = 1, language: str = "zh-Hans", **more: str) -> dict[str, str]:
        names = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {kind}-{number}-{language}", **names}

    return headers
