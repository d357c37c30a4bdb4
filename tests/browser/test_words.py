"""The pages' words: the same sentences in every language, each of them used, none of them missing."""

import re
from collections.abc import Iterator

import pytest

from tests.browser.words import LANGUAGES, WEB, words_of

SCRIPTS = sorted(path for path in WEB.rglob("*.js") if path.parent.name != "words")
PAGES = sorted(WEB.rglob("*.html"))
IN_HTML = re.compile(r'data-say(?:-label|-hint)?="([^"]+)"')
IN_SCRIPT = re.compile(r'["`]((?:[a-z][a-z0-9_]*|\$\{[^}]+\})(?:\.(?:[a-z0-9_]+|\$\{[^}]+\}))*)["`]')
ASKED_FOR = re.compile(r"\b(?:say|sayBroken|heading|sayCount)\(\s*([\"`])(.+?)\1")
ENDINGS = ("", ".one", ".other", ".open", ".late")
"""What the scripts put behind a key: how a count or a promise stands."""


def pattern_of(key: str) -> re.Pattern[str]:
    """Make a pattern of a key that may hold `${…}`."""
    parts = re.split(r"\$\{[^}]+\}", key)
    return re.compile("[^.]+".join(map(re.escape, parts)) + f"(?:{'|'.join(map(re.escape, ENDINGS))})")


def keys_asked_for() -> Iterator[tuple[str, str]]:
    """List every key a page or a script asks for by name, with the file that does."""
    for page in PAGES:
        yield from ((page.name, key) for key in IN_HTML.findall(page.read_text(encoding="utf-8")))
    for script in SCRIPTS:
        yield from ((script.name, key) for _, key in ASKED_FOR.findall(script.read_text(encoding="utf-8")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_in_the_same_order(language: str) -> None:
    assert list(words_of(language)) == list(words_of("zh-Hans"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_places_to_fill(language: str) -> None:
    def places(sentence: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", sentence))

    formats = {key for key in words_of(language) if key.startswith("date")}  # months have names in English
    differing = [
        key
        for key, sentence in words_of(language).items()
        if key not in formats and places(sentence) != places(words_of("zh-Hans")[key])
    ]
    assert differing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty_or_ends_in_a_blank(language: str) -> None:
    assert [key for key, words in words_of(language).items() if not words or words != words.rstrip()] == []


def test_every_key_that_is_asked_for_exists() -> None:
    known = list(words_of("zh-Hans"))
    missing = [(file, key) for file, key in keys_asked_for() if not any(map(pattern_of(key).fullmatch, known))]
    assert missing == []


def test_every_sentence_is_used_somewhere() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (*PAGES, *SCRIPTS)]
    named = {key for text in sources for key in (*IN_HTML.findall(text), *IN_SCRIPT.findall(text))}
    patterns = [pattern_of(key) for key in named]
    unused = [key for key in words_of("zh-Hans") if not any(pattern.fullmatch(key) for pattern in patterns)]
    assert unused == []


def test_traditional_chinese_has_no_simplified_character() -> None:
    simplified = set(
        "邻这页过录试个机写进来开点时换张现样给见说对还没处问题报门书电话谁负责办结签后发号码边错儿紧听离险请传从当归区间别选类实么认帮难谢变动为应评价态转栋楼数网关补细节钟专们员双声视场吗确该够线刚连设语读记访词调误贴较轻迟远适铁销键长闭预领飞马验拨馈颗内"
    )
    found = {key: simplified & set(words) for key, words in words_of("zh-Hant").items() if simplified & set(words)}
    assert found == {}
