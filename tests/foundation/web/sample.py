"""A small API of notes: every kind of endpoint once, over a table of its own."""

from asyncio import Event
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

import psycopg
import psycopg_pool
from aiohttp import web
from pydantic import Field, model_validator

from foundation.database import query, transaction
from foundation.errors import ConflictError, InvalidFieldError, NotFoundError
from foundation.parts import Part
from foundation.web import (
    Access,
    Actor,
    Call,
    Day,
    Id,
    Input,
    Instant,
    LineText,
    Output,
    PageQuery,
    PageView,
    ParagraphText,
    Upload,
    cursor_at,
    endpoint,
    read_cursor,
    refusal,
)

TABLE = "CREATE TABLE IF NOT EXISTS sample_note (id bigserial PRIMARY KEY, author text NOT NULL, text text NOT NULL)"


class Colour(StrEnum):
    """What a note's paper looks like."""

    YELLOW = "yellow"
    GREEN = "green"


class Spot(Input):
    """Where a note hangs."""

    lng: float
    lat: float


class NoteBody(Input):
    """A note to be written."""

    text: Annotated[str, ParagraphText(5, 40)]
    title: Annotated[str, LineText(1, 10)] | None = None
    colour: Colour = Colour.YELLOW
    spot: Spot | None = None
    place_id: Id | None = None
    tags: Annotated[list[str], Field(max_length=3)] = []
    stars: Annotated[int, Field(ge=1, le=5)] | None = None
    from_at: Instant | None = None
    until_at: Instant | None = None
    on: Day | None = None

    @model_validator(mode="after")
    def ends_after_it_begins(self) -> "NoteBody":
        """The rule of a validator that looks at two fields."""
        if self.from_at and self.until_at and self.until_at <= self.from_at:
            raise refusal("ends_too_early", "最多 {n} 项", n=0)
        return self


class NoteView(Output):
    """A note as it is shown."""

    id: Id
    text: str
    written_at: Instant
    colour: Colour = Colour.YELLOW


class NotePath(Input):
    """Which note."""

    id: Id


class NotesQuery(PageQuery):
    """Which notes."""

    colour: list[Colour] = []
    since: Instant | None = None
    only_mine: bool = False


class VersionHeader(Input):
    """Which version the caller knows."""

    version: Annotated[int, Field(alias="X-Note-Version", ge=1)]


class FullBoardError(ConflictError):
    """The board is full."""

    code = "full_board"
    message = "现在不能这样做"


class UnknownPlaceError(InvalidFieldError):
    """The note's place does not exist."""

    code = "unknown_place"
    pointer = "/place_id"
    message = "没有找到"


@dataclass
class Gate:
    """Holds handlers until a test lets them go, and counts those that did something."""

    runs: int = 0
    entered: Event = field(default_factory=Event)
    open: Event = field(default_factory=Event)


@endpoint(
    "POST",
    "/notes",
    access=Access.RESIDENT,
    status=201,
    idempotent=True,
    errors=(FullBoardError, UnknownPlaceError),
    summary="Write a note",
)
async def post_note(call: Call, body: NoteBody) -> NoteView:
    """Store a note; the word `full` in it fails after the row was written."""
    async with transaction() as tx:
        rows = await tx.query(
            "INSERT INTO sample_note (author, text) VALUES (%s, %s) RETURNING id", call.actor.key, body.text
        )
        call.ground.get(Gate).runs += 1
        if "full" in body.text:
            raise FullBoardError
        if body.place_id == 404:
            raise UnknownPlaceError
    if "wait" in body.text:
        await call.ground.get(Gate).open.wait()
    return NoteView(id=rows[0]["id"], text=body.text, written_at=call.at, colour=body.colour)


@endpoint("GET", "/notes", access=Access.SIGNED_IN, summary="List notes")
async def list_notes(call: Call, query: NotesQuery) -> PageView[NoteView]:
    """List what the query says, without a database."""
    first = read_cursor(query.cursor, int) or (1,)
    notes = [
        NoteView(id=number, text="note", written_at=call.at, colour=colour)
        for number, colour in enumerate(query.colour, start=int(first[0]))
    ]
    return PageView(items=notes[: query.limit], next_cursor=cursor_at(int(first[0]) + query.limit))


