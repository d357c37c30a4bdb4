"""The ground's own tables that belong to no single piece of it."""

from tortoise import fields
from tortoise.models import Model


class ClockSetting(Model):
    """Where the movable clock of development stands; at most one row."""

    name = fields.CharField(max_length=16, primary_key=True)
    real_at = fields.DatetimeField()
    domain_at = fields.DatetimeField()
    rate = fields.FloatField()

    class Meta:
        app = "foundation"
        table = "clock_setting"
        table_description = "ClockSetting"
