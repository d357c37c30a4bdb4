"""The updates whose words are still there, by age: the daily sweep empties the oldest and must not look through all."""

from tortoise import migrations
from tortoise.migrations import operations as ops

UP = "CREATE INDEX dispatch_update_with_words ON dispatch_update (received_at) WHERE body <> '{}';"
DOWN = "DROP INDEX dispatch_update_with_words;"


class Migration(migrations.Migration):
    """Adds the index of what retention empties."""

    dependencies = [("community", "0008_flat_lists")]

    operations = [ops.RunSQL(UP, DOWN)]
