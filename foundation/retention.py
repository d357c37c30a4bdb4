"""How long what is kept, why, and how it ends: the declared table, and the sweep that holds to it.

Each room declares `Kept` for every table of its own in its `PART`. `linli retention` shows the table, `linli
retention due` counts what a sweep would end now, and the elected leader sweeps daily. A rule whose `outlived` is
empty ends with something else, which `ends_with` names.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, LiteralString

import structlog

from foundation.audit import KEPT_FOR as AUDIT_KEPT_FOR
from foundation.audit import remove_outlived_entries
from foundation.clock import real_now
from foundation.database import query, transaction
from foundation.idempotency import KEPT_FOR as ANSWERS_KEPT_FOR
from foundation.jobs import job
from foundation.media.jobs import KEPT_UNATTACHED, sweep_rows
from foundation.parts import load_parts

if TYPE_CHECKING:
    from foundation.ground import Ground

log = structlog.get_logger(__name__)
BATCH = 1000


class Ending(StrEnum):
    """How a row ends."""

    DELETED = "deleted"
    BLANKED = "blanked"
    WITHOUT_IDENTITY = "kept without identity"
    NEVER = "kept"


Sweeping = Callable[["Ground", datetime], Awaitable[int]]
"""Ends what is older than the instant; gives how many there were."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One rule: what, how long, why, and how it ends."""

    table: str
    """A table of the database, or in brackets what is kept elsewhere."""
    what: str
    lasts: timedelta | None
    """Counted from what `outlived` says; None for as long as something else is there."""
    why: str
    """The law or the need, in a few words."""
    ends: Ending
    ends_with: str = ""
    """What ends it, where the sweep does not."""
    outlived: LiteralString = ""
    """The SQL condition of rows that have outlived their time; its `%s` is the instant before which they must lie."""
    blank: LiteralString = ""
    """For rows that are blanked: what is set."""
    sweep: Sweeping | None = None
    """For what one statement cannot end."""
    personal: bool = True

    def __post_init__(self) -> None:
        if bool(self.outlived) is bool(self.ends_with):
            raise ValueError(f"{self.table}: say either which rows have outlived their time, or what ends them")
        if (self.ends is Ending.BLANKED) is not bool(self.blank) and not self.sweep and self.outlived:
            raise ValueError(f"{self.table}: what is blanked says what is set")
        if self.outlived and self.lasts is None:
            raise ValueError(f"{self.table}: a rule that is swept lasts for a time")


def no_person(table: str, what: str) -> Kept:
    """Declare a table that holds nothing about people."""
    return Kept(table, what, None, "nothing about people", Ending.NEVER, ends_with="nothing", personal=False)


def rules() -> tuple[Kept, ...]:
    """Give the whole table, from the ground up."""
    return tuple(kept for part in load_parts() for kept in part.kept)


async def due(kept: Kept, at: datetime) -> int:
    """Count the rows of a rule that have outlived their time at a real instant."""
    if not kept.outlived or kept.lasts is None:
        return 0
    statement = f"SELECT count(*) AS n FROM {kept.table} WHERE {kept.outlived}"  # noqa: S608 - written in the code
    return int((await query(statement, *_instants(kept, at)))[0]["n"])


async def sweep(ground: "Ground", *, at: datetime) -> dict[str, int]:
    """End everything that has outlived its time; give how many rows of which table."""
    swept: dict[str, int] = {}
    for kept in rules():
        if kept.outlived and kept.lasts is not None:
            ended = await kept.sweep(ground, at - kept.lasts) if kept.sweep else await _sweep_rows(kept, at)
            swept[kept.table] = swept.get(kept.table, 0) + ended
    return {table: count for table, count in swept.items() if count}


async def _sweep_rows(kept: Kept, at: datetime) -> int:
    """End the rows in batches, each in a transaction of its own, so that nobody waits long for a lock."""
    ended = BATCH
    total = 0
    while ended == BATCH:
        async with transaction() as tx:
            await tx.query("SELECT set_config('linli.erasing', 'on', true)")
            ended = len(await tx.query(_ending(kept), *_instants(kept, at)))
        total += ended
    return total


def _ending(kept: Kept) -> str:
    """Write the statement that ends one batch; everything in it is written in the code."""
    verb = f"UPDATE {kept.table} SET {kept.blank}" if kept.blank else f"DELETE FROM {kept.table}"  # noqa: S608
    some = f"SELECT ctid FROM {kept.table} WHERE {kept.outlived} LIMIT {BATCH} FOR UPDATE SKIP LOCKED"  # noqa: S608
    return f"{verb} WHERE ctid = ANY(ARRAY({some})) RETURNING 1 AS ended"


def _instants(kept: Kept, at: datetime) -> list[datetime]:
    before = at - (kept.lasts or timedelta())
    return [before] * kept.outlived.count("%s")


@job("foundation.sweep_outlived", attempts=3)
async def sweep_outlived(ground: "Ground") -> None:
    """End what has outlived its time, once a day."""
    swept = await sweep(ground, at=real_now())
    if swept:
        log.info("outlived_swept", **swept)


async def _sweep_media(_: "Ground", __: datetime) -> int:
    return await sweep_rows(real_now())


async def _sweep_audit(_: "Ground", __: datetime) -> int:
    return await remove_outlived_entries()


LOGS_KEPT_FOR = timedelta(days=184)
"""What the collector of logs must keep at least; the product writes them to standard output and keeps none."""

KEPT = (
    no_person("clock_setting", "where development's clock stands"),
    Kept(
        "idempotency_key",
        "answers kept for repeated requests",
        ANSWERS_KEPT_FOR,
        "a phone that lost the line asks again; PIPL 19",
        Ending.DELETED,
        outlived="created_at < %s",
    ),
    Kept(
        "media",
        "uploads nobody used",
        KEPT_UNATTACHED,
        "a form left open over night; PIPL 19",
        Ending.DELETED,
        outlived="attached_at IS NULL AND uploaded_at < %s",
        sweep=_sweep_media,
    ),
    Kept(
        "media",
        "photos and voice in use",
        None,
        "part of what they belong to",
        Ending.DELETED,
        ends_with="the complaint's words",
    ),
    Kept(
        "audit_entry",
        "who of the staff looked at whose data",
        AUDIT_KEPT_FOR,
        "PIPL 54, 56: records for three years; Cybersecurity Law 21 (3) and MLPS: six months at least",
        Ending.DELETED,
        outlived="at < %s",
        sweep=_sweep_audit,
    ),
    Kept(
        "(procrastinate_jobs)",
        "later work: ids and numbers, no words",
        None,
        "until it is done",
        Ending.DELETED,
        ends_with="the job's success; a failed one waits for `linli parked`",
    ),
    Kept(
        "(logs)",
        "one line per fact, personal data masked",
        LOGS_KEPT_FOR,
        "Cybersecurity Law 21 (3): six months at least",
        Ending.DELETED,
        ends_with="the collector of logs, outside of this software",
    ),
    Kept(
        "(redis)",
        "rate limits and one-time counters by number",
        timedelta(days=1),
        "guarding the doors",
        Ending.DELETED,
        ends_with="its own expiry",
    ),
)
