"""Whose photos these are is asked when somebody takes everything along, and when they leave."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    """Finds a person's uploads without looking through all."""

    dependencies = [("foundation", "0004_jobs_without_notify")]

    operations = [ops.AddIndex("Media", Index(fields=["owner_kind", "owner_id"]))]
