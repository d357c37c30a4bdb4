"""The invented people of the demo."""

from datetime import timedelta

import pytest

from community.people.demo import make_demo_resident, make_demo_staff, sign_demo_staff_in
from community.people.models import Home, Resident, RoleGrant, RoleName, SignIn, Staff
from community.places.demo import plant_demo
from community.places.models import Origin, Place, PlaceKind, Responsibility
from foundation.clock import FrozenClock, real_now
from foundation.errors import NotFoundError
from foundation.settings import Settings
from foundation.vault import Vault
from tests.community.people.lane import lay_out_lane

pytestmark = pytest.mark.usefixtures("database")
MONTH = timedelta(days=30)


async def plant_small() -> None:
    """A district so small that planting is quick."""
    await lay_out_lane()
    await plant_demo(seed=1)


async def test_every_generated_post_has_staff_with_its_rights_and_twice_is_once(clock: FrozenClock) -> None:
    await plant_small()

    first = await make_demo_staff(clock.now())
    second = await make_demo_staff(clock.now())

    posts = Responsibility.filter(origin=Origin.GENERATED, post__in=["secretary", "deputy", "grid_chief"])
    assert first > await posts.count() > 0
    assert second == 0
    assert await posts.filter(staff_id__isnull=True).count() == 0
    assert await RoleGrant.all().count() == await Staff.all().count() == first
    for responsibility in await posts:
        grant = await RoleGrant.get(staff_id=responsibility.staff_id)
        assert (grant.place_id, grant.role.value) == (responsibility.place_id, responsibility.post.value)


async def test_whoever_holds_a_post_can_be_signed_in(clock: FrozenClock) -> None:
    await plant_small()
    await make_demo_staff(clock.now())
    community = await Place.filter(kind=PlaceKind.COMMUNITY).order_by("id").first()
    assert community is not None

    opened, grant = await sign_demo_staff_in(
        RoleName.SECRETARY, community.id, at=clock.now(), real_at=real_now(), good_for=MONTH
    )

    assert (await SignIn.get(id=opened.sign_in.id)).staff_id == grant.staff_id
    assert grant.place_id == community.id
    with pytest.raises(NotFoundError):
        await sign_demo_staff_in(RoleName.SECRETARY, 999_999, at=clock.now(), real_at=real_now(), good_for=MONTH)


async def test_a_demo_resident_has_a_bound_phone_and_a_confirmed_home_also_the_second_time(
    clock: FrozenClock, settings: Settings
) -> None:
    lane, vault = await lay_out_lane(), Vault.from_settings(settings.vault)

    for _ in range(2):
        await make_demo_resident(
            7, place_id=lane["building"].id, app_id="sandbox-wx-app", vault=vault, at=clock.now(),
            real_at=real_now(), good_for=MONTH,
        )  # fmt: skip

    resident, home = await Resident.get(), await Home.get()
    assert resident.phone_sealed is not None
    assert vault.open(bytes(resident.phone_sealed), context="resident.phone") == "+8613800000007"
    assert (home.standing, home.confirmed_by_id) == ("confirmed", None)
