"""How alike two texts are: shared pairs of neighbouring characters.

Chinese needs no words for that, and the pairs fit a GIN index, so similar
complaints are found without reading them all.
"""

import re
import unicodedata

MOST_PAIRS = 400
NOISE = re.compile(r"[^0-9a-z\u3400-\u9fff\U00020000-\U0003ffff]+")


def pairs_of(text: str) -> set[str]:
    """Give the pairs of neighbouring characters, without signs and blanks."""
    plain = NOISE.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    pairs = (word[at : at + 2] for word in plain.split() for at in range(max(1, len(word) - 1)))
    return set(list(dict.fromkeys(pairs))[:MOST_PAIRS])


def likeness(one: set[str], other: set[str]) -> float:
    """Give the share of pairs both have, from 0 to 1 (Dice)."""
    if not one or not other:
        return 0.0
    return 2 * len(one & other) / (len(one) + len(other))
