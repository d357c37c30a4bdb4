"""Every sentence a person may read is there in every language, and nothing in the catalogues is left over."""

import re

import pytest

from foundation.words import LANGUAGES, SOURCE_LANGUAGE, catalogue
from tests.documentation.pages import ROOT
from tests.documentation.source_strings import CHINESE, NOT_SAID, leftovers, source_strings

PLACEHOLDER = re.compile(r"\{[a-z_][a-z0-9_]*\}")
translated = pytest.mark.parametrize("language", [each for each in LANGUAGES if each != SOURCE_LANGUAGE])


@translated
def test_every_source_string_is_translated(language: str) -> None:
    assert sorted(source_strings() - set(catalogue(language))) == []


@translated
def test_no_translation_has_outlived_its_source_string(language: str) -> None:
    assert sorted(set(catalogue(language)) - source_strings()) == []


@translated
def test_a_translation_has_the_places_to_fill_of_its_source(language: str) -> None:
    differing = [
        source
        for source, words in catalogue(language).items()
        if sorted(PLACEHOLDER.findall(source)) != sorted(PLACEHOLDER.findall(words))
    ]
    assert differing == []


def test_traditional_chinese_is_written_in_traditional_characters() -> None:
    mixed = {}
    for source, words in catalogue("zh-Hant").items():
        try:
            words.encode("big5hkscs")
        except UnicodeEncodeError as error:
            mixed[source] = words[error.start : error.end]
    assert mixed == {}


def test_english_has_no_chinese_but_words_to_fill_in() -> None:
    chinese = [source for source, words in catalogue("en").items() if CHINESE.search(words)]
    assert chinese == ["请填“是”或“否”"]


def test_chinese_in_the_code_is_said_or_explained() -> None:
    assert leftovers() == {}


@pytest.mark.parametrize("path", NOT_SAID)
def test_an_explained_file_is_still_there(path: str) -> None:
    assert (ROOT / path).is_file()
