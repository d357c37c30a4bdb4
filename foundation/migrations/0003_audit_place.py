"""An entry of the audit may say over which place the look was taken."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    """Adds the place, for auditors of a place."""

    dependencies = [("foundation", "0002_ground_rules")]

    operations = [
        ops.AddField("AuditEntry", "place_id", fields.BigIntField(null=True)),
        ops.AddIndex("AuditEntry", Index(fields=["place_id", "at"])),
    ]
