"""Reading what people type, and comparing it with names. No database here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.places.facts import read_facts
from community.places.models import PlaceKind
from community.places.search import Label, index_grams, name_grams, number_grams, read, score, sort_name


def label(kind: PlaceKind, name: str, *above: str, aliases: tuple[str, ...] = ()) -> Label:
    return Label(kind, (name, *aliases), above)


HONGSHAN = label(PlaceKind.COMMUNITY, "红山社区", "龙华区", "民治街道")
HOUSE_12 = label(PlaceKind.BUILDING, "12栋", "龙华区", "民治街道", "红山社区", "第1网格")


@pytest.mark.parametrize("typed", ["12栋", "十二栋", "12号楼", "十二号楼", "12幢", "\uff11\uff12栋", "012座", " 12 栋"])
def test_a_building_may_be_written_in_many_ways(typed: str) -> None:
    assert read(typed).folded == (("12", "栋"),)


@pytest.mark.parametrize("typed", ["第3网格", "三网格", "第三网格", "网格3", "网格03", "3网格"])
def test_a_grid_may_be_written_in_many_ways(typed: str) -> None:
    assert read(typed).folded == (("3", "网格"),)


@pytest.mark.parametrize("typed", ["景龙", "景龙社区", "景龙小区", "景隆社区", "景龍社區", "深圳市景龙社区居委会"])
def test_suffixes_old_characters_and_slips_fold_to_the_same_name(typed: str) -> None:
    assert read(typed).folded == read("景龙").folded


def test_words_like_community_leave_a_hint() -> None:
    assert read("民治街道红山社区").kinds == {PlaceKind.STREET, PlaceKind.COMMUNITY}
    assert read("民治街道红山社区").exact == (("民", "治"), ("红", "山"))


def test_a_numeral_inside_a_name_is_alike_to_the_digit_and_is_no_building() -> None:
    assert read("东栗一村").folded == read("东栗1村").folded
    assert number_grams(read("东栗一")) == []
    assert number_grams(read("红山 12栋503")) == ["12栋", "503"]


def test_every_community_stays_distinct_after_folding() -> None:
    folded = [read(row["name"]).folded for row in read_facts("communities")]

    assert len(set(folded)) == len(folded) == 63


def test_households_are_not_searched() -> None:
    assert index_grams(PlaceKind.HOUSEHOLD, ["1203"]) == []


def test_common_endings_are_asked_for_only_when_there_is_nothing_else() -> None:
    assert set(name_grams(read("晴禾花园"))).isdisjoint(name_grams(read("花园")))
    assert name_grams(read("花园")) != []


@pytest.mark.parametrize("typed", ["红山", "红山社区", "民治红山", "龙华区民治街道红山社区", "洪山社区", "红山社區"])
def test_the_right_community_scores_high(typed: str) -> None:
    assert score(read(typed), HONGSHAN) > 0.7


def test_an_exact_name_is_better_than_a_slip_and_a_slip_better_than_half() -> None:
    exact, slip, half = (score(read(typed), HONGSHAN) for typed in ("红山", "洪山", "红木"))

    assert exact > slip > half > 0


def test_a_building_in_the_right_community_is_better_than_the_community_or_another_building() -> None:
    elsewhere = label(PlaceKind.BUILDING, "12栋", "龙华区", "民治街道", "民乐社区", "第1网格")
    asked = read("红山12栋")

    assert score(asked, HOUSE_12) > 0.9
    assert score(asked, HOUSE_12) > score(asked, HONGSHAN)
    assert score(asked, HOUSE_12) > score(asked, elsewhere)


def test_a_place_whose_own_name_is_not_meant_scores_nothing() -> None:
    assert score(read("民治街道"), HONGSHAN) == 0
    assert score(read("红山"), HOUSE_12) == 0


def test_an_alias_finds_as_well_as_the_name() -> None:
    renamed = label(PlaceKind.ESTATE, "星河雅居", "民治街道", aliases=("老砖厂宿舍",))

    assert score(read("老砖厂"), renamed) > 0.6


@given(st.text(max_size=120))
def test_any_text_can_be_read_and_scored(text: str) -> None:
    reading = read(text)

    assert len(reading.exact) == len(reading.folded)
    assert 0 <= score(reading, HONGSHAN) <= 1 if not reading.is_empty else True
    assert len(index_grams(PlaceKind.ESTATE, [text])) <= 400


def test_names_sort_as_people_count() -> None:
    assert sorted(["10栋", "2栋", "1栋", "A座"], key=sort_name) == ["1栋", "2栋", "10栋", "A座"]
