"""The nightly comparison of everything with the core: every request and every update, not only those of the last while.

`compare` walks the core's lists window by window, takes in what was lost through
the same inbox, and keeps one row of what it read and what still differs, which
`linli compare` shows. What is under way is no difference, and every difference
is asked for once more before it counts: people go on while the lists are read.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog

from community.complaints.dispatch.client import DispatchClient, DispatchError
from community.complaints.dispatch.inbound import Taken, Told, take_in, wake_desk
from community.complaints.dispatch.protocol import CoreRequest, CoreUpdate
from community.complaints.dispatch.reconciling import BATCH, ours_among
from community.complaints.dispatch_models import ComparisonRun
from community.complaints.lifecycle import ENDED
from community.complaints.models import Status
from community.complaints.numbers import LOCAL, is_case_number
from foundation.breaker import BreakerOpenError
from foundation.clock import real_now
from foundation.database import query
from foundation.ground import Ground

log = structlog.get_logger(__name__)
LOOK_BACK = timedelta(days=90)
"""Ended complaints filed longer ago are not compared any more; open ones are, however old."""
WINDOW = timedelta(days=30)
AHEAD = timedelta(minutes=5)
MOST_DIFFERENCES = 500
"""So many are written down; the others are counted."""
NIGHT = range(2, 5)
"""The local hours in which it is run."""
RESTED, OVERDUE = timedelta(hours=20), timedelta(hours=28)


class Kind(StrEnum):
    """How we and the core differ about one complaint."""

    MISSING_THERE = "missing_there"
    MISSING_HERE = "missing_here"
    DOUBLED_THERE = "doubled_there"
    ID_UNKNOWN_HERE = "id_unknown_here"
    OTHER_STATUS = "other_status"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing about which we and the core do not say the same."""

    kind: Kind
    number: str
    """The case number."""
    remote_id: str = ""
    ours: str = ""
    theirs: str = ""


@dataclass
class _Walk:
    """What one comparison has learnt so far."""

    run: ComparisonRun
    seen: set[str] = field(default_factory=set)
    """Every request that was read, by the core's id."""
    found: set[UUID] = field(default_factory=set)
    """Our complaints that the core has."""
    doubtful: set[str] = field(default_factory=set)
    """The core's ids of what seemed to differ: asked for again at the end."""
    differences: list[Difference] = field(default_factory=list)


async def is_due(at: datetime) -> bool:
    """Whether the next comparison should begin: at night, or whenever there was none for more than a day."""
    last = await ComparisonRun.filter(ended_at__isnull=False).order_by("-started_at").first()
    if last is None:
        return True
    rested = at - last.started_at
    return rested >= OVERDUE or (rested >= RESTED and at.astimezone(LOCAL).hour in NIGHT)


async def compare(ground: Ground) -> ComparisonRun:
    """Compare everything, heal what can be healed, and give the report; one that broke off says why."""
    until = ground.clock.now()
    run = await ComparisonRun.create(started_at=real_now(), since=await _beginning(until), until=until)
    walk = _Walk(run)
    try:
        await _walk_requests(ground, walk)
        await _walk_updates(ground, walk)
        await _look_again(ground, walk)
    except (DispatchError, BreakerOpenError) as error:
        run.why = str(error)[:200]
        log.warning("comparison_broke_off", why=run.why)
    else:
        run.ended_at = real_now()
    run.differing = len(walk.differences)
    run.differences = [asdict(each) for each in walk.differences[:MOST_DIFFERENCES]]
    await run.save()
    _tell(run)
    return run


async def _beginning(until: datetime) -> datetime:
    """Go back to the oldest complaint that is still open, and 90 days in any case."""
    ended = [each.value for each in ENDED]
    rows = await query("SELECT min(filed_at) AS oldest FROM complaint WHERE status <> ALL(%s)", ended)
    oldest: datetime = rows[0]["oldest"] or until
    return min(oldest, until - LOOK_BACK)


def _windows(run: ComparisonRun) -> Iterator[tuple[datetime, datetime]]:
    """Cut the time into windows that touch; the last ends a little in the future, as the core's clock may be ahead."""
    since, end = run.since, run.until + AHEAD
    while since < end:
        until = min(since + WINDOW, end)
        yield since, until - timedelta(microseconds=1)
        since = until


async def _walk_requests(ground: Ground, walk: _Walk) -> None:
    """Read every request; then see which of ours were not among them."""
    for since, until in _windows(walk.run):
        async for page in ground.get(DispatchClient).requests_between(since, until):
            fresh = [each for each in page if each.remote_id not in walk.seen]  # some cores do not keep to a window
            walk.seen.update(each.remote_id for each in fresh)
            await _hold_against_ours(walk, fresh)
    walk.run.requests = len(walk.seen)
    for row in await _ours(since=walk.run.since):
        walk.run.compared += 1
        if UUID(str(row["id"])) not in walk.found:
            walk.doubtful.add(row["remote_id"])


async def _hold_against_ours(walk: _Walk, page: Sequence[CoreRequest]) -> None:
    ours = await _named_by(page)
    for request in page:
        row = ours.get(str(request.complaint_id)) or ours.get(request.remote_id)
        if row is None:
            walk.run.others += 1
            if _was_ours(request):
                walk.differences.append(Difference(Kind.MISSING_HERE, request.number or "", request.remote_id))
            continue
        walk.found.add(UUID(str(row["id"])))
        if row["remote_id"] != request.remote_id or status_differs(Status(row["status"]), request):
            walk.doubtful.add(request.remote_id)


