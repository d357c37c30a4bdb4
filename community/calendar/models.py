"""The tables of the working calendar. Start at `CalendarDay`."""

from tortoise import fields
from tortoise.models import Model


class CalendarDay(Model):
    """A day that does not follow the ordinary week, or that a notice names all the same (节假日, 调休).

    `notice_year` is the year whose notice named it: the last days of December may be in next year's.
    A row that is not `announced` is an expectation, and what is counted over it stays provisional.
    """

    day = fields.DateField(primary_key=True)
    is_off = fields.BooleanField()
    name = fields.CharField(max_length=40)
    source = fields.CharField(max_length=40)
    notice_year = fields.SmallIntField()
    announced = fields.BooleanField(default=True)

    class Meta:
        app = "community"
        table = "calendar_day"
        table_description = "Day of the working calendar that a notice names"


class CalendarVersion(Model):
    """One row whose value the database replaces with every change of the days, so that copies notice."""

    id = fields.SmallIntField(primary_key=True)
    version = fields.UUIDField()

    class Meta:
        app = "community"
        table = "calendar_version"
        table_description = "Version of the working calendar"
