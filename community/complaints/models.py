"""Tables and words of complaints."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.models import Model
from uuid_utils.compat import uuid7

from community.people.models import Resident
from community.places.models import Place


class Status(StrEnum):
    """Where a complaint stands. The allowed moves are in `lifecycle.py`."""

    SUBMITTED = "submitted"
    PUSHED = "pushed"  # 受理
    ASSIGNED = "assigned"  # 分拨
    ACCEPTED = "accepted"  # 签收
    IN_PROGRESS = "in_progress"  # 办理
    ANSWERED = "answered"  # 办结
    CLOSED = "closed"  # 结案
    NOT_ACCEPTED = "not_accepted"  # 不予受理
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class EventType(StrEnum):
    """What may happen to a complaint; the first block is ours, the second the dispatch core's."""

    SUBMITTED = "submitted"
    PUSHED = "pushed"
    SUPPLEMENTED = "supplemented"
    URGED = "urged"
    RATED = "rated"
    REDONE = "redone"
    WITHDRAWN = "withdrawn"
    DEADLINE_CHANGED = "deadline_changed"

    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    FEEDBACK = "feedback"
    IN_PROGRESS = "in_progress"
    NOTE = "note"
    RETURNED = "returned"
    TRANSFERRED = "transferred"
    CO_HANDLER_ADDED = "co_handler_added"
    EXTENSION_REQUESTED = "extension_requested"
    EXTENSION_GRANTED = "extension_granted"
    EXTENSION_REFUSED = "extension_refused"
    WAITING_FOR_RESIDENT = "waiting_for_resident"
    RESUMED = "resumed"
    URGING_LETTER = "urging_letter"  # 催办函
    REMINDER_LETTER = "reminder_letter"  # 提醒函
    SUPERVISION_LETTER = "supervision_letter"  # 督办函
    SPECIAL_REPORT = "special_report"  # 专报
    ANSWERED = "answered"
    RETURN_VISITED = "return_visited"  # 回访
    SUPERVISED = "supervised"
    CLOSED = "closed"
    NOT_ACCEPTED = "not_accepted"
    MERGED = "merged"
    UNMERGED = "unmerged"


class Channel(StrEnum):
    """The way a complaint came in."""

    MINIPROGRAM = "miniprogram"
    CONVERSATION = "conversation"
    TEA_PARTY = "tea_party"
    LETTER = "letter"
    REPORT = "report"
    HAZARD = "hazard"
    SYSTEM = "system"


class Source(StrEnum):
    """Who told of an event."""

    RESIDENT = "resident"
    CORE = "core"
    SYSTEM = "system"


class DeadlineKind(StrEnum):
    """What is promised by when."""

    ACCEPT = "accept"  # 签收, 30 minutes
    FEEDBACK = "feedback"  # 反馈, 24 hours
    RESULT = "result"  # 办结, by category


class DeadlineState(StrEnum):
    """How a promise stands."""

    RUNNING = "running"
    MET = "met"
    LATE = "late"
    PAUSED = "paused"
    CANCELLED = "cancelled"


class ClosedBecause(StrEnum):
    """Why a complaint was closed."""

    RATED_SOLVED = "rated_solved"
    SUPERVISED = "supervised"  # not satisfied twice
    NOT_RATED = "not_rated"
    BY_CORE = "by_core"


class Complaint(Model):
    """A complaint; from `status` on everything is the projection of its events."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    number = fields.CharField(max_length=20, unique=True)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "community.Resident", related_name="complaints", on_delete=fields.OnDelete.RESTRICT
    )
    resident_id: int
    channel: fields.Field[Channel] = fields.CharEnumField(Channel, max_length=16, description="Channel")
    text = fields.TextField()
    category = fields.CharField(max_length=16, null=True)
    place: fields.ForeignKeyNullableRelation[Place] = fields.ForeignKeyField(
        "community.Place", related_name="complaints", null=True, on_delete=fields.OnDelete.RESTRICT
    )
    place_id: int | None
    lng = fields.FloatField(null=True)
    lat = fields.FloatField(null=True)
    datum = fields.CharField(max_length=8, null=True)
    confidential = fields.BooleanField()
    anonymous = fields.BooleanField()
    on_behalf_of_sealed = fields.BinaryField(null=True)
    answers: fields.Field[dict[str, object]] = fields.JSONField(default=dict)
    result_days = fields.SmallIntField()
    filed_at = fields.DatetimeField()
    remote_id = fields.CharField(max_length=64, null=True, unique=True)

    status: fields.Field[Status] = fields.CharEnumField(Status, max_length=16, description="Status")
    round = fields.SmallIntField(default=1)
    last_seq = fields.IntField(default=0)
    unit = fields.CharField(max_length=128, null=True)
    duty_phone = fields.CharField(max_length=32, null=True)
    answered_at = fields.DatetimeField(null=True)
    rate_by = fields.DatetimeField(null=True)

    class Meta:
        app = "community"
        table = "complaint"
        table_description = "Complaint"
        indexes = (
            Index(fields=("resident_id", "filed_at")),  # 我的事
            Index(fields=("place_id", "filed_at")),  # what is near
        )


class ComplaintEvent(Model):
    """One thing that happened; written once, numbered without a gap under the complaint's lock."""

    id = fields.BigIntField(primary_key=True)
    complaint: fields.ForeignKeyRelation[Complaint] = fields.ForeignKeyField(
        "community.Complaint", related_name="events", on_delete=fields.OnDelete.RESTRICT
    )
    complaint_id: UUID
    seq = fields.IntField()
    type: fields.Field[EventType] = fields.CharEnumField(EventType, max_length=24, description="EventType")
    source: fields.Field[Source] = fields.CharEnumField(Source, max_length=16, description="Source")
    round = fields.SmallIntField()
    occurred_at = fields.DatetimeField()
    received_at = fields.DatetimeField()
    text = fields.TextField(null=True)
    unit = fields.CharField(max_length=128, null=True)
    duty_phone = fields.CharField(max_length=32, null=True)
    due_at = fields.DatetimeField(null=True)
    result_due_at = fields.DatetimeField(null=True)
    """The result's instant as counted when the event came in, where one is promised from here."""
    media: fields.Field[list[dict[str, str]]] = fields.JSONField(default=list)
    """Photos and voice as id and kind."""
    update_id = fields.CharField(max_length=128, null=True, unique=True)
    sequence = fields.BigIntField(null=True)
    detail: fields.Field[dict[str, object]] = fields.JSONField(default=dict)

    class Meta:
        app = "community"
        table = "complaint_event"
        table_description = "ComplaintEvent"
        unique_together = (("complaint_id", "seq"),)


