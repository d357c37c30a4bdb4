"""The three systems of coordinates, and distances."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.places.coordinates import Box, Datum, Point, distance_m

LONGHUA = Point(114.0301, 22.6569, Datum.WGS84)
in_the_district = st.tuples(st.floats(113.96, 114.11), st.floats(22.585, 22.775))
in_china = st.tuples(st.floats(75, 134), st.floats(19, 53))


@pytest.mark.parametrize(
    ("given_point", "datum", "lng", "lat"),
    [
        (Point(116.404, 39.915, Datum.WGS84), Datum.GCJ02, 116.410244, 39.916404),
        (Point(116.404, 39.915, Datum.GCJ02), Datum.BD09, 116.410369, 39.921337),
        (Point(116.404, 39.915, Datum.GCJ02), Datum.WGS84, 116.397755, 39.913596),
    ],
)
def test_published_pairs_come_out(given_point: Point, datum: Datum, lng: float, lat: float) -> None:
    there = given_point.to(datum)

    assert (there.lng, there.lat) == pytest.approx((lng, lat), abs=2e-6)


@given(in_china, st.sampled_from(Datum), st.sampled_from(Datum))
def test_there_and_back_is_within_a_metre(at: tuple[float, float], first: Datum, second: Datum) -> None:
    point = Point(*at, first)

    back = point.to(second).to(first)

    assert distance_m(Point(*at, Datum.WGS84), Point(back.lng, back.lat, Datum.WGS84)) < 1


@given(in_the_district)
def test_a_phones_numbers_taken_for_gps_are_about_600_metres_off_here(at: tuple[float, float]) -> None:
    phone = Point(*at, Datum.GCJ02)
    mistaken = Point(*at, Datum.WGS84)

    assert 580 < distance_m(phone, mistaken) < 630


@given(in_the_district, st.sampled_from(Datum))
def test_the_same_place_in_two_systems_is_no_distance_away(at: tuple[float, float], datum: Datum) -> None:
    point = Point(*at, Datum.WGS84)

    assert distance_m(point, point.to(datum)) < 0.01


def test_a_hundredth_of_a_degree_north_is_about_1112_metres() -> None:
    north = Point(LONGHUA.lng, LONGHUA.lat + 0.01, Datum.WGS84)

    assert distance_m(LONGHUA, north) == pytest.approx(1112, abs=1)
    assert distance_m(LONGHUA, LONGHUA) == 0


def test_a_box_judges_by_where_a_point_really_lies() -> None:
    box = Box(west=114.03, south=22.65, east=114.04, north=22.66)
    just_inside = Point(114.0301, 22.6569, Datum.WGS84)

    assert box.contains(just_inside)
    assert box.contains(just_inside.to(Datum.BD09))
    assert not box.contains(Point(114.0301, 22.6569, Datum.GCJ02))  # 500 m further west than it looks
