"""Places at the phone's door: lists, the search by what people type, one place, and what lies near a pin.

What the search and the pin give are candidates: the client lets a person confirm, and sends the id.
"""

from typing import Annotated, Self

from pydantic import Field

from community.places.coordinates import Datum, Point
from community.places.errors import OutsideDistrictError, PlaceNotFoundError, UnknownPlaceError
from community.places.finding import Filter, FoundPlace, Position, likely_communities, list_places, search_places
from community.places.models import Origin, Place, PlaceKind, PlaceStanding, Post, Responsibility
from community.places.queries import PlaceDescription, describe_place, paths_of, places_near, responsible_for_posts
from community.places.search import QUERY_LENGTH
from foundation.access import Access
from foundation.web import Call, Id, Input, LineText, Output, PageQuery, PageView, cursor_at, endpoint, read_cursor
from foundation.web.fields import UNREADABLE
from foundation.web.lists import BadCursorError
from foundation.words import say
from miniprogram_api.people_views import PathStepView

POST_WORDS = {
    Post.SECRETARY: "{place}书记",
    Post.DEPUTY: "{place}副书记",
    Post.GRID_CHIEF: "{place}网格长",
    Post.BUILDING_LEADER: "{place}楼栋长",
    Post.UNIT: "{place}责任单位",
}


class PlacesQuery(PageQuery):
    """Which places are wanted."""

    parent_id: Id | None = None
    """Only what lies in this place: its direct children, or with `kind` or `q` everything below it."""
    kind: PlaceKind | None = None
    q: Annotated[str, LineText(0, QUERY_LENGTH)] = ""
    """What somebody typed; abbreviations, near characters and missing suffixes are understood."""


class NearQuery(Input):
    """A pin, with the system its numbers are in."""

    lng: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    datum: Datum
    limit: Annotated[int, Field(ge=1, le=50)] = 10


class PlacePath(Input):
    """Which place."""

    id: Id


class PlaceLine(Output):
    """A place in a list, with the way to it; the place itself is the last step."""

    id: Id
    kind: PlaceKind
    name: str
    path: list[PathStepView]
    standing: PlaceStanding
    """`candidate`: it is known to exist, but not yet where it belongs; nothing can be put there. Ask which of its
    `/places/{id}/communities` it is in, and use that one."""
    generated: bool
    """Whether it was invented for a demo."""

    @classmethod
    def of(cls, place: Place, description: PlaceDescription) -> Self:
        """Show a place."""
        return cls(**_line(place, description))


class NearPlaceView(PlaceLine):
    """A place near the pin."""

    distance_m: int


class NearPlacesView(Output):
    """What may be meant by a pin: settled places first, each group nearest first."""

    items: list[NearPlaceView]


class CommunitiesView(Output):
    """Communities a place may lie in, likeliest first."""

    items: list[PlaceLine]


class HolderView(Output):
    """Who answers for a place; the phone is the office's."""

    name: str | None
    post: str
    office_phone: str | None

    @classmethod
    def of(cls, held: Responsibility | None, language: str) -> Self | None:
        """Show the holder of a post, if there is one."""
        if held is None:
            return None
        post = say(POST_WORDS[held.post], language, place=held.place.name)
        return cls(name=held.holder_name, post=post, office_phone=held.office_phone)


class GroupView(Output):
    """The residents' group of a place."""

    join_url: str


class PlaceView(PlaceLine):
    """One place, and who answers for it now."""

    secretary: HolderView | None
    building_leader: HolderView | None
    group: GroupView | None


@endpoint("GET", "/places", access=Access.SIGNED_IN, errors=(UnknownPlaceError,), summary="List or search places")
async def get_places(call: Call, query: PlacesQuery) -> PageView[PlaceLine]:  # noqa: ARG001 - every handler gets the call
    """List from the top down, or with `q` what suits it, best first; a name that exists twice comes twice."""
    narrowed = Filter(await _parent(query.parent_id), query.kind)
    if query.q:
        return await _page_of_search(query, narrowed)
    after = _position(query.cursor)
    found = await list_places(narrowed, after=after, limit=query.limit + 1)
    shown, more = found[: query.limit], len(found) > query.limit
    return PageView(items=_lines(shown), next_cursor=cursor_at(*shown[-1].position) if more else None)