async def _named_by(page: Sequence[CoreRequest]) -> dict[str, dict[str, Any]]:
    """Give our complaints that these requests name, under our id and the core's."""
    rows = await query(
        "SELECT id, number, remote_id, status FROM complaint WHERE id = ANY(%s) OR remote_id = ANY(%s)",
        [each.complaint_id for each in page if each.complaint_id],
        [each.remote_id for each in page],
    )
    by_core = {row["remote_id"]: row for row in rows if row["remote_id"]}
    return by_core | {str(row["id"]): row for row in rows}


def _was_ours(request: CoreRequest) -> bool:
    """Whether a request bears our marks and yet is not in our table: a restored backup forgot it."""
    return request.complaint_id is not None and is_case_number(request.number or "")


def status_differs(ours: Status, theirs: CoreRequest) -> bool:
    """Whether the core says of a complaint something else than we do: by its step if it tells it, else open or closed."""
    if theirs.step in set(Status):
        return Status.PUSHED.value != theirs.step if ours is Status.SUBMITTED else ours.value != theirs.step
    if theirs.status not in ("open", "closed"):
        return False
    return (ours in ENDED) != (theirs.status == "closed")


async def _ours(*, since: datetime) -> list[dict[str, Any]]:
    """List our complaints of the compared time that the core has confirmed."""
    return await query(
        "SELECT id, remote_id FROM complaint WHERE filed_at >= %s AND remote_id IS NOT NULL ORDER BY id", since
    )


async def _walk_updates(ground: Ground, walk: _Walk) -> None:
    """Take in every update that we do not know; the desk applies it as if it had been called in."""
    batch: list[CoreUpdate] = []
    for since, until in _windows(walk.run):
        async for update in ground.get(DispatchClient).updates_between(since, until):
            batch.append(update)
            if len(batch) >= BATCH:
                await _take(ground, walk, batch)
                batch = []
    await _take(ground, walk, batch)
    if walk.run.healed:
        await wake_desk(ground)


async def _take(ground: Ground, walk: _Walk, batch: Sequence[CoreUpdate]) -> None:
    walk.run.updates += len(batch)
    ours = await ours_among(batch)
    if ours:
        at = ground.clock.now()
        told = [Told(each.update_id, each.model_dump(mode="json", exclude_unset=True), "pull", at) for each in ours]
        walk.run.healed += (await take_in(told)).count(Taken.STORED)


async def _look_again(ground: Ground, walk: _Walk) -> None:
    """Ask once more for what seemed to differ, and write down what still does and is not under way."""
    doubtful = sorted(walk.doubtful)
    for start in range(0, len(doubtful), BATCH):
        names = doubtful[start : start + BATCH]
        there = {each.remote_id: each for each in await ground.get(DispatchClient).requests_named(names)}
        rows = await _named_by([there.get(name) or CoreRequest(remote_id=name) for name in names])
        moving = await _under_way([row["id"] for row in rows.values()], names)
        for name in names:
            request = there.get(name)
            row = rows.get(str(request.complaint_id)) if request and request.complaint_id else None
            row = row or rows.get(name)
            if row and str(row["id"]) not in moving and name not in moving:
                walk.differences += _differences(row, name, request)


def _differences(row: dict[str, Any], name: str, request: CoreRequest | None) -> list[Difference]:
    number, ours = row["number"], row["status"]
    if request is None:
        return [Difference(Kind.MISSING_THERE, number, name, ours=ours)]
    theirs = request.step or request.status
    if row["remote_id"] is None:
        return [Difference(Kind.ID_UNKNOWN_HERE, number, name, ours=ours, theirs=theirs)]
    if row["remote_id"] != name:
        return [Difference(Kind.DOUBLED_THERE, number, name, ours=row["remote_id"])]
    if status_differs(Status(ours), request):
        return [Difference(Kind.OTHER_STATUS, number, name, ours=ours, theirs=theirs)]
    return []


async def _under_way(ids: Collection[object], remote_ids: Sequence[str]) -> set[str]:
    """Give those, by our id or the core's, of which something is still to be told or to be read."""
    sending = await query(
        "SELECT DISTINCT complaint_id FROM dispatch_message WHERE state = 'waiting' AND complaint_id = ANY(%s)",
        list(ids),
    )
    reading = await query(
        "SELECT body->>'external_id' AS ours, body->>'service_request_id' AS theirs"
        " FROM dispatch_update WHERE state = 'waiting' AND body->>'external_id' = ANY(%s)"
        " OR state = 'waiting' AND body->>'service_request_id' = ANY(%s)",
        [str(each) for each in ids],
        list(remote_ids),
    )
    return {str(row["complaint_id"]) for row in sending} | {
        name for row in reading for name in (row["ours"], row["theirs"]) if name
    }


def _tell(run: ComparisonRun) -> None:
    """Leave a line for whoever watches the log."""
    if run.differing:
        log.error("comparison_found_differences", differing=run.differing, healed=run.healed)
    elif run.healed:
        log.warning("comparison_found_lost_updates", healed=run.healed, updates=run.updates)


async def last_report() -> ComparisonRun | None:
    """Give the last comparison that was read to the end, or else the last one that broke off."""
    ended = await ComparisonRun.filter(ended_at__isnull=False).order_by("-started_at").first()
    return ended or await ComparisonRun.all().order_by("-started_at").first()


async def count_differences() -> float:
    """Count what differed when everything was compared the last time."""
    report = await last_report()
    return float(report.differing) if report else 0.0
