"""Finding a place by what people type: pure reading and scoring; the rows come from `finding.py`.

A text is *read* into words of symbols (a Chinese character, a number, a unit such as 栋). Two neighbouring
symbols are a *gram*; grams of folded symbols (looks-alike and sounds-alike are one) are what the database is
asked for, and `score` then compares candidates with the text. Start at `read`.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from community.places.facts import read_facts
from community.places.models import PlaceKind

QUERY_LENGTH = 100
MOST_SYMBOLS = 40
CACHED_NAMES = 10_000
BUILDING_UNIT, GRID_UNIT = "栋", "网格"
COUNTED = (BUILDING_UNIT, GRID_UNIT, "单元", "巷")
"""Units whose number names a building or a grid, so that it is looked for inside a named place."""
NUMBERED_KINDS = frozenset({PlaceKind.BUILDING, PlaceKind.GRID})
LEAST_SCORE = 0.3
RELATIVE_SCORE = 0.5
"""Candidates worse than this share of the best one are not offered."""

_KIND_WORDS = (
    ("街道办事处", PlaceKind.STREET), ("街道办", PlaceKind.STREET), ("街道", PlaceKind.STREET),
    ("社区居委会", PlaceKind.COMMUNITY), ("社区工作站", PlaceKind.COMMUNITY), ("社区", PlaceKind.COMMUNITY),
    ("居委会", PlaceKind.COMMUNITY), ("小区", PlaceKind.ESTATE), ("城中村", PlaceKind.URBAN_VILLAGE),
)  # fmt: skip
_COMMON_ENDINGS = "花园 新村 老村 旧村 大厦 公寓 家园 雅苑 名苑 华府 广场 工业园 工业区 科技园 商务中心"
"""Parts of very many names: they are asked for only where a text has nothing else."""
_NUMERALS = re.compile(
    "(?<=第)[零\u3007一二三四五六七八九十百]+"
    "|[零\u3007一二三四五六七八九十百]+(?=号|栋|幢|座|单元|巷|期|区|楼|层|组|排|网格)"
)
"""Numerals that count something; others, as in 东栗一村, are parts of names and only alike to digits."""
_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"\u3007": 0}
_NOTHING_READABLE = re.compile("[^A-Z0-9\u3400-\u9fff\U00020000-\U0003134f]+")
_BUILDING_WORDS = re.compile("(?<=[A-Z0-9])(?:号楼|栋楼|幢楼|座楼|幢|座|号)")
_GAP_BEFORE_UNIT = re.compile(" +(?=(?:号|栋|幢|座|单元|巷|楼)(?: |$))")
_STOREY_AS_BUILDING = re.compile("(?<=[A-Z0-9])楼")
_SYMBOL = re.compile("[A-Z0-9]+|网格|单元|.")
_SLIP_WEIGHT = 0.7
"""What a character counts that is found alone, its neighbours being wrong."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as words of symbols: `exact` as written, `folded` with characters alike made one."""

    exact: tuple[tuple[str, ...], ...]
    folded: tuple[tuple[str, ...], ...]
    kinds: frozenset[PlaceKind]
    """The kinds that words such as 社区 hint at."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no name and no number in it; it may still hint at a kind."""
        return not self.folded


@dataclass(frozen=True, slots=True)
class Label:
    """What a candidate is called, and what lies above it."""

    kind: PlaceKind
    names: tuple[str, ...]
    above: tuple[str, ...]


@lru_cache(maxsize=CACHED_NAMES)
def read(text: str) -> Reading:
    """Read what somebody typed, or what a place is called."""
    plain = unicodedata.normalize("NFKC", text[:QUERY_LENGTH]).upper().translate(_traditional())
    plain = _NOTHING_READABLE.sub(" ", _NUMERALS.sub(_as_digits, plain))
    plain = _GAP_BEFORE_UNIT.sub("", re.sub(r"第(?=\d)", "", plain))
    plain = re.sub(r"网格\s*(\d+)", r"\1网格", plain)
    plain = _BUILDING_WORDS.sub(BUILDING_UNIT, re.sub(r"(?<!\d)0+(?=\d)", "", plain))
    if not re.search(f"[A-Z0-9]{BUILDING_UNIT}", plain):
        plain = _STOREY_AS_BUILDING.sub(BUILDING_UNIT, plain)
    words, kinds = _without_kind_words(plain)
    exact = tuple(tuple(_SYMBOL.findall(word)) for word in words)
    return Reading(exact, tuple(tuple(map(_fold, word)) for word in exact), kinds)


