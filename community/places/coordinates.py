"""Where something lies, in the three systems of coordinates met in China. Pure; start at `Point`.

Phones send GCJ-02 and one map company's sites BD-09: both are WGS-84 bent on purpose, by about 600 m here.
Every point names its datum, so that nobody compares two of different systems.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import asin, atan2, cos, hypot, pi, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius, for distances."""

_AXIS_M = 6_378_245.0
"""The longer half-axis of the Krasovsky ellipsoid, on which GCJ-02 is defined."""
_ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943
_ORIGIN_LNG, _ORIGIN_LAT = 105.0, 35.0
_BD_SHIFT_LNG, _BD_SHIFT_LAT = 0.0065, 0.006
_BD_ANGLE = pi * 3000 / 180
_EXACT_DEGREES = 1e-9
_NEAR_A_POLE = 80.0
"""Further out nothing is bent: degrees of longitude have no length there, and the way back would not end."""
_MOST_STEPS = 30


class Datum(StrEnum):
    """The system a pair of numbers is in."""

    GCJ02 = "gcj02"
    WGS84 = "wgs84"
    BD09 = "bd09"


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the map: degrees east and north, and in which system."""

    lng: float
    lat: float
    datum: Datum

    def to(self, datum: Datum) -> "Point":
        """Give the same place in another system."""
        if datum is self.datum:
            return self
        lng, lat = _from_wgs84(*self._in_wgs84(), datum)
        return Point(lng, lat, datum)

    def _in_wgs84(self) -> tuple[float, float]:
        if self.datum is Datum.WGS84:
            return self.lng, self.lat
        return _undo(self.lng, self.lat, self.datum)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of WGS-84 degrees."""

    west: float
    south: float
    east: float
    north: float

    def contains(self, point: Point) -> bool:
        """Whether the point lies in it, its edges included."""
        here = point.to(Datum.WGS84)
        return self.west <= here.lng <= self.east and self.south <= here.lat <= self.north


def distance_m(one: Point, other: Point) -> float:
    """Give the metres between two points along the ground."""
    a, b = one.to(Datum.WGS84), other.to(Datum.WGS84)
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    half_lat, half_lng = (lat_b - lat_a) / 2, radians(b.lng - a.lng) / 2
    chord = sin(half_lat) ** 2 + cos(lat_a) * cos(lat_b) * sin(half_lng) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))


def _from_wgs84(lng: float, lat: float, datum: Datum) -> tuple[float, float]:
    if datum is Datum.WGS84 or abs(lat) > _NEAR_A_POLE:
        return lng, lat
    lng, lat = _bend(lng, lat)
    return (lng, lat) if datum is Datum.GCJ02 else _twist(lng, lat)


def _undo(lng: float, lat: float, datum: Datum) -> tuple[float, float]:
    """Find what was bent into this: the way there is smooth, so stepping by the miss soon arrives."""
    guess_lng, guess_lat = lng, lat
    for _ in range(_MOST_STEPS):
        there_lng, there_lat = _from_wgs84(guess_lng, guess_lat, datum)
        miss_lng, miss_lat = lng - there_lng, lat - there_lat
        guess_lng, guess_lat = guess_lng + miss_lng, guess_lat + miss_lat
        if abs(miss_lng) < _EXACT_DEGREES and abs(miss_lat) < _EXACT_DEGREES:
            break
    return guess_lng, guess_lat


def _bend(lng: float, lat: float) -> tuple[float, float]:
    """WGS-84 → GCJ-02: waves in metres, turned into degrees on the ellipsoid."""
    x, y = lng - _ORIGIN_LNG, lat - _ORIGIN_LAT
    bow = 1 - _ECCENTRICITY_SQUARED * sin(radians(lat)) ** 2
    metres_per_lat = _AXIS_M * (1 - _ECCENTRICITY_SQUARED) / (bow * sqrt(bow)) * pi / 180
    metres_per_lng = _AXIS_M / sqrt(bow) * cos(radians(lat)) * pi / 180
    return lng + _metres_east(x, y) / metres_per_lng, lat + _metres_north(x, y) / metres_per_lat


def _metres_east(x: float, y: float) -> float:
    plain = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    return plain + _ripple(x) + _waves(x, ((1, 20), (1 / 3, 40), (1 / 12, 150), (1 / 30, 300)))


def _metres_north(x: float, y: float) -> float:
    plain = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    return plain + _ripple(x) + _waves(y, ((1, 20), (1 / 3, 40), (1 / 12, 160), (1 / 30, 320)))


def _ripple(x: float) -> float:
    return _waves(x, ((6, 20), (2, 20)))


def _waves(along: float, parts: tuple[tuple[float, float], ...]) -> float:
    return sum(height * sin(often * along * pi) for often, height in parts) * 2 / 3


def _twist(lng: float, lat: float) -> tuple[float, float]:
    """GCJ-02 → BD-09: a small turn and stretch about the origin, and a shift."""
    far = hypot(lng, lat) + 0.000_02 * sin(lat * _BD_ANGLE)
    angle = atan2(lat, lng) + 0.000_003 * cos(lng * _BD_ANGLE)
    return far * cos(angle) + _BD_SHIFT_LNG, far * sin(angle) + _BD_SHIFT_LAT
