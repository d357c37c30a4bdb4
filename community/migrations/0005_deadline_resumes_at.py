"""A promise that stands still runs on by itself some day; the rows that do are found by an index."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

UP = "CREATE INDEX complaint_deadline_resumes ON complaint_deadline (resumes_at) WHERE state = 'paused';"
DOWN = "DROP INDEX complaint_deadline_resumes;"


class Migration(migrations.Migration):
    """Adds the instant at which a pause ends at the latest."""

    dependencies = [("community", "0004_complaint_rules")]  # noqa: RUF012 - as Tortoise writes it

    operations = [  # noqa: RUF012
        ops.AddField("Deadline", "resumes_at", fields.DatetimeField(null=True)),
        ops.RunSQL(UP, DOWN),
    ]