def index_grams(kind: PlaceKind, names: Iterable[str]) -> list[str]:
    """List the grams a place is found by. Households are not searched, only listed under their building."""
    if kind is PlaceKind.HOUSEHOLD:
        return []
    found: set[str] = set()
    for name in names:
        for word in read(name).folded:
            found.update(_grams(word))
            found.update(_singles(kind, word))
    return sorted(found)


def name_grams(reading: Reading) -> list[str]:
    """List the grams of a query that are parts of names, the telling ones if there are any."""
    counted = {gram for gram, _ in _numbers(reading)}
    grams = {gram for word in reading.folded for gram in _grams(word)}
    return sorted((grams - counted - _common_grams()) or (grams - counted))


def number_grams(reading: Reading) -> list[str]:
    """List the numbers of buildings and grids in a query, the one that decides first."""
    numbers = sorted(_numbers(reading), key=lambda number: number[1])
    return list(dict.fromkeys(gram for gram, _ in numbers))


def single_grams(reading: Reading) -> list[str]:
    """List the single characters of a query, for when its grams find nothing: one of two may be wrong."""
    singles = {symbol for word in reading.folded for symbol in word if _is_han(symbol)}
    return sorted(singles.difference(*_common_grams()) or singles)


def score(query: Reading, label: Label) -> float:
    """Say from 0 to 1 how well a candidate suits the query; 0 when its own name has no part in it."""
    own, fullness = _best_name(query, label)
    if not own:
        return 0.0
    above = _cover(query.folded, _gram_set(name for name in label.above), singly=True)
    exact_names = _gram_set((*label.names, *label.above), exact=True)
    exact = _cover(query.exact, exact_names, singly=False)
    size = sum(len(word) for word in query.folded)
    covered = sum(max(own.get(at, 0.0), above.get(at, 0.0)) for at in own.keys() | above.keys())
    hinted = 1.0 if label.kind in query.kinds else 0.0
    return 0.55 * covered / size + 0.25 * fullness + 0.15 * len(exact) / size + 0.05 * hinted


def sort_name(name: str) -> str:
    """Give the name with its numbers padded, for an order people expect."""
    padded = re.sub(r"\d+", lambda found: found[0].zfill(5), unicodedata.normalize("NFKC", name))
    return padded[:160]


def _best_name(query: Reading, label: Label) -> tuple[dict[int, float], float]:
    """Find which of a candidate's names fits best: what it covers of the query, and how much of it is said."""
    singly = label.kind not in NUMBERED_KINDS
    asked = {gram for word in query.folded for gram in _grams(word)}
    asked.update(gram for word in query.exact for gram in _bare_numbers(word))
    if singly:
        asked.update(single_grams(query))
    best: tuple[dict[int, float], float] = ({}, 0.0)
    for name in label.names:
        words = read(name).folded
        grams = {gram for word in words for gram in (*_grams(word), *_singles(label.kind, word))}
        covered = _cover(query.folded, grams, singly=singly)
        said = _cover(words, asked, singly=singly)
        full = sum(said.values()) / max(1, sum(len(word) for word in words))
        best = max(best, (covered, full), key=lambda pair: (sum(pair[0].values()), pair[1]))
    return best


def _cover(words: Sequence[Sequence[str]], grams: set[str], *, singly: bool) -> dict[int, float]:
    """Say which symbols are covered by grams; `singly` lets a lone character count a little less."""
    covered: dict[int, float] = {}
    start = 0
    for word in words:
        for at, symbol in enumerate(word):
            pair = symbol + word[at + 1] if at + 1 < len(word) else ""
            if pair and pair in grams:
                covered[start + at] = covered[start + at + 1] = 1.0
            if symbol in grams and (len(word) == 1 or not _is_han(symbol)):
                covered[start + at] = 1.0
            elif singly and _is_han(symbol) and symbol in grams:
                covered.setdefault(start + at, _SLIP_WEIGHT)
        start += len(word)
    return covered


