"""The tables of people. Start at `Resident`; sign-ins begin at `SignIn`.

Homes and posts are intervals in domain time: a row is open while `to_at` is null, and nothing is
overwritten. Sign-ins and tickets expire by real time. What the columns alone cannot say (one open home,
exactly one person behind a post) is in the migration `0003_people_rules`.
"""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.fields.base import Field
from tortoise.models import Model

if TYPE_CHECKING:
    from community.places.models import Place

NICKNAME_LENGTH = 30
ROOM_LENGTH = 40
DEVICE_LENGTH = 100
LANGUAGE_LENGTH = 10
FALLBACK_LANGUAGE = "zh-Hans"


class Standing(StrEnum):
    """How far a home is believed."""

    CLAIMED = "claimed"
    CONFIRMED = "confirmed"


class RoleName(StrEnum):
    """A post that somebody holds over a place and all below it."""

    SECRETARY = "secretary"
    DEPUTY = "deputy"
    GRID_CHIEF = "grid_chief"
    GRID_WORKER = "grid_worker"
    BUILDING_LEADER = "building_leader"
    DUTY_OFFICER = "duty_officer"
    AUDITOR = "auditor"


class TicketKind(StrEnum):
    """What a one-time ticket opens."""

    PAGE = "page"
    LIVE = "live"


class Purpose(StrEnum):
    """What a person may agree to have their data used for, each for itself."""

    BASIC_SERVICE = "basic_service"
    EXACT_LOCATION = "exact_location"
    VOICE = "voice"
    SMS = "sms"
    SENSITIVE_DATA = "sensitive_data"
    GUARDIAN = "guardian"
    """Not a use of data: a guardian's word that a child under 14 may be here at all."""


class GivenBy(StrEnum):
    """Who spoke."""

    SELF = "self"
    GUARDIAN = "guardian"


class Resident(Model):
    """A resident (居民): a person with a WeChat identity and, once they say so, a phone and a home.

    The phone is sealed; `phone_fingerprint` finds it. It is deliberately not unique: couples share a phone,
    and carriers give a number to somebody new after a while. Who bound it last is the best guess, hence
    `phone_bound_at`; how many may share one is a rule in `actions.bind_phone`.
    """

    id = fields.BigIntField(primary_key=True)
    nickname = fields.CharField(max_length=NICKNAME_LENGTH, default="")
    language = fields.CharField(max_length=LANGUAGE_LENGTH, null=True)
    """What they chose; null means not chosen yet, and each request's Accept-Language decides."""
    large_text = fields.BooleanField(default=False)
    phone_sealed: Field[bytes | None] = fields.BinaryField(null=True)
    phone_fingerprint: Field[bytes | None] = fields.BinaryField(null=True)
    phone_bound_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    last_seen_at = fields.DatetimeField(null=True)
    """When they last signed in, in real time; years without it end an account."""
    erased_at = fields.DatetimeField(null=True)
    """When the person left, in real time; the row that stays then is a number and nothing else."""
    nobody = fields.BooleanField(default=False)
    """Marks the one row that owns what erased people left behind."""

    class Meta:
        app = "community"
        table = "resident"
        table_description = "Resident"

    @property
    def reading_language(self) -> str:
        """The language to write to them in when there is no request to ask."""
        return self.language or FALLBACK_LANGUAGE


class WechatAccount(Model):
    """One identity a resident has with one WeChat app (mini-program, official account)."""

    id = fields.BigIntField(primary_key=True)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "community.Resident", related_name="wechat_accounts", on_delete=fields.OnDelete.CASCADE
    )
    resident_id: int
    app_id = fields.CharField(max_length=64)
    openid = fields.CharField(max_length=128)
    unionid = fields.CharField(max_length=128, null=True)
    created_at = fields.DatetimeField()

    class Meta:
        app = "community"
        table = "wechat_account"
        table_description = "Identity of a resident with a WeChat app"
        unique_together = (("app_id", "openid"),)
        indexes = (("unionid",), ("resident_id",))  # the same person in another app; a resident's own


class Staff(Model):
    """Somebody who works for a community, a street or the district; what they may do is in their posts."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60)
    wecom_userid = fields.CharField(max_length=64, null=True, unique=True)
    office_phone = fields.CharField(max_length=32, default="")
    """The office's telephone, shown to residents; never a private number."""
    language = fields.CharField(max_length=LANGUAGE_LENGTH, null=True)
    large_text = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        app = "community"
        table = "staff"
        table_description = "Staff"


class RoleGrant(Model):
    """One post: who (a member of staff or a resident), what, over which place, from when to when.

    No place means everywhere. A post over a place is one over everything below it.
    """

    id = fields.BigIntField(primary_key=True)
    staff: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "community.Staff", related_name="grants", null=True, on_delete=fields.OnDelete.RESTRICT
    )
    staff_id: int | None
    resident: fields.ForeignKeyNullableRelation[Resident] = fields.ForeignKeyField(
        "community.Resident", related_name="grants", null=True, on_delete=fields.OnDelete.RESTRICT
    )
    resident_id: int | None
    role: Field[RoleName] = fields.CharEnumField(RoleName, max_length=20, description="RoleName")
    place: "fields.ForeignKeyNullableRelation[Place]" = fields.ForeignKeyField(
        "community.Place", related_name="grants", null=True, on_delete=fields.OnDelete.RESTRICT
    )
    place_id: int | None
    post = fields.CharField(max_length=60, default="")
    """What the post is called on the door, such as 社区党委书记."""
    from_at = fields.DatetimeField()
    to_at = fields.DatetimeField(null=True)

    class Meta:
        app = "community"
        table = "role_grant"
        table_description = "Post held by a person over a place, as an interval"
        indexes = (("staff_id",), ("resident_id",), ("place_id", "role"))  # whose posts; who holds a place's