class Deadline(Model):
    """One promise with its instant; a projection, but for `late` it is swept by time."""

    id = fields.BigIntField(primary_key=True)
    complaint: fields.ForeignKeyRelation[Complaint] = fields.ForeignKeyField(
        "community.Complaint", related_name="deadlines", on_delete=fields.OnDelete.CASCADE
    )
    complaint_id: UUID
    position = fields.SmallIntField()
    kind: fields.Field[DeadlineKind] = fields.CharEnumField(DeadlineKind, max_length=16, description="DeadlineKind")
    round = fields.SmallIntField()
    unit = fields.CharField(max_length=128, null=True)
    started_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    state: fields.Field[DeadlineState] = fields.CharEnumField(DeadlineState, max_length=16, description="DeadlineState")
    resumes_at = fields.DatetimeField(null=True)
    """When a paused one runs on by itself at the latest."""
    met_at = fields.DatetimeField(null=True)
    reason = fields.TextField(null=True)

    class Meta:
        app = "community"
        table = "complaint_deadline"
        table_description = "Deadline"
        unique_together = (("complaint_id", "position"),)


class ResponsibilityInterval(Model):
    """Who answered for a complaint, from when to when; a projection."""

    id = fields.BigIntField(primary_key=True)
    complaint: fields.ForeignKeyRelation[Complaint] = fields.ForeignKeyField(
        "community.Complaint", related_name="responsibilities", on_delete=fields.OnDelete.CASCADE
    )
    complaint_id: UUID
    position = fields.SmallIntField()
    unit = fields.CharField(max_length=128)
    duty_phone = fields.CharField(max_length=32, null=True)
    helping = fields.BooleanField(default=False)
    from_at = fields.DatetimeField()
    to_at = fields.DatetimeField(null=True)

    class Meta:
        app = "community"
        table = "complaint_responsibility"
        table_description = "ResponsibilityInterval"
        unique_together = (("complaint_id", "position"),)


class ComplaintFollow(Model):
    """A neighbour who said "me too"."""

    id = fields.BigIntField(primary_key=True)
    complaint: fields.ForeignKeyRelation[Complaint] = fields.ForeignKeyField(
        "community.Complaint", related_name="follows", on_delete=fields.OnDelete.CASCADE
    )
    complaint_id: UUID
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "community.Resident", related_name="followed", on_delete=fields.OnDelete.CASCADE
    )
    resident_id: int
    followed_at = fields.DatetimeField()

    class Meta:
        app = "community"
        table = "complaint_follow"
        table_description = "ComplaintFollow"
        unique_together = (("resident_id", "complaint_id"),)


class Rating(Model):
    """What the resident said of the result of one round."""

    id = fields.BigIntField(primary_key=True)
    complaint: fields.ForeignKeyRelation[Complaint] = fields.ForeignKeyField(
        "community.Complaint", related_name="ratings", on_delete=fields.OnDelete.RESTRICT
    )
    complaint_id: UUID
    round = fields.SmallIntField()
    solved = fields.BooleanField()
    speed = fields.SmallIntField()
    result = fields.SmallIntField()
    service = fields.SmallIntField()
    answer = fields.SmallIntField()
    text = fields.TextField(null=True)
    rated_at = fields.DatetimeField()

    class Meta:
        app = "community"
        table = "complaint_rating"
        table_description = "Rating"
        unique_together = (("complaint_id", "round"),)


class ComplaintLikeness(Model):
    """The character pairs of a complaint's text, for finding similar ones."""

    id = fields.BigIntField(primary_key=True)
    complaint: fields.OneToOneRelation[Complaint] = fields.OneToOneField(
        "community.Complaint", related_name="likeness", on_delete=fields.OnDelete.CASCADE
    )
    complaint_id: UUID
    filed_at = fields.DatetimeField()
    pairs: fields.Field[list[str]] = ArrayField(element_type="text")

    class Meta:
        app = "community"
        table = "complaint_likeness"
        table_description = "ComplaintLikeness"
