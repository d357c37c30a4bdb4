"""Similar complaints are looked for among the newest of a community, so by time and place and not by every text."""

from tortoise import migrations
from tortoise.migrations import operations as ops

UP = """
DROP INDEX complaint_likeness_pairs;
CREATE INDEX complaint_likeness_newest ON complaint_likeness (filed_at);
"""
DOWN = """
DROP INDEX complaint_likeness_newest;
CREATE INDEX complaint_likeness_pairs ON complaint_likeness USING gin (pairs);
"""


class Migration(migrations.Migration):
    """An index of all pairs grows with the history, and costs every filing."""

    dependencies = [("community", "0007_consents_and_leaving")]

    initial = False

    operations = [ops.RunSQL(UP, DOWN)]
