"""The category tree, its promises and questions, and the guess from everyday words."""

import pytest

from community.complaints.categories import (
    DEFAULT_DAYS,
    categories,
    category_of,
    check_answers,
    named,
    result_days,
    suggest,
)
from community.complaints.errors import AnswerDoesNotFitError, UnknownCategoryError


def test_every_category_has_three_levels_and_a_promise() -> None:
    assert len(categories()) > 100
    for code, category in categories().items():
        assert category.code == code
        assert len(category.path) == 3
        assert all(category.path)
        assert 1 <= category.result_days <= 60


@pytest.mark.parametrize("language", ["en", "zh-Hant"])
def test_every_name_question_and_choice_is_known_in_the_other_languages(language: str) -> None:
    tree = categories().values()
    names = {name for category in tree for name in category.path}
    asked = {question for category in tree for question in category.questions}
    names |= {each for question in asked for each in (question.text, *question.choices)}

    shown = {name: named(name, language) for name in names}

    assert len(names) > 500
    if language == "en":
        assert [name for name in shown.values() if not name.isascii()] == []
    else:
        assert (shown["城乡建设"], shown["违章建筑"], shown["噪音污染"]) == ("城鄉建設", "違章建築", "噪音污染")
    assert {named(name, "zh-Hans") for name in names} == names


def test_the_promise_is_by_the_first_level() -> None:
    promised: dict[str, set[int]] = {}
    for category in categories().values():
        promised.setdefault(category.path[0], set()).add(category.result_days)

    assert all(len(days) == 1 for days in promised.values())
    assert result_days("130") == category_of("130").result_days == 5
    assert result_days(None) == DEFAULT_DAYS


@pytest.mark.parametrize("code", ["999", "", "13", "1 30", "general"])
def test_an_unknown_code_is_refused(code: str) -> None:
    with pytest.raises(UnknownCategoryError) as caught:
        category_of(code)
    assert caught.value.fields[0].pointer == "/category"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("楼下烧烤店油烟很大", "130"),
        ("半夜施工打桩，太吵睡不着", "127"),
        ("河水发黑，污水很臭", "134"),
    ],
)
def test_everyday_words_lead_to_their_category(text: str, code: str) -> None:
    found = suggest(text)

    assert found[0].category.code == code
    assert [each.confidence for each in found] == sorted((each.confidence for each in found), reverse=True)
    assert all(0 < each.confidence <= 1 for each in found)
    assert len(found) <= 3


@pytest.mark.parametrize("text", ["", "你好", "。。。", "abc"])
def test_when_nothing_speaks_for_a_category_none_is_guessed(text: str) -> None:
    assert suggest(text) == []


def test_one_short_word_is_guessed_with_less_trust_than_many() -> None:
    assert suggest("噪音")[0].confidence < suggest("噪音太吵，夜间施工打桩扰民")[0].confidence


def test_the_same_text_is_always_guessed_alike() -> None:
    text = "油烟和噪音，还有污水"

    assert suggest(text) == suggest(text)
    assert [each.category.code for each in suggest(text)] == ["127", "130", "134"]  # equal evidence: by code


def test_answers_fit_the_questions_of_their_category() -> None:
    check_answers(category_of("127"), {"when": "半夜", "source": "工地"})
    check_answers(category_of("127"), {})
    check_answers(None, {})


@pytest.mark.parametrize(
    ("code", "answers", "pointer"),
    [
        ("127", {"when": "下雨天"}, "/answers/when"),
        ("127", {"colour": "红"}, "/answers/colour"),
        (None, {"when": "半夜"}, "/answers/when"),
    ],
)
def test_an_answer_to_no_question_or_outside_the_choices_names_its_field(
    code: str | None, answers: dict[str, str], pointer: str
) -> None:
    with pytest.raises(AnswerDoesNotFitError) as caught:
        check_answers(category_of(code) if code else None, answers)
    assert caught.value.fields[0].pointer == pointer


def test_every_question_has_words_and_a_code_of_its_own() -> None:
    for category in categories().values():
        codes = [question.code for question in category.questions]
        assert len(codes) == len(set(codes))
        assert all(question.text for question in category.questions)
