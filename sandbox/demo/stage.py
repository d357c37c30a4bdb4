"""Everything a scene works with. Start at `Stage`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.demo.children import Child, Children
from sandbox.demo.clocks import Clocks
from sandbox.demo.line import DispatchCore, Product, WeChat
from sandbox.demo.voice import Checklist, Voice

Views = dict[str, dict[str, Any]]
"""Complaints as their owners see them, by id."""


@dataclass(frozen=True)
class Wish:
    """What whoever started the demo wants to see."""

    messages: int = 200
    own_messages: bool = False
    scenes: Sequence[str] = ()
    ready_file: Path | None = None
    stays: bool = False
    svg: Path | None = None


@dataclass
class Resident:
    """A resident of the demo, with their phone."""

    number: int
    name: str
    openid: str
    token: str
    id: str
    home_place_id: str = ""
    home: str = ""


@dataclass
class Post:
    """A member of staff, signed in, and the place they answer for."""

    token: str
    place_id: str


@dataclass
class Filed:
    """A complaint that a resident filed, as they remember it."""

    id: str
    number: str
    text: str
    resident: Resident
    request_id: str | None = None


@dataclass
class Program:
    """A stand-in that runs, and how it is started again on the same store and port."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    announce: Path
    child: Child
    url: str


@dataclass
class Stage:
    """The started demo."""

    wish: Wish
    voice: Voice
    children: Children
    folder: Path
    keys: dict[str, str] = field(repr=False)
    product: Product
    core: DispatchCore
    wechat: WeChat
    core_program: Program
    env: dict[str, str] = field(default_factory=dict, repr=False)
    residents: list[Resident] = field(default_factory=list)
    places: list[dict[str, Any]] = field(default_factory=list)
    staff: dict[str, Post] = field(default_factory=dict)
    filed: list[Filed] = field(default_factory=list)
    views: Views = field(default_factory=dict)
    checklist: Checklist = field(default_factory=Checklist)
    clocks_or_none: Clocks | None = None

    @property
    def clocks(self) -> Clocks:
        """All clocks; in a demo that only gets ready they are not touched."""
        if self.clocks_or_none is None:
            message = "the clocks were not opened"
            raise RuntimeError(message)
        return self.clocks_or_none

    async def start_core(self) -> None:
        """Start the dispatch core again, on the store and the port it had."""
        program = self.core_program
        program.announce.unlink(missing_ok=True)
        program.child = await self.children.start(program.name, program.command, program.environment)
        await self.children.announced(program.child, program.announce)
