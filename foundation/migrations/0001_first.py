from tortoise import migrations
from tortoise.migrations import operations as ops
from foundation.media.models import MediaKind
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("actor_kind", fields.CharField(max_length=20)),
                ("actor_id", fields.BigIntField()),
                ("what", fields.CharField(max_length=60)),
                ("subject", fields.CharField(max_length=80)),
                ("reason", fields.CharField(default="", max_length=200)),
                ("request_id", fields.CharField(default="", max_length=64)),
            ],
            options={
                "table": "audit_entry",
                "app": "foundation",
                "indexes": [
                    Index(fields=["subject", "at"]),
                    Index(fields=["actor_kind", "actor_id", "at"]),
                    Index(fields=["at"]),
                ],
                "pk_attr": "id",
                "table_description": "Audit entry, append-only",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ClockSetting",
            fields=[
                ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ("real_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("domain_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("rate", fields.FloatField()),
            ],
            options={
                "table": "clock_setting",
                "app": "foundation",
                "pk_attr": "name",
                "table_description": "ClockSetting",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("actor_key", fields.CharField(max_length=80)),
                ("key", fields.CharField(max_length=64)),
                ("request_hash", fields.BinaryField()),
                ("status", fields.SmallIntField(null=True)),
                ("body", fields.TextField(null=True, unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "idempotency_key",
                "app": "foundation",
                "unique_together": (("actor_key", "key"),),
                "indexes": [Index(fields=["created_at"])],
                "pk_attr": "id",
                "table_description": "Answers kept for requests that are sent again",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Media",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("owner_kind", fields.CharField(max_length=16)),
                ("owner_id", fields.BigIntField()),
                ("kind", fields.CharEnumField(description="MediaKind", enum_type=MediaKind, max_length=8)),
                ("content_type", fields.CharField(max_length=32)),
                ("bytes", fields.IntField()),
                ("width", fields.IntField(null=True)),
                ("height", fields.IntField(null=True)),
                ("seconds", fields.IntField(null=True)),
                ("sha256", fields.CharField(max_length=64)),
                ("object_key", fields.CharField(max_length=128)),
                ("thumbnail_key", fields.CharField(null=True, max_length=128)),
                ("uploaded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("attached_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "media",
                "app": "foundation",
                "constraints": [
                    CheckConstraint(
                        check="(kind = 'image') = (width IS NOT NULL AND height IS NOT NULL AND thumbnail_key IS NOT NULL)",
                        name="media_image_has_size_and_thumbnail",
                    ),
                    CheckConstraint(check="(kind = 'voice') = (seconds IS NOT NULL)", name="media_voice_has_length"),
                ],
                "indexes": [Index(fields=["attached_at", "uploaded_at"])],
                "pk_attr": "id",
                "table_description": "Media",
            },
            bases=["Model"],
        ),
    ]
