"""What axe-core finds on a page: contrast, names, roles, order, size of what is pressed. Start at `violations`."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"target-size": {"enabled": True}, "label-content-name-mismatch": {"enabled": True}}
"""Rules that are off unless asked for."""
ALL = {"runOnly": {"type": "tag", "values": TAGS}, "rules": RULES}
OF_LOOKS = {"theme": ("color-contrast", "link-in-text-block"), "text": ("target-size", "scrollable-region-focusable")}
"""The rules whose answer a look can change; names, roles and order stay, and larger letters need no more contrast."""

RUN = """async asked => {
  const bars = [...document.querySelectorAll(".tabbar, .dock")];
  bars.forEach(bar => (bar.style.position = "static"));
  const told = await axe.run(document, { ...asked, resultTypes: ["violations"] });
  bars.forEach(bar => bar.style.removeProperty("position"));
  return told.violations.flatMap(({ id, nodes }) => nodes.map(({ html, any, all }) =>
    `${id}: ${html.slice(0, 160)} ${[...any, ...all].map(({ message }) => message).join("; ").slice(0, 240)}`));
}"""
"""A bar that sticks to the screen's edge lies on whatever the page was scrolled to; people scroll on, so it is let down first."""


async def violations(page: Page, *, new_look: str | None = None) -> list[str]:
    """List what breaks a rule on the page as it stands; by the rules of its look only where nothing else is new."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    rules = [rule for part, names in OF_LOOKS.items() if part in (new_look or "") for rule in names]
    asked = {"runOnly": {"type": "rule", "values": rules}} if rules else ALL
    found: list[str] = await page.evaluate(RUN, asked)
    return found
