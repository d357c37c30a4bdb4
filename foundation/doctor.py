"""`linli doctor`: every outside thing, whether it answers, and what to do if not."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from foundation.clock import SystemClock
from foundation.command import settings_or_exit, standing
from foundation.errors import LinliError
from foundation.ground import Ground
from foundation.logs import configure_logging
from foundation.media.store import MediaStore
from foundation.migrating import ask_database, missing_migrations
from foundation.parts import Part, Ping, apps_of, load_parts
from foundation.settings import Settings

SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one question."""

    name: str
    good: bool
    words: str


def examine() -> int:
    """Ask everything, print the findings, and give 0 if all is well, else 1."""
    configure_logging("error")
    settings = settings_or_exit()
    findings = [_about_settings(settings)]
    with standing() as stood:
        findings += asyncio.run(_ask_all(stood, load_parts()))
    _print(findings)
    return 0 if all(finding.good for finding in findings) else 1


def _about_settings(settings: Settings) -> Finding:
    left = settings.stand_ins()
    words = f"{settings.environment}; stand-in credentials: {', '.join(left)}" if left else settings.environment
    return Finding("settings", good=True, words=words)


async def _ask_all(settings: Settings, parts: tuple[Part, ...]) -> list[Finding]:
    """Ask one thing after the other, so that one that fails hides none of the others."""
    from foundation.process import open_ground_on_pool  # noqa: PLC0415

    findings = await _about_database(settings.database_url or "")
    store = await _ask("media store", lambda: _write_and_remove(settings), "see LINLI_MEDIA__STORE_URL")
    if not store.good:  # the ground cannot be opened on it, and the others are to be asked all the same
        settings = settings.model_copy(update={"media": settings.media.model_copy(update={"store_url": "memory:///"})})
    async with open_ground_on_pool(settings, parts, clock=SystemClock()) as ground:
        findings += [await _ask("Redis", ground.redis.ping, "see LINLI_REDIS_URL"), store]
        findings += [await _about(ground, ping) for part in parts for ping in part.pings]
    missing = await missing_migrations({"connections": {"default": "psycopg://x@/x"}, "apps": apps_of(parts)})
    findings.append(Finding("models", not missing, ", ".join(missing) or "as migrated"))
    return findings


async def _about_database(url: str) -> list[Finding]:
    answers = await _ask("PostgreSQL", lambda: ask_database(url, "SELECT 1"), "see LINLI_DATABASE_URL")
    if not answers.good:
        return [answers]
    return [
        answers,
        await _ask("tables", lambda: ask_database(url, "SELECT 1 FROM complaint LIMIT 1"), "run `linli migrate`"),
    ]


async def _write_and_remove(settings: Settings) -> None:
    """Store an object and take it away again: a store that can only be read takes no photo."""
    store = MediaStore.from_settings(settings)
    key = f"doctor/{uuid4()}"
    await store.put(key, b"doctor")
    await store.delete([key])


async def _about(ground: Ground, ping: Ping) -> Finding:
    return await _ask(ping.name, lambda: ping.ask(ground), ping.advice)


async def _ask(name: str, ask: Callable[[], Awaitable[object]], advice: str) -> Finding:
    try:
        async with asyncio.timeout(SECONDS):
            await ask()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        what = error.sentence("en") if isinstance(error, LinliError) else f"{type(error).__name__} {error}".strip()
        return Finding(name, good=False, words=f"{what.splitlines()[0][:120]} → {advice}")
    return Finding(name, good=True, words="answers")


def _print(findings: list[Finding]) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for finding in findings:
        mark = "[green]ok[/]" if finding.good else "[red bold]no[/]"
        table.add_row(mark, finding.name, escape(finding.words))
    Console().print(table)
