"""The table of media: one row for each photo or voice message that somebody uploaded."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.fields.base import Field
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7


class MediaKind(StrEnum):
    """What a medium is to people."""

    IMAGE = "image"
    VOICE = "voice"


class Media(Model):
    """A photo or voice message, whose bytes are in the store under `object_key`.

    It belongs to whoever uploaded it until a room attaches it to something; from then on that something says
    who may see it. What is not attached within a day is swept away.
    """

    id: UUID = fields.UUIDField(primary_key=True, default=uuid7)
    owner_kind = fields.CharField(max_length=16)
    owner_id = fields.BigIntField()
    kind: Field[MediaKind] = fields.CharEnumField(MediaKind, max_length=8, description="MediaKind")
    content_type = fields.CharField(max_length=32)
    bytes = fields.IntField()
    width = fields.IntField(null=True)
    height = fields.IntField(null=True)
    seconds = fields.IntField(null=True)
    sha256 = fields.CharField(max_length=64)
    object_key = fields.CharField(max_length=128)
    thumbnail_key = fields.CharField(max_length=128, null=True)
    uploaded_at = fields.DatetimeField()
    attached_at = fields.DatetimeField(null=True)

    @property
    def keys(self) -> list[str]:
        """The keys of its objects in the store."""
        return [key for key in (self.object_key, self.thumbnail_key) if key]

    class Meta:
        app = "foundation"
        table = "media"
        table_description = "Media"
        indexes = (
            Index(fields=("attached_at", "uploaded_at")),  # what the sweep looks through
            Index(fields=("owner_kind", "owner_id")),  # what somebody takes along, or leaves
        )
        constraints = (
            CheckConstraint(
                name="media_image_has_size_and_thumbnail",
                check="(kind = 'image') = (width IS NOT NULL AND height IS NOT NULL AND thumbnail_key IS NOT NULL)",
            ),
            CheckConstraint(name="media_voice_has_length", check="(kind = 'voice') = (seconds IS NOT NULL)"),
        )
