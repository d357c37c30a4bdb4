"""Write the pages that are made from the code: `python -m tests.documentation.write`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from foundation.mapping import describe
from tests.documentation.errors_page import errors_page
from tests.documentation.pages import ROOT
from tests.documentation.settings_page import settings_page

EVENTS_HEAD = """# Events, upkeep, doors

What follows from what? Rules emit events; each reaction is one durable job, stored in the transaction of the event.
An event without a reaction is not listed. Upkeep runs in one elected worker. Doors lie below `/api/v1`; the
other addresses are written out.

`linli map` prints the same; this page is made of it by `python -m tests.documentation.write`.

"""


def events_page() -> str:
    """Write the map of events, upkeep and doors."""
    return EVENTS_HEAD + describe()


WRITTEN: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "docs/settings.md": settings_page,
        "docs/events.md": events_page,
        "docs/errors.md": errors_page,
    }
)
"""Each page with what writes it."""


def write(root: Path = ROOT) -> None:
    """Write every page."""
    for name, page in WRITTEN.items():
        (root / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
