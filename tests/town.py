"""A small neighbourhood for tests: a lane of places, and people who live there."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from aiohttp.test_utils import TestClient

from community.people.actions import (
    ProfileChange,
    WechatIdentity,
    bind_phone,
    change_profile,
    claim_home,
    confirm_home_by_register,
    sign_in,
)
from community.places.actions import PlaceDraft, add_place
from community.places.models import Origin, Place, PlaceKind
from foundation.clock import real_now
from foundation.ground import Ground
from tests.phone import Phone

LANE = (
    (PlaceKind.DISTRICT, "龙华区"),
    (PlaceKind.STREET, "民治街道"),
    (PlaceKind.COMMUNITY, "北苑社区"),
    (PlaceKind.GRID, "第三网格"),
    (PlaceKind.BUILDING, "12栋"),
)
_numbers = count(1)


@dataclass
class Town:
    """The places of the neighbourhood, by what they are."""

    ground: Ground
    district: Place
    street: Place
    community: Place
    grid: Place
    building: Place

    @classmethod
    async def build(cls, ground: Ground) -> "Town":
        """Lay out one lane from the district down to a building."""
        made: list[Place] = []
        for kind, name in LANE:
            draft = PlaceDraft(kind=kind, name=name, origin=Origin.GENERATED)
            made.append(await add_place(draft, parent=made[-1] if made else None))
        return cls(ground, *made)

    async def resident(self, api: TestClient[Any, Any], nickname: str) -> Phone:
        """Let somebody move in: signed in, phone bound, home confirmed."""
        number, at, vault = next(_numbers), self.ground.clock.now(), self.ground.vault
        signed = await sign_in(
            WechatIdentity("sandbox-wx-app", f"test-{number}", None),
            device="test",
            at=at,
            real_at=real_now(),
            good_for=timedelta(days=1),
        )
        resident_id = signed.opened.sign_in.resident_id
        assert resident_id is not None
        await change_profile(resident_id, ProfileChange(nickname=nickname))
        await bind_phone(resident_id, f"+86138{number:08d}", vault=vault, at=at)
        await claim_home(resident_id, place_id=self.building.id, room="302", vault=vault, at=at)
        await confirm_home_by_register(resident_id, at=at)
        return Phone(api, signed.opened.token, resident_id)