def _gram_set(names: Iterable[str], *, exact: bool = False) -> set[str]:
    return set().union(*(_grams_of_name(name, exact=exact) for name in names))


@lru_cache(maxsize=CACHED_NAMES)
def _grams_of_name(name: str, *, exact: bool) -> frozenset[str]:
    found: set[str] = set()
    reading = read(name)
    for word in reading.exact if exact else reading.folded:
        found.update(_grams(word))
        found.update(symbol for symbol in word if _is_han(symbol) and not exact)
    return frozenset(found)


def _grams(word: Sequence[str]) -> list[str]:
    """List the pairs of neighbours; a word of one symbol is its own gram."""
    if len(word) == 1:
        return [word[0]]
    return [word[at] + word[at + 1] for at in range(len(word) - 1)]


def _singles(kind: PlaceKind, word: Sequence[str]) -> list[str]:
    """List what a place is found by with one symbol: areas by a character, buildings by their bare number."""
    if kind in NUMBERED_KINDS:
        return [symbol for symbol in word if not _is_han(symbol) and symbol not in COUNTED]
    return [symbol for symbol in word if _is_han(symbol)]


def _numbers(reading: Reading) -> list[tuple[str, int]]:
    """List the counted numbers of a query with their rank: a building decides before a grid, a lane, a room."""
    found = []
    for word in reading.exact:
        for at, symbol in enumerate(word):
            unit = word[at + 1] if at + 1 < len(word) else ""
            if not _is_han(symbol) and unit in COUNTED:
                found.append((symbol + unit, COUNTED.index(unit)))
        found.extend((bare, len(COUNTED)) for bare in _bare_numbers(word))
    return found


def _bare_numbers(word: Sequence[str]) -> list[str]:
    """List the number a word ends with: it may stand for a building; one between characters is part of a name."""
    last = word[-1] if word else ""
    return [last] if last.isascii() and (len(last) == 1 or any(sign.isdigit() for sign in last)) else []


def _without_kind_words(plain: str) -> tuple[list[str], frozenset[PlaceKind]]:
    """Take out 街道, 社区 and the like, which people add and leave out as they please."""
    left = plain.replace("广东省", " ").replace("深圳市", " ")
    kinds: set[PlaceKind] = set()
    for word, kind in _KIND_WORDS:
        if word in left:
            left = left.replace(word, " ")
            kinds.add(kind)
    return _first_symbols(left.split()), frozenset(kinds)


def _first_symbols(words: list[str]) -> list[str]:
    kept, room = [], MOST_SYMBOLS
    for word in words:
        if room > 0:
            kept.append(word[:room])
            room -= len(word)
    return kept


def _as_digits(found: re.Match[str]) -> str:
    """Turn 十二 into 12 and 三 into 3; what is no number, such as 百, stays."""
    text = found[0]
    if not re.fullmatch(
        "(?:[一二三四五六七八九]百)?(?:零?[一二三四五六七八九]?十)?[零\u3007一二三四五六七八九]*", text
    ):
        return text
    if "十" not in text and "百" not in text:
        return "".join(str(_DIGITS[character]) for character in text)
    hundreds, has_hundred, rest = text.rpartition("百")
    tens, has_ten, ones = rest.rpartition("十")
    total = _value(hundreds) * 100 if has_hundred else 0
    total += (_value(tens) or 1) * 10 if has_ten else 0
    return str(total + _value(ones))


def _value(text: str) -> int:
    return int("".join(str(_DIGITS[character]) for character in text) or "0")


def _is_han(symbol: str) -> bool:
    return not symbol.isascii() and symbol not in COUNTED


def _fold(symbol: str) -> str:
    if symbol in COUNTED:
        return symbol
    return str(_DIGITS[symbol]) if symbol in _DIGITS else _alike().get(symbol, symbol)


@cache
def _common_grams() -> frozenset[str]:
    return frozenset(gram for word in read(_COMMON_ENDINGS).folded for gram in _grams(word))


@cache
def _traditional() -> dict[int, str]:
    rows = (row for row in read_facts("characters") if row["why"] == "traditional")
    return {ord(row["character"]): row["stands_for"] for row in rows}


@cache
def _alike() -> dict[str, str]:
    rows = (row for row in read_facts("characters") if row["why"] == "alike")
    return {row["character"]: row["stands_for"] for row in rows}
