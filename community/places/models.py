"""The tables of places. Start at `Place`; who answers for one is a `Responsibility`.

What the columns alone cannot say (a place's path, which kind lies under which, no two holders of one post
at once) is in the migration `0002_place_rules`.
"""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import Field
from tortoise.models import Model

from community.places.coordinates import Datum, Point

if TYPE_CHECKING:
    from community.people.models import Staff

NAME_LENGTH = 80
CODE_LENGTH = 20
SOURCE_KEY_LENGTH = 80
PHONE_LENGTH = 32


class PlaceKind(StrEnum):
    """The levels of the tree, and the two kinds of area beside the grids."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"
    BUILDING = "building"
    HOUSEHOLD = "household"
    ESTATE = "estate"
    URBAN_VILLAGE = "urban_village"


AREA_KINDS = (PlaceKind.ESTATE, PlaceKind.URBAN_VILLAGE)


class Origin(StrEnum):
    """Where a row is from; generated ones are for tests and the demo and never real."""

    OFFICIAL = "official"
    IMPORTED = "imported"
    GENERATED = "generated"


class PlaceStanding(StrEnum):
    """Whether a place's position in the tree is known, or it only waits to be put where it belongs."""

    SETTLED = "settled"
    CANDIDATE = "candidate"


class Post(StrEnum):
    """A post somebody, or a unit, holds for a place."""

    SECRETARY = "secretary"
    DEPUTY = "deputy"
    GRID_CHIEF = "grid_chief"
    BUILDING_LEADER = "building_leader"
    UNIT = "unit"


class Place(Model):
    """A place of the district's tree (区 / 街道 / 社区 / 基础网格 / 楼栋 / 户), or an area (小区 / 城中村).

    `path` holds the ids from the district down to the place itself, such as `/1/12/345/`; the database writes
    it from `parent`. A building's `area` is the estate or village it stands in. `code` is the statistical
    code, `unified_code` the one of the city's address library: two systems that must never be mixed.
    A place that is no longer `current` keeps its row for old letters and complaints.
    """

    id = fields.BigIntField(primary_key=True)
    kind: Field[PlaceKind] = fields.CharEnumField(PlaceKind, max_length=16, description="PlaceKind")
    name = fields.CharField(max_length=NAME_LENGTH)
    parent: "fields.ForeignKeyNullableRelation[Place]" = fields.ForeignKeyField(
        "community.Place", related_name="children", null=True, on_delete=fields.OnDelete.RESTRICT
    )
    parent_id: int | None
    area: "fields.ForeignKeyNullableRelation[Place]" = fields.ForeignKeyField(
        "community.Place", related_name="buildings", null=True, on_delete=fields.OnDelete.RESTRICT
    )
    area_id: int | None
    path = fields.TextField(default="")
    depth = fields.SmallIntField(default=0)
    code = fields.CharField(max_length=CODE_LENGTH, null=True, unique=True)
    unified_code = fields.CharField(max_length=CODE_LENGTH, null=True, unique=True)
    source_key = fields.CharField(max_length=SOURCE_KEY_LENGTH, null=True, unique=True)
    """What the row is called where it came from, so that the same file may be read again."""
    aliases: Field[list[str]] = ArrayField(element_type="text", default=list)
    grams: Field[list[str]] = ArrayField(element_type="text", default=list)
    """What `search.py` finds it by; written together with the name."""
    sort_name = fields.CharField(max_length=2 * NAME_LENGTH, default="")
    """The name with padded numbers, so that 2栋 comes before 10栋."""
    lng = fields.FloatField(null=True)
    lat = fields.FloatField(null=True)
    datum = fields.CharEnumField(Datum, max_length=8, null=True, description="Datum")
    wgs84_lng = fields.FloatField(null=True)
    wgs84_lat = fields.FloatField(null=True)
    """The same point in WGS-84, for distances; `lng` and `lat` stay as they were given."""
    origin: Field[Origin] = fields.CharEnumField(Origin, max_length=12, description="Origin")
    standing: Field[PlaceStanding] = fields.CharEnumField(
        PlaceStanding, max_length=12, default=PlaceStanding.SETTLED, description="PlaceStanding"
    )
    current = fields.BooleanField(default=True)

    class Meta:
        app = "community"
        table = "place"
        table_description = "Place of the district's tree"
        indexes = (
            ("parent_id", "depth", "sort_name", "id"),  # what lies directly under a place, in order
            ("kind", "depth", "sort_name", "id"),  # all of one kind, in order
            ("depth", "sort_name", "id"),  # everything, from the top
            ("area_id",),  # the buildings of an area
        )

    @property
    def point(self) -> Point | None:
        """Where it lies, as it was given."""
        if self.lng is None or self.lat is None or self.datum is None:
            return None
        return Point(self.lng, self.lat, self.datum)


class Responsibility(Model):
    """Who holds a post for a place, from when to when (书记, 网格长, 楼栋长, 责任单位).

    For one place, post and subject no two rows overlap. `subject` tells several units of one place apart;
    for people it is empty. `office_phone` is shown to everybody, so it is never a private number.
    """

    id = fields.BigIntField(primary_key=True)
    place: fields.ForeignKeyRelation[Place] = fields.ForeignKeyField(
        "community.Place", related_name="responsibilities", on_delete=fields.OnDelete.RESTRICT
    )
    place_id: int
    post: Field[Post] = fields.CharEnumField(Post, max_length=16, description="Post")
    subject = fields.CharField(max_length=40, default="")
    holder_name = fields.CharField(max_length=NAME_LENGTH, null=True)
    office_phone = fields.CharField(max_length=PHONE_LENGTH, null=True)
    staff: "fields.ForeignKeyNullableRelation[Staff]" = fields.ForeignKeyField(
        "community.Staff", related_name="responsibilities", null=True, on_delete=fields.OnDelete.RESTRICT
    )
    staff_id: int | None
    origin: Field[Origin] = fields.CharEnumField(Origin, max_length=12, default=Origin.IMPORTED, description="Origin")
    from_at = fields.DatetimeField()
    to_at = fields.DatetimeField(null=True)

    class Meta:
        app = "community"
        table = "responsibility"
        table_description = "Post held for a place, as an interval"
        indexes = (("place_id", "post", "from_at"), ("staff_id",))  # who answers for it; what somebody holds

    def holds_at(self, at: datetime) -> bool:
        """Whether the post is held at an instant; the last instant belongs to the successor."""
        return self.from_at <= at and (self.to_at is None or at < self.to_at)
