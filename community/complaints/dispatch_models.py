"""Tables of the talk with the dispatch core: what goes out, what comes in, what was compared."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.models import Model
from uuid_utils.compat import uuid7

from community.complaints.models import Complaint


class MessageKind(StrEnum):
    """What we pass on to the dispatch core."""

    REQUEST = "request"
    UPDATE = "update"


class MessageState(StrEnum):
    """How far a message to the core has come."""

    WAITING = "waiting"
    SENT = "sent"
    PARKED = "parked"


class UpdateState(StrEnum):
    """How far an update of the core has come."""

    WAITING = "waiting"
    DONE = "done"
    NOTED = "noted"
    """Shown as a note, because its word is unknown; a person should find out what it means."""
    PARKED = "parked"


class DispatchMessage(Model):
    """One thing we pass on to the dispatch core: the complaint itself, or a later event of it."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    complaint: fields.ForeignKeyRelation[Complaint] = fields.ForeignKeyField(
        "community.Complaint", related_name="messages", on_delete=fields.OnDelete.RESTRICT
    )
    complaint_id: UUID
    kind: fields.Field[MessageKind] = fields.CharEnumField(MessageKind, max_length=16, description="MessageKind")
    seq = fields.IntField()
    state: fields.Field[MessageState] = fields.CharEnumField(MessageState, max_length=16, description="MessageState")
    attempts = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    first_tried_at = fields.DatetimeField(null=True)
    next_try_at = fields.DatetimeField(null=True)
    sent_at = fields.DatetimeField(null=True)
    last_error = fields.CharField(max_length=200, null=True)

    class Meta:
        app = "community"
        table = "dispatch_message"
        table_description = "DispatchMessage"
        unique_together = (("complaint_id", "seq"),)


class DispatchUpdate(Model):
    """One update the core told us of, kept as it came; the inbox of `foundation.claims`."""

    id = fields.BigIntField(primary_key=True)
    update_id = fields.CharField(max_length=128, unique=True)
    body_hash = fields.BinaryField()
    body: fields.Field[dict[str, object]] = fields.JSONField()
    came_by = fields.CharField(max_length=16)
    state: fields.Field[UpdateState] = fields.CharEnumField(UpdateState, max_length=16, description="UpdateState")
    received_at = fields.DatetimeField()
    domain_at = fields.DatetimeField()
    not_before = fields.DatetimeField()
    claimed_until = fields.DatetimeField(null=True)
    attempts = fields.IntField(default=0)
    outcome = fields.CharField(max_length=200, null=True)

    class Meta:
        app = "community"
        table = "dispatch_update"
        table_description = "DispatchUpdate"


class DispatchConflict(Model):
    """A second, different body under a known update id: kept for a person to look at, never applied."""

    id = fields.BigIntField(primary_key=True)
    update_id = fields.CharField(max_length=128)
    body_hash = fields.BinaryField()
    body: fields.Field[dict[str, object]] = fields.JSONField()
    received_at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)

    class Meta:
        app = "community"
        table = "dispatch_conflict"
        table_description = "DispatchConflict"
        unique_together = (("update_id", "body_hash"),)


class ReconciliationRun(Model):
    """One comparison with the core: its window and what it found."""

    id = fields.BigIntField(primary_key=True)
    started_at = fields.DatetimeField()
    since = fields.DatetimeField()
    until = fields.DatetimeField()
    seen = fields.IntField()
    found = fields.IntField()

    class Meta:
        app = "community"
        table = "reconciliation_run"
        table_description = "ReconciliationRun"


class ComparisonRun(Model):
    """One full comparison with the core: how much was read, what had been lost, and what still differs."""

    id = fields.BigIntField(primary_key=True)
    started_at = fields.DatetimeField()
    """Real time, as it decides when the next one is due."""
    ended_at = fields.DatetimeField(null=True)
    """Absent as long as it runs, and for good if it broke off."""
    since = fields.DatetimeField()
    until = fields.DatetimeField()
    compared = fields.IntField(default=0)
    """Complaints of ours that the core had to have."""
    requests = fields.IntField(default=0)
    others = fields.IntField(default=0)
    """Requests among them that other clients of the core filed."""
    updates = fields.IntField(default=0)
    healed = fields.IntField(default=0)
    """Updates that had been lost on the way and were taken in."""
    differing = fields.IntField(default=0)
    differences: fields.Field[list[dict[str, str]]] = fields.JSONField(default=list)
    """The first of them, in the form of `dispatch.comparing.Difference`."""
    why = fields.CharField(max_length=200, null=True)
    """What broke it off."""

    class Meta:
        app = "community"
        table = "comparison_run"
        table_description = "ComparisonRun"
