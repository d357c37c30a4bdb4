"""Case numbers: short, speakable, with a check digit.

`1120-04136`: filed on the 20th of November, the 413th since counting began, and
a last digit by Damm's rule, which catches every wrong digit and every two that
changed places. The running part never starts again, so no number comes twice.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from foundation.clock import LOCAL_ZONE_NAME

LOCAL = ZoneInfo(LOCAL_ZONE_NAME)
SHORTEST = 9
ROWS = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def case_number(running: int, filed_at: datetime) -> str:
    """Make the number of the complaint counted `running`, filed at an instant."""
    day = f"{filed_at.astimezone(LOCAL):%m%d}"
    digits = f"{running:04d}"
    return f"{day}-{digits}{check_digit(day + digits)}"


def check_digit(digits: str) -> str:
    """Give the digit that makes the whole come out at zero."""
    state = "0"
    for digit in digits:
        state = ROWS[int(state)][int(digit)]
    return state


def is_case_number(text: str) -> bool:
    """Whether a number was read or typed without a slip."""
    digits = text.strip().replace("-", "").replace(" ", "")
    return digits.isdecimal() and digits.isascii() and len(digits) >= SHORTEST and check_digit(digits) == "0"
