"""How alike two texts are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.complaints.likeness import MOST_PAIRS, likeness, pairs_of


def alike(one: str, other: str) -> float:
    return likeness(pairs_of(one), pairs_of(other))


def test_signs_blanks_case_and_full_width_do_not_count() -> None:
    assert pairs_of("路灯，坏了！LED") == pairs_of("路灯 坏了 ｌｅｄ")  # noqa: RUF001
    assert pairs_of("路灯坏") == {"路灯", "灯坏"}
    assert pairs_of("，。！") == set()


def test_a_rare_character_beyond_the_first_plane_counts_as_one() -> None:
    assert pairs_of("𡘙𡘙村") == {"𡘙𡘙", "𡘙村"}


def test_the_same_trouble_in_other_words_is_more_alike_than_another_trouble() -> None:
    lamp = "三号楼二单元的楼道灯坏了，晚上看不见路"

    assert alike(lamp, "3号楼楼道灯坏了好几天，晚上看不见") > 0.4
    assert alike(lamp, "烧烤店占道经营，油烟很大") < 0.1


@pytest.mark.parametrize(("one", "other"), [("", "路灯坏了"), ("路灯坏了", ""), ("", ""), ("!!", "!!")])
def test_nothing_is_like_nothing(one: str, other: str) -> None:
    assert alike(one, other) == 0.0


@given(st.text(max_size=60), st.text(max_size=60))
def test_likeness_is_a_share_the_same_both_ways(one: str, other: str) -> None:
    assert 0.0 <= alike(one, other) == alike(other, one) <= 1.0
    assert alike(one, one) == (1.0 if pairs_of(one) else 0.0)


def test_a_very_long_text_keeps_its_beginning() -> None:
    many = "".join(chr(0x4E00 + n) for n in range(4000))

    assert len(pairs_of(many)) == MOST_PAIRS
    assert pairs_of(many) == pairs_of(many[: MOST_PAIRS + 1])