class Home(Model):
    """Where a resident lives, as an interval. The room is sealed; at most one row per resident is open."""

    id = fields.BigIntField(primary_key=True)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "community.Resident", related_name="homes", on_delete=fields.OnDelete.CASCADE
    )
    resident_id: int
    place: "fields.ForeignKeyRelation[Place]" = fields.ForeignKeyField(
        "community.Place", related_name="homes", on_delete=fields.OnDelete.RESTRICT
    )
    place_id: int
    room_sealed: Field[bytes | None] = fields.BinaryField(null=True)
    standing: Field[Standing] = fields.CharEnumField(
        Standing, max_length=12, default=Standing.CLAIMED, description="Standing"
    )
    confirmed_by: fields.ForeignKeyNullableRelation[RoleGrant] = fields.ForeignKeyField(
        "community.RoleGrant", related_name="homes_confirmed", null=True, on_delete=fields.OnDelete.RESTRICT
    )
    """The post that confirmed it; null for a confirmed home means the residence register did."""
    confirmed_by_id: int | None
    confirmed_at = fields.DatetimeField(null=True)
    from_at = fields.DatetimeField()
    to_at = fields.DatetimeField(null=True)

    class Meta:
        app = "community"
        table = "home"
        table_description = "Home of a resident, as an interval"
        indexes = (("place_id", "to_at"),)  # who lives here now


class Consent(Model):
    """One word given or taken back: a line of the ledger, which only grows.

    The newest line of a purpose counts. Which text was agreed to is kept by its version and its hash.
    """

    id = fields.BigIntField(primary_key=True)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "community.Resident", related_name="consents", on_delete=fields.OnDelete.RESTRICT
    )
    resident_id: int
    purpose: Field[Purpose] = fields.CharEnumField(Purpose, max_length=24, description="Purpose")
    version = fields.IntField()
    text_hash: Field[bytes] = fields.BinaryField()
    """SHA-256 of the text in the language it was read in."""
    language = fields.CharField(max_length=LANGUAGE_LENGTH)
    given = fields.BooleanField()
    at = fields.DatetimeField()
    """In real time, as law counts it."""
    given_by: Field[GivenBy] = fields.CharEnumField(GivenBy, max_length=12, description="GivenBy")
    guardian_sealed: Field[bytes | None] = fields.BinaryField(null=True)
    """Name and phone of the guardian who spoke."""
    under_14_until = fields.DateField(null=True)
    """The day a child turns 14, on lines about the guardian; no birthday is kept beyond it."""

    class Meta:
        app = "community"
        table = "consent"
        table_description = "Consent given or withdrawn, append-only"
        indexes = (("resident_id", "purpose", "id"),)  # what counts now


class SignIn(Model):
    """One device on which a person is signed in. Only the token's hash is kept.

    `expires_at` moves on with use; `revoked_at` ends it at once, and with it its pages and sockets.
    """

    id = fields.BigIntField(primary_key=True)
    token_hash: Field[bytes] = fields.BinaryField()
    resident: fields.ForeignKeyNullableRelation[Resident] = fields.ForeignKeyField(
        "community.Resident", related_name="sign_ins", null=True, on_delete=fields.OnDelete.CASCADE
    )
    resident_id: int | None
    staff: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "community.Staff", related_name="sign_ins", null=True, on_delete=fields.OnDelete.CASCADE
    )
    staff_id: int | None
    device = fields.CharField(max_length=DEVICE_LENGTH, default="")
    created_at = fields.DatetimeField()
    last_used_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        app = "community"
        table = "sign_in"
        table_description = "Sign-in of a person on a device"
        indexes = (("resident_id",), ("staff_id",), ("expires_at",))  # whose devices; what the sweep removes

    def is_valid(self, real_at: datetime) -> bool:
        """Whether its token opens anything."""
        return self.revoked_at is None and self.expires_at > real_at


class Ticket(Model):
    """A one-time pass made from a sign-in: for opening a page, or a live socket. Only its hash is kept."""

    id = fields.BigIntField(primary_key=True)
    ticket_hash: Field[bytes] = fields.BinaryField()
    sign_in: fields.ForeignKeyRelation[SignIn] = fields.ForeignKeyField(
        "community.SignIn", related_name="tickets", on_delete=fields.OnDelete.CASCADE
    )
    sign_in_id: int
    kind: Field[TicketKind] = fields.CharEnumField(TicketKind, max_length=8, description="TicketKind")
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        app = "community"
        table = "sign_in_ticket"
        table_description = "One-time ticket made from a sign-in"
        indexes = (("sign_in_id",), ("expires_at",))  # whose tickets; what the sweep removes


class PageSession(Model):
    """A browser page opened from a sign-in, known by a cookie of which only the hash is kept."""

    id = fields.BigIntField(primary_key=True)
    token_hash: Field[bytes] = fields.BinaryField()
    sign_in: fields.ForeignKeyRelation[SignIn] = fields.ForeignKeyField(
        "community.SignIn", related_name="page_sessions", on_delete=fields.OnDelete.CASCADE
    )
    sign_in_id: int
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        app = "community"
        table = "page_session"
        table_description = "Page opened from a sign-in"
        indexes = (("sign_in_id",), ("expires_at",))  # whose pages; what the sweep removes
