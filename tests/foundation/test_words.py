"""The words people read, in their language."""

import re
from pathlib import Path

import pytest

from foundation.words import LANGUAGES, catalogue, preferred_language, say

PLACEHOLDER = re.compile(r"\{[a-z_][a-z0-9_]*\}")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh-Hans"),
        ("", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK,zh;q=0.9", "zh-Hant"),
        ("zh-Hant-CN", "zh-Hant"),
        ("zh-Hans-HK", "zh-Hans"),
        ("ZH_tw", "zh-Hant"),
        ("en", "en"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("zh;q=0.5, en;q=0.7", "en"),
        ("en;q=0.5, zh-TW;q=0.5", "en"),
        ("en;q=0", "zh-Hans"),
        ("fr-FR", "zh-Hans"),
        ("fr, en;q=0.3", "en"),
        ("*", "zh-Hans"),
        ("en;q=nonsense, zh-HK;q=0.1", "zh-Hant"),
        (";;;,,,", "zh-Hans"),
    ],
)
def test_the_header_chooses_the_language_by_weight(header: str | None, language: str) -> None:
    assert preferred_language(header) == language


def test_what_is_not_translated_is_said_in_the_source_language() -> None:
    assert say("没有人译过的一句 {n}", "en", n=3) == "没有人译过的一句 3"
    assert say("没有找到", "tlh") == "没有找到"


def test_only_names_are_filled_and_values_fill_nothing_further() -> None:
    text = "{a}{b}{missing}{a.__class__}{0}{}"

    assert say(text, a="{b}", b=2) == "{b}2{missing}{a.__class__}{0}{}"


def test_a_sentence_is_translated_with_its_values() -> None:
    assert say("至少 {n} 个字", "en", n=5) == "At least 5 characters"
    assert say("至少 {n} 个字", "zh-Hant", n=5) == "至少 5 個字"
    assert say("至少 {n} 个字", n=5) == "至少 5 个字"


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_translation_has_the_placeholders_of_its_source(language: str) -> None:
    for source, translation in catalogue(language).items():
        assert sorted(PLACEHOLDER.findall(source)) == sorted(PLACEHOLDER.findall(translation)), source


def test_every_sentence_of_the_ground_is_translated(root: Path) -> None:
    files = [*(root / "foundation" / "web").glob("*.py"), root / "foundation" / "errors.py"]
    files.append(root / "foundation" / "idempotency.py")
    sentences = {
        sentence for file in files for sentence in re.findall(r'"([^"\n]*[\u4e00-\u9fff][^"\n]*)"', file.read_text())
    } - {"邻里 Linli", "至少 5 个字"}

    for language in LANGUAGES[1:]:
        assert sentences - set(catalogue(language)) == set()
