"""The nightly comparison of everything with the core keeps its report; updates with unknown words wait for a person."""

import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

UP = """
CREATE INDEX comparison_run_started ON comparison_run (started_at);
CREATE INDEX dispatch_update_noted ON dispatch_update (id) WHERE state = 'noted';
"""
DOWN = """
DROP INDEX dispatch_update_noted;
DROP INDEX comparison_run_started;
"""


class Migration(migrations.Migration):
    dependencies = [("community", "0005_deadline_resumes_at")]

    operations = [
        ops.CreateModel(
            name="ComparisonRun",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("since", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("compared", fields.IntField(default=0)),
                ("requests", fields.IntField(default=0)),
                ("others", fields.IntField(default=0)),
                ("updates", fields.IntField(default=0)),
                ("healed", fields.IntField(default=0)),
                ("differing", fields.IntField(default=0)),
                (
                    "differences",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("why", fields.CharField(null=True, max_length=200)),
            ],
            options={
                "table": "comparison_run",
                "app": "community",
                "pk_attr": "id",
                "table_description": "ComparisonRun",
            },
            bases=["Model"],
        ),
        ops.RunSQL(UP, DOWN),
    ]
