"""`linli import`, `parked`, `compare`, `rebuild` and `staff`: what an operator does in the neighbourhood's room."""

from typing import Any

from community.complaints.commands import PARKED, compare_app, rebuild_app
from community.people.commands import RESIDENTS, STAFF
from community.places.commands import IMPORTS

COMMANDS: tuple[Any, ...] = (IMPORTS, STAFF, RESIDENTS, PARKED, compare_app, rebuild_app)
