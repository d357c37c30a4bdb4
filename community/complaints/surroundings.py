"""Everything a page shows of complaints beside themselves, in one question for all of them. Start at `find_newest`.

Deadlines, the last rating and result, how far passing on has come, who follows and where it is lie in seven
tables. Asked one after another they cost more than all the rest of a request; here the database puts them
together, as JSON, by indexes that begin with the complaint's id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from community.complaints.models import Complaint, ComplaintEvent, Deadline, Rating
from community.places.models import PlaceKind
from community.places.queries import PlaceDescription, PlaceStep
from foundation.database import read

M = TypeVar("M", bound=Model)

_BESIDE = """
    (SELECT jsonb_agg(to_jsonb(d) ORDER BY d.position) FROM complaint_deadline d WHERE d.complaint_id = c.id)
        AS deadlines,
    (SELECT to_jsonb(r) FROM complaint_rating r WHERE r.complaint_id = c.id ORDER BY r.round DESC LIMIT 1) AS rating,
    (SELECT e.media FROM complaint_event e WHERE e.complaint_id = c.id AND e.seq = 1) AS media,
    CASE WHEN c.answered_at IS NOT NULL THEN (
        SELECT to_jsonb(e) FROM complaint_event e WHERE e.complaint_id = c.id AND e.type = 'answered'
        ORDER BY e.round DESC, e.occurred_at DESC, e.seq DESC LIMIT 1) END AS result,
    (SELECT jsonb_build_array(m.state, m.next_try_at) FROM dispatch_message m
        WHERE m.complaint_id = c.id AND m.kind = 'request' LIMIT 1) AS message,
    (SELECT count(*) FROM complaint_follow f WHERE f.complaint_id = c.id) AS followers,
    (SELECT e.occurred_at FROM complaint_event e WHERE e.complaint_id = c.id AND e.type = 'urged'
        ORDER BY e.seq DESC LIMIT 1) AS urged_at,
    (SELECT h.from_at FROM complaint_responsibility h WHERE h.complaint_id = c.id AND NOT h.helping AND h.to_at IS NULL
        ORDER BY h.position DESC LIMIT 1) AS responsible_since,
    CASE WHEN c.status = 'closed' THEN (
        SELECT jsonb_build_array(e.source, e.detail ->> 'why') FROM complaint_event e
        WHERE e.complaint_id = c.id AND e.type = 'closed'
        ORDER BY e.source = 'system' DESC, e.seq LIMIT 1) END AS closing,
    (SELECT jsonb_agg(jsonb_build_array(s.id, s.kind, s.name) ORDER BY s.rank) FROM (
        SELECT a.id, a.kind, a.name, a.depth * 2 AS rank FROM place p
        JOIN place a ON a.id = ANY(string_to_array(trim(both '/' from p.path), '/')::bigint[])
        WHERE p.id = c.place_id
        UNION ALL
        SELECT a.id, a.kind, a.name, p.depth * 2 - 1 FROM place p JOIN place a ON a.id = p.area_id
        WHERE p.id = c.place_id) s) AS place
"""
_LISTED = f"""
SELECT c.*, {_BESIDE}
FROM (SELECT * FROM complaint c WHERE {{where}} ORDER BY c.filed_at DESC, c.id DESC LIMIT %s) c
ORDER BY c.filed_at DESC, c.id DESC
"""  # noqa: S608 - our words
_OF_ONE = f"""
SELECT c.*, {_BESIDE},
    (SELECT version FROM calendar_version) AS calendar_version,
    EXISTS (SELECT 1 FROM complaint_follow f WHERE f.complaint_id = c.id AND f.resident_id = %s) AS followed
FROM complaint c WHERE c.id = %s
"""  # noqa: S608 - our words


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands round one complaint."""

    deadlines: Sequence[Deadline]
    rating: Rating | None
    media: Sequence[dict[str, str]]
    """What was filed with it."""
    result: ComplaintEvent | None
    """The last answer, if it stands."""
    message: tuple[str, datetime | None] | None
    """How far passing on the complaint itself has come, and when it is tried again."""
    followers: int
    urged_at: datetime | None
    place: PlaceDescription | None
    responsible_since: datetime | None
    closing: tuple[str, str | None] | None
    """Who closed it and why, if it is closed; our own closing counts before a core's that only repeats it."""


@dataclass(frozen=True, slots=True)
class Surrounded:
    """A complaint and what stands round it."""

    complaint: Complaint
    around: Surroundings


@dataclass(frozen=True, slots=True)
class Found(Surrounded):
    """One complaint as it was found, before anybody asked who may see it."""

    followed: bool
    """Whether who asks follows it."""
    calendar_version: UUID | None


async def find_newest(where: str, values: Sequence[object], *, most: int) -> list[Surrounded]:
    """Find the newest complaints `c` of which a condition is true, newest first."""
    rows = await read(_LISTED.format(where=where), *values, most)
    return [Surrounded(_complaint(row), _around(row)) for row in rows]


async def find(complaint_id: UUID, *, resident_id: int) -> Found | None:
    """Find one complaint with its surroundings, whoever asks: `access.viewer_of` says whether they may see it."""
    rows = await read(_OF_ONE, resident_id, complaint_id)
    if not rows:
        return None
    row = rows[0]
    return Found(_complaint(row), _around(row), row["followed"], row["calendar_version"])


def _complaint(row: Mapping[str, Any]) -> Complaint:
    return _made(Complaint, {name: row[name] for name in _columns(Complaint)})


def _around(row: Mapping[str, Any]) -> Surroundings:
    message, place, rating, result = row["message"], row["place"], row["rating"], row["result"]
    return Surroundings(
        deadlines=[_from_json(Deadline, each) for each in row["deadlines"] or ()],
        rating=_from_json(Rating, rating) if rating else None,
        media=row["media"] or [],
        result=_from_json(ComplaintEvent, result) if result else None,
        message=(message[0], _instant(message[1])) if message else None,
        followers=row["followers"],
        urged_at=row["urged_at"],
        place=_place(place) if place else None,
        responsible_since=row["responsible_since"],
        closing=tuple(row["closing"]) if row["closing"] else None,
    )


def _place(steps: Sequence[Sequence[Any]]) -> PlaceDescription:
    path = tuple(PlaceStep(place_id, PlaceKind(kind), name) for place_id, kind, name in steps)
    return PlaceDescription(path[-1].id, path[-1].kind, path[-1].name, path)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _from_json(model: type[M], found: Mapping[str, Any]) -> M:
    return _made(model, dict(found) | {name: _instant(found[name]) for name in _instants(model)})


def _made(model: type[M], columns: dict[str, Any]) -> M:
    return model._init_from_db(**columns)  # noqa: SLF001 - Tortoise's own way from a row to an object


@cache
def _columns(model: type[Model]) -> tuple[str, ...]:
    return tuple(model._meta.fields_db_projection.values())  # noqa: SLF001


@cache
def _instants(model: type[Model]) -> tuple[str, ...]:
    columns = model._meta.fields_db_projection  # noqa: SLF001
    known = model._meta.fields_map  # noqa: SLF001
    return tuple(column for name, column in columns.items() if isinstance(known[name], fields.DatetimeField))
