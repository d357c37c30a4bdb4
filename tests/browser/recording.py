"""What a test hears of a page's requests: which keys they carried, and how often they were made."""

from dataclasses import dataclass, field

from playwright.async_api import Page, Request


@dataclass
class Sent:
    """The creating calls a page made to one door, in order."""

    path: str
    keys: list[str] = field(default_factory=list)

    @classmethod
    def by(cls, page: Page, path: str) -> "Sent":
        """Listen to a page."""
        sent = cls(path)
        page.on("request", sent.heard)
        return sent

    def heard(self, request: Request) -> None:
        """Take down a call to the door."""
        if request.method == "POST" and request.url.endswith(self.path):
            self.keys.append(request.headers.get("idempotency-key", ""))
