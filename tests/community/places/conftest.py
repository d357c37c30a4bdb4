"""Fixtures for the tests of places."""

import pytest

from tests.community.places.planting import SmallDistrict, plant_small_district


@pytest.fixture
async def small(database: None) -> SmallDistrict:
    """Give an invented district of one street and two communities."""
    return await plant_small_district()
