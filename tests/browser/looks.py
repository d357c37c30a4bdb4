"""The looks a page may be shown in, and what is wrong with it in each. Start at `faults_in`."""

import os
from collections.abc import Sequence

from tests.browser.axe import violations
from tests.browser.measuring import NAMED_TWICE, NAMELESS
from tests.browser.screen import Screen

SOAK = bool(os.environ.get("LINLI_TEST_SOAK"))
"""Whether every rule is asked in every look, and every look in every language."""
LARGEST = "text=large"
IN_SHORT = {"zh-Hant": (LARGEST,), "en": ("", LARGEST)}
"""Colours do not differ by language, words do: Latin ones in length and in where they break, traditional ones in neither."""


def looks_for(language: str, looks: Sequence[str]) -> Sequence[str]:
    """Give the looks a language is shown in: simplified Chinese in all, others where their words could not fit."""
    return looks if SOAK else IN_SHORT.get(language, looks)


async def faults_in(screen: Screen, looks: Sequence[str]) -> list[str]:
    """List what is wrong with the page as it stands: all of it in the first look, then what the other looks change."""
    faults = [f"nameless: {one}" for one in await screen.page.evaluate(NAMELESS)]
    faults += [f"named twice: {one}" for one in await screen.page.evaluate(NAMED_TWICE)]
    for at, look in enumerate(looks):
        await screen.wear(look)
        found = await screen.faults()
        found += await violations(screen.page, new_look=None if SOAK or at == 0 else look)
        faults += [f"{look}: {one}" for one in found]
    await screen.wear("")
    return faults