@endpoint("GET", "/notes/{id}", access=Access.SIGNED_IN, summary="Show a note")
async def get_note(call: Call, path: NotePath) -> NoteView:
    """Show one note."""
    rows = await query("SELECT id, text FROM sample_note WHERE id = %s", path.id)
    if not rows:
        raise NotFoundError
    return NoteView(id=rows[0]["id"], text=rows[0]["text"], written_at=call.at)


@endpoint("DELETE", "/notes/{id}", access=Access.STAFF, summary="Take a note down")
async def delete_note(call: Call, path: NotePath, headers: VersionHeader) -> None:
    """Remove nothing."""


class PictureForm(Input):
    """What comes with a picture."""

    place: Annotated[str, LineText(1, 10)] | None = None
    stars: Annotated[int, Field(ge=1, le=5)] | None = None


@endpoint(
    "POST", "/notes/{id}/pictures", access=Access.RESIDENT, status=201, upload=True, idempotent=True, summary="Pin"
)
async def post_picture(call: Call, path: NotePath, upload: Upload, form: PictureForm) -> dict[str, str | None]:
    """Tell what arrived; `refuse` as the content is refused, `wait` waits."""
    gate = call.ground.get(Gate)
    gate.runs += 1
    gate.entered.set()
    content = upload.content.file.read(8)
    if content == b"refuse":
        raise FullBoardError
    if content == b"wait":
        await gate.open.wait()
    return {"size": str(upload.content.size), "kind": upload.content_type, "place": form.place}


@endpoint("POST", "/visits", access=Access.ANYONE, limit="sessions", summary="Come by")
async def post_visit(call: Call, body: Spot | None) -> dict[str, str | None]:
    """Tell from where."""
    call.set_cookie("linli_session", "s3cret", max_age=60)
    return {"address": call.address, "language": call.language, "lng": str(body.lng) if body else None}


@endpoint(
    "POST", "/callbacks/board", access=Access.MACHINE, status=202, other_statuses=(200,), summary="Hear from the board"
)
async def post_callback(call: Call, body: Spot) -> None:
    """Answer with another status when the place is known already."""
    if body.lng == 1:
        call.status = 200


class TroubleQuery(Input):
    """Which trouble."""

    kind: str


@endpoint("GET", "/trouble", access=Access.ANYONE, summary="Fail")
async def get_trouble(call: Call, query: TroubleQuery) -> None:
    """Fail in the way that is asked for."""
    troubles: dict[str, BaseException] = {
        "pool": psycopg_pool.PoolTimeout("no connection"),
        "lock": psycopg.errors.LockNotAvailable("locked"),
        "crash": RuntimeError("手机 13912345678 出错"),
        "teapot": web.HTTPException(),
    }
    raise troubles[query.kind]


@endpoint("GET", "/calendar", access=Access.ANYONE, produces="text/calendar", summary="Calendar")
async def get_calendar(call: Call) -> web.Response:
    """Answer with something that is no JSON."""
    return web.Response(text="BEGIN:VCALENDAR", content_type="text/calendar")


async def authenticate(request: web.Request) -> Actor | None:
    """Believe `Bearer <kind>-<number>-<language>`."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    parts = token.split("-", 2)
    if scheme != "Bearer" or len(parts) != 3 or parts[0] not in {"resident", "staff", "machine"}:
        return None
    kind = {"resident": "resident", "staff": "staff", "machine": "machine"}[parts[0]]
    return Actor(kind=kind, id=int(parts[1]), language=parts[2])  # type: ignore[arg-type]


ENDPOINTS = (
    post_note,
    list_notes,
    get_note,
    delete_note,
    post_picture,
    post_visit,
    post_callback,
    get_trouble,
    get_calendar,
)
PART = Part(name="sample", endpoints=ENDPOINTS, authenticate=authenticate)
