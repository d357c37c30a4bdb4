"""`linli import …`, `linli parked …`, `linli rebuild`: what an operator does in the neighbourhood's room."""

from typing import Any

from community.complaints.commands import PARKED, rebuild_app
from community.people.commands import STAFF
from community.places.commands import IMPORTS

COMMANDS: tuple[Any, ...] = (IMPORTS, STAFF, PARKED, rebuild_app)
