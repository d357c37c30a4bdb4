"""A real Chromium looking at the real product. Start at `screen`; a console error fails the test."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import Browser, async_playwright

from tests.browser.resident import Resident
from tests.browser.screen import Screens
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.phone import Phone

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first is the same browser without the window nobody sees, for half the processor."""
FLAGS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions", "--disable-default-apps", "--mute-audio",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
WITHOUT = (
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup",
    "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "PaintHolding", "ThirdPartyStoragePartitioning",
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "AvoidCorsURLLoaderRestartOnRedirect",
    "MediaRouter", "LensOverlay", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
)  # fmt: skip
"""What the browser leaves out. The two of the address bar nobody sees would load 140 modules for each new page, more than
our page does; the others are Playwright's, said again as only the last such list is heard."""


def find_chromium() -> str | None:
    """Give the browser's program: the one named for tests, else the first that is installed."""
    named = os.environ.get("LINLI_TEST_CHROMIUM")
    found = (shutil.which(name) for name in NAMES)
    return named or next((path for path in found if path), None)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Give a running browser; without one skip, except where the tests must not be skipped."""
    program = find_chromium()
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("install chromium")
        pytest.skip("install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=[*FLAGS, f"--disable-features={','.join(WITHOUT)}"]
        )
        yield browser
        await browser.close()


@pytest.fixture
async def screens(chromium: Browser, api: TestClient[Any, Any], tmp_path: Path) -> AsyncIterator[Screens]:
    """Give screens that show the product's pages; all that they complained of fails the test."""
    async with AsyncExitStack() as opened:
        screens = Screens(chromium, str(api.make_url("")).rstrip("/"), tmp_path, opened)
        yield screens
        screens.check()


@pytest.fixture
async def resident(screens: Screens, phone: Phone, core: DispatchCore, worker: Worker) -> Resident:
    """Give a resident who uses the pages, with the dispatch core behind them."""
    return Resident(screens, phone, core, worker)
