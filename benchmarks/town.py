"""A lane of places and some thousand residents who are signed in, written straight into a fresh database."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from uuid import uuid4

from benchmarks.load import request
from benchmarks.raw import TEXT
from community.people.models import Home, Resident, SignIn, Standing
from community.people.tokens import hash_of
from community.places.actions import PlaceDraft, add_place
from community.places.models import Origin, Place, PlaceKind
from foundation.clock import real_now
from foundation.database import connected, query, tortoise_config
from foundation.parts import apps_of, load_parts
from foundation.settings import DatabaseSettings

RESIDENTS = 1_000
LANE = (
    (PlaceKind.DISTRICT, "龙华区"),
    (PlaceKind.STREET, "民治街道"),
    (PlaceKind.COMMUNITY, "北站社区"),
    (PlaceKind.GRID, "第三网格"),
    (PlaceKind.BUILDING, "12栋"),
)


@dataclass(slots=True)
class Town:
    """Who lives there: ids and tokens, and the next of them whose turn it is."""

    resident_ids: list[int]
    tokens: list[str]
    building_id: int
    community_id: int
    _turn: Iterator[int] = field(default_factory=count)

    def next_token(self) -> str:
        """Give the token of the next resident."""
        return self.tokens[next(self._turn) % len(self.tokens)]

    def filing(self, text: str = TEXT) -> bytes:
        """Write the request with which the next resident files a complaint."""
        headers = {"Authorization": f"Bearer {self.next_token()}", "Idempotency-Key": uuid4().hex}
        return request("POST", "/api/v1/complaints", body=json.dumps({"text": text}).encode(), headers=headers)


async def build(url: str, *, residents: int = RESIDENTS) -> Town:
    """Lay out one lane, and let residents move in; each has been signed in for a while."""
    tokens = [secrets.token_urlsafe(32) for _ in range(residents)]
    now = real_now()
    async with connected(tortoise_config(url, apps_of(load_parts()), DatabaseSettings(pool=2), name="town")):
        places: list[Place] = []
        for kind, name in LANE:
            draft = PlaceDraft(kind=kind, name=name, origin=Origin.GENERATED)
            places.append(await add_place(draft, parent=places[-1] if places else None))
        await Resident.bulk_create([Resident(created_at=now) for _ in tokens])
        ids = [row.id for row in await Resident.all().order_by("id").only("id")]
        await Home.bulk_create([_home(resident_id, places[-1].id) for resident_id in ids])
        await SignIn.bulk_create([_sign_in(each, token) for each, token in zip(ids, tokens, strict=True)])
        await query("ANALYZE")
    return Town(ids, tokens, places[-1].id, places[2].id)


def _home(resident_id: int, place_id: int) -> Home:
    now = real_now()
    return Home(resident_id=resident_id, place_id=place_id, standing=Standing.CONFIRMED, confirmed_at=now, from_at=now)


def _sign_in(resident_id: int, token: str) -> SignIn:
    now = real_now()
    return SignIn(
        token_hash=hash_of(token),
        resident_id=resident_id,
        created_at=now,
        last_used_at=now,
        expires_at=now + timedelta(days=1),
    )
