"""Writing places by the thousand: the present tree in memory, and what is to be added to it.

Used by every import. `put` finds what is there already, so that the same file twice changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from community.places.actions import PlaceDraft, columns_of
from community.places.models import Place, PlaceKind, PlaceStanding
from community.places.sheets import Outcome
from foundation.database import query

BATCH = 2000
_COLUMNS = (
    "name", "aliases", "code", "unified_code", "source_key", "area_id", "standing", "current", "grams", "sort_name",
    "lng", "lat", "datum", "wgs84_lng", "wgs84_lat",
)  # fmt: skip


class CodeTakenError(Exception):
    """A code belongs to another place than the one it was given for."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Position:
    """What tells places apart: no two of a kind and name lie in the same place."""

    parent_id: int | None
    kind: PlaceKind
    name: str
    area_id: int | None


class Tree:
    """The tree as one import sees it. Call `load`, `put` as often as wanted, then `flush`."""

    def __init__(self, places: Iterable[Place], ids: Iterable[int] = ()) -> None:
        self._by_position: dict[_Position, Place] = {}
        self._by_code: dict[str, Place] = {}
        self._below: dict[int | None, dict[str, dict[int, Place]]] = defaultdict(lambda: defaultdict(dict))
        self._by_id: dict[int, Place] = {}
        self._added: list[Place] = []
        self._changed: dict[int, Place] = {}
        self._ids = list(ids)
        self._new_ids: set[int] = set()
        for place in places:
            self._remember(place)

    @classmethod
    async def read(cls) -> "Tree":
        """Read the tree as it was last left, for who changes nothing of it and waits for nobody."""
        return cls(await Place.all())

    @classmethod
    async def load(cls, *, room: int) -> "Tree":
        """Read the tree and reserve numbers for so many new places. Call it inside a transaction.

        Imports wait for one another: two at once would both find the same place missing.
        """
        await query("LOCK TABLE place IN SHARE ROW EXCLUSIVE MODE")
        rows = await query(
            "SELECT nextval(pg_get_serial_sequence('place', 'id')) AS id FROM generate_series(1, %s)", room
        )
        return cls(await Place.all(), [row["id"] for row in reversed(rows)])

    @property
    def district(self) -> Place | None:
        """The root."""
        return next(iter(self.below(None)), None)

    def get(self, place_id: int) -> Place:
        """Give a place by its id."""
        return self._by_id[place_id]

    def by_code(self, code: str) -> Place | None:
        """Find a place by its code in either system, or by what its source calls it."""
        return self._by_code.get(code)

    def all(self) -> Iterable[Place]:
        """List every place."""
        return self._by_id.values()

    def below(self, parent_id: int | None) -> Iterable[Place]:
        """List what lies directly in a place, or in an area."""
        return [place for places in self._below[parent_id].values() for place in places.values()]

    def named_below(self, parent_id: int | None, name: str) -> list[Place]:
        """Find by its full name what lies directly in a place, or in an area."""
        return list(self._below[parent_id].get(name, {}).values())

    def put(self, draft: PlaceDraft, parent: Place | None) -> tuple[Place, Outcome]:
        """Add a place, or bring the one that is there to the draft.

        A name under the same code is a renaming, and the old name stays as an alias. What is left empty in
        the draft is left as it is. A candidate goes where a settled draft says; once settled it stays there.

        Raises:
            CodeTakenError: a code belongs to another place, or the name does.

        """
        codes = [code for code in (draft.code, draft.unified_code, draft.source_key) if code]
        known = next((place for code in codes if (place := self._by_code.get(code))), None)
        if known is None:
            known = self._named_there(draft, parent)
        for code in codes:
            if self._by_code.get(code, known) is not known:
                raise CodeTakenError(code)
        if known is None:
            return self._add(draft, parent), Outcome.ADDED
        if known.kind is not draft.kind:
            raise CodeTakenError(codes[0])
        if draft.standing is PlaceStanding.SETTLED and known.parent_id != (parent.id if parent else None):
            if known.standing is PlaceStanding.SETTLED or parent is None:
                raise CodeTakenError(codes[0])
            return self.settle(known, draft, parent)
        return known, self._bring_to(known, draft)

    def settle(self, place: Place, draft: PlaceDraft, parent: Place) -> tuple[Place, Outcome]:
        """Put a place where it was confirmed to belong. If one of its name is there already, that one stands for both.

        Raises:
            CodeTakenError: the one that is there comes from another line of its source.

        """
        there = self._named_there(draft, parent)
        if there is not None:
            draft = replace(draft, point=draft.point or place.point)
            self._retire(place)
            self._changed.pop(there.id, None)  # it takes over the source's key, so it is written after the retired one
            return there, self._bring_to(there, draft)
        self._forget(place)
        place.parent_id, place.depth, place.standing = parent.id, parent.depth + 1, PlaceStanding.SETTLED
        self._bring_to(place, draft)
        self._note_change(place)
        return place, Outcome.CHANGED

    async def flush(self) -> None:
        """Write what was added and changed."""
        added = sorted(self._added, key=lambda place: place.depth)
        if added:
            await Place.bulk_create(added, batch_size=BATCH)
        for place in self._changed.values():
            await place.save(update_fields=("parent_id", *_COLUMNS))
        self._added, self._changed, self._new_ids = [], {}, set()

    def _named_there(self, draft: PlaceDraft, parent: Place | None) -> Place | None:
        """Find by its name what the draft may mean; two of one name in a source's list are two places."""
        found = self._at(draft, parent)
        if found is not None and draft.source_key and found.source_key not in (None, draft.source_key):
            raise CodeTakenError(draft.source_key)
        return found

    def _at(self, draft: PlaceDraft, parent: Place | None) -> Place | None:
        position = _Position(parent.id if parent else None, draft.kind, draft.name, draft.area_id)
        found = self._by_position.get(position)
        if found is None and draft.area_id:
            unplaced = _Position(position.parent_id, position.kind, position.name, None)
            found = self._by_position.get(unplaced)
        return found

    def _add(self, draft: PlaceDraft, parent: Place | None) -> Place:
        place = Place(id=self._ids.pop(), parent_id=parent.id if parent else None, **columns_of(draft))
        place.depth = parent.depth + 1 if parent else 0
        self._added.append(place)
        self._new_ids.add(place.id)
        self._remember(place)
        return place

    def _bring_to(self, place: Place, draft: PlaceDraft) -> Outcome:
        wanted = columns_of(self._merged(place, draft))
        differing = [name for name in _COLUMNS if getattr(place, name) != wanted[name]]
        if not differing:
            return Outcome.UNCHANGED
        for name in differing:
            setattr(place, name, wanted[name])
        self._note_change(place)
        return Outcome.CHANGED

    def _note_change(self, place: Place) -> None:
        self._remember(place)
        if place.id not in self._new_ids:
            self._changed[place.id] = place

    def _retire(self, place: Place) -> None:
        """Offer a place no longer, and give its key in the source free; what was put at it keeps it."""
        if place.source_key:
            self._by_code.pop(place.source_key, None)
        place.current, place.source_key = False, None
        self._note_change(place)

    def _forget(self, place: Place) -> None:
        """Take a place from where it was."""
        self._by_position.pop(_Position(place.parent_id, place.kind, place.name, place.area_id), None)
        self._below[place.parent_id][place.name].pop(place.id, None)

    def _merged(self, place: Place, draft: PlaceDraft) -> PlaceDraft:
        """Give the draft with what it leaves empty filled from the place."""
        aliases = dict.fromkeys((*place.aliases, *draft.aliases))
        if draft.name != place.name:
            aliases[place.name] = None
        aliases.pop(draft.name, None)
        return PlaceDraft(
            kind=place.kind,
            name=draft.name,
            origin=place.origin,
            aliases=tuple(aliases),
            code=draft.code or place.code,
            unified_code=draft.unified_code or place.unified_code,
            source_key=draft.source_key or place.source_key,
            point=draft.point or place.point,
            area_id=draft.area_id or place.area_id,
            standing=place.standing,
            current=draft.current,
        )

    def _remember(self, place: Place) -> None:
        self._by_id[place.id] = place
        self._by_position[_Position(place.parent_id, place.kind, place.name, place.area_id)] = place
        for code in (place.code, place.unified_code, place.source_key):
            if code:
                self._by_code[code] = place
        for above in [place.parent_id, *([place.area_id] if place.area_id else [])]:
            self._below[above][place.name][place.id] = place
