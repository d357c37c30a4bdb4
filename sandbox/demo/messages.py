"""What residents write in the demo: our own messages, or those of the shared data where that lies beside us.

Start at `messages_for`.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from sandbox.demo.stage import Wish

OWN = Path(__file__).with_name("messages.csv")
CITY = Path(__file__).parents[3] / "shared" / "data" / "complaints_city.csv"
LONGEST, SHORTEST = 2000, 10


@dataclass(frozen=True)
class Message:
    """What somebody wrote; `category` is the first and the last step of its way in the tree, if it was chosen."""

    text: str
    category: str | None = None


def messages_for(wish: Wish) -> list[Message]:
    """Give as many as wished, or as there are."""
    found = own_messages() if wish.own_messages or not CITY.exists() else city_messages(wish.messages)
    return found[: wish.messages]


def own_messages() -> list[Message]:
    """Give those that come with the demo."""
    with OWN.open(encoding="utf-8", newline="") as file:
        return [Message(row["text"], row["category"]) for row in csv.DictReader(file)]


def city_messages(most: int) -> list[Message]:
    """Give messages of a real city, taken evenly over all of them."""
    with CITY.open(encoding="utf-8", newline="") as file:
        texts = [_text(row) for row in csv.DictReader(file)]
    usable = [text for text in texts if len(text) >= SHORTEST]
    most = min(most, len(usable))
    return [Message(usable[at * len(usable) // most]) for at in range(most)]


def _text(row: dict[str, str]) -> str:
    whole = f"{row['title'].strip()}\n{row['detail'].strip()}"
    return "".join(sign for sign in whole if sign == "\n" or sign.isprintable())[:LONGEST].strip()