@endpoint("GET", "/places/near", access=Access.SIGNED_IN, errors=(OutsideDistrictError,), summary="Places near a pin")
async def get_places_near(call: Call, query: NearQuery) -> NearPlacesView:  # noqa: ARG001
    """List located places with the distance in metres; a person confirms which it is.

    Settled places come first, nearest first; estates whose community nobody knows yet fill what room is left.
    """
    near = await places_near(Point(query.lng, query.lat, query.datum), limit=query.limit, pointer="/lng")
    paths = await paths_of(each.place.id for each in near)
    return NearPlacesView(
        items=[NearPlaceView(**_line(each.place, paths[each.place.id]), distance_m=each.distance_m) for each in near]
    )


@endpoint("GET", "/places/{id}", access=Access.SIGNED_IN, errors=(PlaceNotFoundError,), summary="One place")
async def get_place(call: Call, path: PlacePath) -> PlaceView:
    """Tell what it is called, where it lies, and who answers for it today."""
    place = await Place.get_or_none(id=path.id)
    if place is None:
        raise PlaceNotFoundError
    held = await responsible_for_posts(place.id, (Post.SECRETARY, Post.BUILDING_LEADER), at=call.at)
    return PlaceView(
        **_line(place, await describe_place(place.id)),
        secretary=HolderView.of(held.get(Post.SECRETARY), call.language),
        building_leader=HolderView.of(held.get(Post.BUILDING_LEADER), call.language),
        group=None,
    )


@endpoint(
    "GET", "/places/{id}/communities", access=Access.SIGNED_IN, errors=(PlaceNotFoundError,),
    summary="Communities a place may lie in",
)  # fmt: skip
async def get_place_communities(call: Call, path: PlacePath) -> CommunitiesView:  # noqa: ARG001
    """Tell which communities to offer for an estate that is still a candidate; a settled place has its own.

    An empty list means that nobody can guess: let the person search for it.
    """
    place = await Place.get_or_none(id=path.id)
    if place is None:
        raise PlaceNotFoundError
    return CommunitiesView(items=_lines(await likely_communities(place)))


async def _parent(place_id: int | None) -> Place | None:
    if place_id is None:
        return None
    parent = await Place.get_or_none(id=place_id)
    if parent is None:
        raise UnknownPlaceError(pointer="/parent_id")
    return parent


async def _page_of_search(query: PlacesQuery, narrowed: Filter) -> PageView[PlaceLine]:
    """Give a page of the results: there are a hundred at most, so a page begins at a number."""
    at = read_cursor(query.cursor, int)
    start = max(0, int(at[0])) if at else 0
    found = await search_places(query.q, narrowed)
    end = start + query.limit
    return PageView(items=_lines(found[start:end]), next_cursor=cursor_at(end) if end < len(found) else None)


def _position(cursor: str | None) -> Position | None:
    at = read_cursor(cursor, int, str, int)
    if at is None:
        return None
    depth, name, place_id = at
    if UNREADABLE.search(str(name)):
        raise BadCursorError
    return int(depth), str(name), int(place_id)


def _lines(found: list[FoundPlace]) -> list[PlaceLine]:
    return [PlaceLine.of(each.place, each.description) for each in found]


def _line(place: Place, description: PlaceDescription) -> dict[str, object]:
    return {
        "id": place.id,
        "kind": place.kind,
        "name": place.name,
        "path": [PathStepView(id=step.id, name=step.name) for step in description.path],
        "standing": place.standing,
        "generated": place.origin is Origin.GENERATED,
    }
