"""The scenes, by name. Start at `SCENES`; a scene is a module with `run(stage)` and a `TITLE`."""

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
