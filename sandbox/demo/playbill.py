"""The scenes of the demo, by name. Start at `SCENES`; another one is a module in `scenes/` and a line here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sandbox.demo.scenes import city, follow, outage
from sandbox.demo.stage import Stage


@dataclass(frozen=True)
class Scene:
    """One thing to show."""

    title: str
    run: Callable[[Stage], Awaitable[None]]


SCENES = {
    "city": Scene(city.TITLE, city.run),
    "follow": Scene(follow.TITLE, follow.run),
    "outage": Scene(outage.TITLE, outage.run),
}
"""In the order of the whole demo."""
