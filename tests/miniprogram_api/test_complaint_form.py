"""What the form asks before a complaint is filed, and what it refuses."""

import json
from typing import Any

import pytest

from community.complaints.categories import categories
from foundation.clock import FrozenClock
from foundation.words import say
from miniprogram_api.complaint_form import ADVICE, CALM_ADVICE
from tests.community.complaints.line import Unit
from tests.conftest import Client
from tests.miniprogram_api.complaint_fixtures import of, unit
from tests.miniprogram_api.test_complaint_lists import PUBLIC
from tests.phone import API, Answer, Phone
from tests.town import Town

__all__ = ["unit"]
LAMP = "三号楼二单元的楼道灯坏了，晚上看不见路"
INSIDE = {"lng": 114.0289, "lat": 22.6597, "datum": "gcj02"}


async def similar(phone: Phone, text: str = "楼道灯坏了好几天，晚上看不见", **more: str) -> list[dict[str, Any]]:
    answer = await phone.get("/complaints/similar", params={"text": text, **more})
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.body["items"]
    return found


def _leaf(tree: list[dict[str, Any]], code: str) -> dict[str, Any]:
    return next(
        leaf for top in tree for middle in top["children"] for leaf in middle["children"] if leaf["code"] == code
    )


def pointers(answer: Answer) -> list[tuple[str, str]]:
    assert answer.status == 422, answer.body
    return [(error["pointer"], error["code"]) for error in answer.body["errors"]]


async def test_the_tree_is_everybodys_and_its_leaves_are_all_categories(api: Client) -> None:
    async with api.get(f"{API}/complaint-categories") as answer:
        tree = (await answer.json())["items"]

    leaves = {
        leaf["code"]: (top["name"], middle["name"], leaf["name"])
        for top in tree
        for middle in top["children"]
        for leaf in middle["children"]
    }
    assert leaves == {code: category.path for code, category in categories().items()}
    assert all(node["code"] is None for node in tree)
    noise = _leaf(tree, "127")
    assert noise["questions"][0]["choices"] == ["白天", "晚上", "半夜", "整天"]


async def test_an_english_reader_is_shown_english_names_and_sends_the_same_answers(phone: Phone) -> None:
    english = {"Accept-Language": "en"}
    tree = (await phone.get("/complaint-categories", headers=english)).body["items"]
    noise = _leaf(tree, "127")

    assert noise["name"] == "Noise"
    assert noise["questions"][0]["text"] == "When is it loudest?"
    assert noise["questions"][0]["choice_names"][2] == "at midnight"
    answer = {"when": noise["questions"][0]["choices"][2]}
    body = {"text": "工地半夜打桩", "category": "127", "answers": answer}
    filed = await phone.post("/complaints", body, key="an-english-reader-1", headers=english)
    assert filed.body["category"]["path"] == ["Environment", "Pollution", "Noise"]


async def test_a_guess_names_the_category_with_its_way_down(phone: Phone) -> None:
    guessed = (await phone.get("/complaint-categories/suggestion", params={"text": "楼下烧烤店油烟很大"})).body["items"]

    assert guessed[0]["code"] == "130"
    assert guessed[0]["path"] == list(categories()["130"].path)
    assert 0 < guessed[0]["confidence"] <= 1
    assert len(guessed) <= 3
    assert (await phone.get("/complaint-categories/suggestion", params={"text": "你好"})).body["items"] == []


@pytest.mark.parametrize("path", ["/complaint-categories/suggestion", "/complaints/similar", "/complaints/emergency"])
async def test_what_was_typed_must_be_between_one_and_eight_hundred_characters(phone: Phone, path: str) -> None:
    for text, expected in (
        ("", "too_short"),
        (" \n", "too_short"),
        ("长" * 801, "too_long"),
        ("a\x00b", "control_character"),
    ):
        assert pointers(await phone.get(path, params={"text": text})) == [("/text", expected)]
    assert pointers(await phone.get(path)) == [("/text", "missing")]
    assert (await phone.get(path, params={"text": "长" * 800})).status == 200


async def test_what_neighbours_filed_about_the_same_thing_is_found_without_their_words(
    phone: Phone, neighbour: Phone
) -> None:
    lamp = await neighbour.file(LAMP)
    await neighbour.file("烧烤店占道经营，油烟很大")

    [found] = await similar(phone)

    assert found["complaint"]["id"] == lamp["id"]
    assert set(found["complaint"]) == PUBLIC
    assert found["complaint"]["place"]["name"] == "北苑社区"
    assert "楼道灯" not in json.dumps(found, ensure_ascii=False)
    assert 0.2 <= found["likeness"] <= 1


async def test_confidential_ended_old_distant_and_own_ones_are_never_found(
    phone: Phone, neighbour: Phone, unit: Unit, town: Town, clock: FrozenClock
) -> None:
    await neighbour.file(LAMP)
    clock.advance(days=30, seconds=1)
    await phone.file(LAMP)
    await neighbour.file(LAMP, confidential=True)
    await neighbour.file(LAMP, location=INSIDE)  # a pin alone is in no community we know
    await neighbour.file(LAMP, place_id=str(town.street.id))
    withdrawn = await neighbour.file(LAMP)
    await neighbour.post(of(withdrawn, "withdrawal"), {"reason": "不用了"})
    for status in ("not_accepted", "merged"):
        await unit.brings(await neighbour.file(LAMP), status)
    assert await similar(phone) == []

    open_one = await neighbour.file(LAMP)

    assert [each["complaint"]["id"] for each in await similar(phone)] == [open_one["id"]]


