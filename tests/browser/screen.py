"""A screen as a test object: one page in its own browser, with what it complained of."""

import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.browser.measuring import CUT, FAULTS, WEAR
from tests.browser.words import words_of

PATIENCE_MS = 30_000
"""Long, because the machine may be busy; nothing waits that long when all is well."""
A_SECOND_HEARD = "() => /^0:0[1-9]/.test(document.querySelector('.voice__time')?.textContent)"
TAGS = {"zh-Hans": "zh-CN", "zh-Hant": "zh-TW", "en": "en-GB"}
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Screen:
    """One page, the words it speaks, and what its console said."""

    page: Page
    context: BrowserContext
    base: str
    language: str
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def say(self, key: str, **places: object) -> str:
        """Give the page's own sentence for a key."""
        sentence = words_of(self.language)[key].replace("|", "")
        return re.sub(r"\{(\w+)\}", lambda hole: str(places[hole[1]]), sentence)

    def expect_console(self, pattern: str) -> None:
        """Allow a console error: browsers report every refused or broken request as one."""
        self.expected.append(pattern)

    def heard(self, message: ConsoleMessage) -> None:
        """Take down what the console says."""
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def unexpected(self) -> list[str]:
        """Give what nobody expected."""
        return [text for text in self.complaints if not any(re.search(one, text) for one in self.expected)]

    async def open(self, path: str, *, ticket: str | None = None) -> None:
        """Open a page and wait until it shows itself."""
        fragment = f"#ticket={ticket}" if ticket else ""
        await self.page.goto(f"{self.base}/web/resident/{path}{fragment}")
        await self.settled()

    async def settled(self) -> None:
        """Wait until the page shows itself, and all of it."""
        await self.page.wait_for_selector("body:not([data-waiting]):not(:has([aria-busy=true]))")

    async def press(self, key: str, **places: object) -> None:
        """Press the button or link with these words."""
        name = self.say(key, **places)
        await (
            self.page.get_by_role("button", name=name, exact=True)
            .or_(self.page.get_by_role("link", name=name, exact=True))
            .first.click()
        )

    async def reads(self, text: str) -> None:
        """Wait until these words can be read somewhere."""
        await expect(self.page.locator("#main").get_by_text(text).first).to_be_visible()

    async def says(self, key: str, **places: object) -> None:
        """Wait until this sentence of the page's own can be read."""
        await self.reads(self.say(key, **places))

    async def listened(self) -> None:
        """Wait until a second of what is said has been heard."""
        await self.page.wait_for_function(A_SECOND_HEARD)

    async def faults(self) -> list[str]:
        """List what runs out sideways, what is cut and what is too small to press."""
        found: list[str] = await self.page.evaluate(FAULTS)
        found += await self.page.evaluate(CUT)
        return found

    async def wear(self, look: str) -> None:
        """Show the open page in a look such as `text=large&theme=dark`, without colours that are still on their way."""
        await self.page.emulate_media(reduced_motion="reduce")
        await self.page.evaluate(WEAR, look)


@dataclass
class Screens:
    """Opens screens on one product."""

    browser: Browser
    base: str
    folder: Path
    opened: AsyncExitStack
    screens: list[Screen] = field(default_factory=list)

    async def add(self, language: str = "zh-Hans", *, width: int = 375, height: int = 740, **options: Any) -> Screen:
        """Open one more, which belongs to nobody yet."""
        context = await self.browser.new_context(
            viewport={"width": width, "height": height}, locale=TAGS[language], timezone_id="Europe/Berlin", **options
        )
        self.opened.push_async_callback(context.close)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        screen = Screen(page, context, self.base, language)
        page.on("console", screen.heard)
        page.on("pageerror", lambda error: screen.complaints.append(f"page error: {error}"))
        self.screens.append(screen)
        return screen

    def check(self) -> None:
        """See that no console complained of anything unexpected."""
        said: Sequence[str] = [text for screen in self.screens for text in screen.unexpected()]
        assert not said, said
