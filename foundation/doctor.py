"""`linli doctor`: every outside thing, whether it answers, and what to do if not."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from foundation.command import settings_or_exit, standing
from foundation.database import query
from foundation.errors import LinliError
from foundation.ground import Ground
from foundation.logs import configure_logging
from foundation.migrating import missing_migrations
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
    from foundation.process import open_ground  # noqa: PLC0415

    findings = []
    async with open_ground(settings, parts, name="doctor") as ground:
        findings.append(await _ask("PostgreSQL", lambda: query("SELECT 1"), "see LINLI_DATABASE_URL"))
        findings.append(await _ask("tables", _tables, "run `linli migrate`"))
        findings.append(await _ask("Redis", ground.redis.ping, "see LINLI_REDIS_URL"))
        findings.append(await _ask("media store", ground.media.ask, "see LINLI_MEDIA__STORE_URL"))
        findings += [await _about(ground, ping) for part in parts for ping in part.pings]
    missing = await missing_migrations({"connections": {"default": "psycopg://x@/x"}, "apps": apps_of(parts)})
    findings.append(Finding("models", not missing, ", ".join(missing) or "as migrated"))
    return findings


async def _tables() -> None:
    await query("SELECT 1 FROM complaint LIMIT 1")


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
        table.add_row(mark, finding.name, finding.words)
    Console().print(table)