async def test_the_most_alike_come_first_and_at_most_five(phone: Phone, neighbour: Phone) -> None:
    for number in range(6):
        await neighbour.file(LAMP + "，请尽快来修理一下" * number)

    found = await similar(phone, LAMP)

    assert len(found) == 5
    assert [each["likeness"] for each in found] == sorted((each["likeness"] for each in found), reverse=True)
    assert found[0]["likeness"] == 1.0


async def test_the_place_may_be_named(phone: Phone, neighbour: Phone, town: Town) -> None:
    await neighbour.file(LAMP)

    assert len(await similar(phone, place_id=str(town.building.id))) == 1
    for place_id, expected in (("x", "bad_id"), ("999999", "unknown_place")):
        answer = await phone.get("/complaints/similar", params={"text": "路灯", "place_id": place_id})
        assert pointers(answer) == [("/place_id", expected)]


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
async def test_danger_names_whom_to_call_and_keeps_nobody_from_filing(phone: Phone, language: str) -> None:
    headers = {"Accept-Language": language}
    danger = (await phone.get("/complaints/emergency", params={"text": "楼上着火了"}, headers=headers)).body
    calm = (await phone.get("/complaints/emergency", params={"text": "路灯坏了"}, headers=headers)).body

    assert (danger["emergency"], calm["emergency"]) == (True, False)
    assert [each["number"] for each in danger["numbers"]] == ["119"]
    assert {each["number"] for each in calm["numbers"]} == {"119", "110", "120"}
    assert (danger["advice"], calm["advice"]) == (say(ADVICE, language), say(CALM_ADVICE, language))
    await phone.file("楼上着火了，快来人")


REFUSED: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({}, [("/text", "missing")]),
    ({"text": "四个字啊"}, [("/text", "too_short")]),
    ({"text": "   路灯   "}, [("/text", "too_short")]),
    ({"text": "长" * 4001}, [("/text", "too_long")]),
    ({"text": "路灯坏\x07了三天"}, [("/text", "control_character")]),
    ({"text": 5}, [("/text", "wrong_type")]),
    ({"text": "路灯坏了三天", "colour": "red"}, [("/colour", "unknown_field")]),
    ({"text": "路灯坏了三天", "category": "999"}, [("/category", "unknown_category")]),
    (
        {"text": "路灯坏了三天", "category": "127", "answers": {"when": "下雨"}},
        [("/answers/when", "answer_does_not_fit")],
    ),
    ({"text": "路灯坏了三天", "answers": {"when": "半夜"}}, [("/answers/when", "answer_does_not_fit")]),
    ({"text": "路灯坏了三天", "place_id": "999999"}, [("/place_id", "unknown_place")]),
    ({"text": "路灯坏了三天", "place_id": 1}, [("/place_id", "bad_id")]),
    ({"text": "路灯坏了三天", "location": {"lng": 114.0, "lat": 22.6}}, [("/location/datum", "missing")]),
    (
        {"text": "路灯坏了三天", "location": {"lng": 181, "lat": 22.6, "datum": "wgs84"}},
        [("/location/lng", "too_large")],
    ),
    (
        {"text": "路灯坏了三天", "location": {"lng": 114.0, "lat": 22.6, "datum": "bd09"}},
        [("/location/datum", "not_allowed")],
    ),
    (
        {"text": "路灯坏了三天", "location": {"lng": 113.2, "lat": 23.1, "datum": "gcj02"}},
        [("/location", "location_outside_district")],
    ),
    ({"text": "路灯坏了三天", "media_ids": ["x"]}, [("/media_ids/0", "bad_id")]),
    (
        {"text": "路灯坏了三天", "media_ids": [f"018f0000-0000-7000-8000-00000000000{n}" for n in range(10)]},
        [("/media_ids", "too_many")],
    ),
    ({"text": "路灯坏了三天", "on_behalf_of": {"name": "王奶奶"}}, [("/on_behalf_of/phone", "missing")]),
    ({"text": "路灯坏了三天", "confidential": "yes"}, [("/confidential", "wrong_type")]),
]


async def test_what_does_not_fit_is_refused_by_the_name_of_its_field(phone: Phone) -> None:
    for body, expected in REFUSED:
        assert pointers(await phone.post("/complaints", body)) == expected
    assert (await phone.get("/complaints")).body["items"] == []


async def test_without_a_place_the_home_is_meant_and_a_pin_stands_for_itself(phone: Phone, town: Town) -> None:
    at_home, pinned, named = (
        await phone.file(),
        await phone.file(location=INSIDE),
        await phone.file(place_id=str(town.grid.id)),
    )

    assert at_home["place"]["id"] == str(town.building.id)
    assert pinned["place"] is None
    assert named["place"]["name"] == "第三网格"


async def test_a_complaint_of_five_and_one_of_four_thousand_characters_are_taken(phone: Phone) -> None:
    for text in ("路灯坏了呀", "长" * 4000, "第一行\n第二行\t尾"):
        assert (await phone.file(text))["text"] == text
