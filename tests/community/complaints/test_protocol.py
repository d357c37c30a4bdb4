"""What the core tells is read as Open311 is written, and nothing it says can break us."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from community.complaints.dispatch.protocol import CORE_ZONE, CoreUpdate, body_hash, storable
from community.complaints.models import EventType, Source

TOLD: dict[str, Any] = {
    "update_id": "U1",
    "service_request_id": "FB1",
    "updated_datetime": "2026-11-20T21:06:00+08:00",
    "status": "OPEN",
    "event": "assigned",
}
AT = datetime(2026, 11, 20, 13, 6, tzinfo=UTC)


def read(**changes: Any) -> CoreUpdate:
    return CoreUpdate.model_validate(TOLD | changes)


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("2026-11-20T21:06:00+08:00", AT),
        ("2026-11-20T13:06:00Z", AT),
        ("2026-11-20T21:06:00", AT),
        ("2026-11-20 21:06", AT),
        (" 2026-11-20T21:06:00.5 ", AT + timedelta(seconds=0.5)),
        (int(AT.timestamp()), AT),
        ("2026-11-20", datetime(2026, 11, 19, 16, 0, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_the_local_one_of_the_core(written: Any, means: datetime) -> None:
    assert read(updated_datetime=written).updated_datetime == means
    assert read(due_datetime=written).due_datetime == means
    assert CORE_ZONE.utcoffset(AT) == timedelta(hours=8)


@pytest.mark.parametrize(
    "written",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1969-12-31T00:00:00Z",
        "2200-01-02T00:00:00Z",
        "yesterday",
        "2026-02-30T00:00:00Z",
        "",
        None,
        True,
        [],
        {},
        1e300,
        float("nan"),
        -1,
    ],
)
def test_an_impossible_time_is_refused_and_says_where(written: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        read(updated_datetime=written)
    assert [fault["loc"] for fault in caught.value.errors()] == [("updated_datetime",)]


@pytest.mark.parametrize("absent", ["", None])
def test_empty_is_absent(absent: str | None) -> None:
    names = [name for name in CoreUpdate.model_fields if name not in TOLD] + ["status", "service_request_id", "event"]
    without = {name: value for name, value in TOLD.items() if name not in names}

    assert read(**dict.fromkeys(names, absent)).as_event() == CoreUpdate.model_validate(without).as_event()


def test_ids_may_come_as_numbers_and_one_picture_alone() -> None:
    update = read(update_id=17, service_request_id=4, status=1, media_url="https://core/1.jpg")

    assert (update.update_id, update.service_request_id, update.status) == ("17", "4", "1")
    assert update.media_url == ["https://core/1.jpg"]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("update_id", ""),
        ("update_id", "x" * 129),
        ("update_id", None),
        ("update_id", ["U1"]),
        ("update_id", True),
        ("status", ["OPEN"]),
        ("event", 5),
        ("sequence", -1),
        ("sequence", "first"),
        ("sequence", 2**62),
        ("round", 0),
        ("media_url", {"0": "x"}),
        ("media_url", [1]),
        ("agency_responsible", {"name": "x"}),
        ("agency_phone", "1" * 33),
    ],
)
def test_a_wrong_field_is_refused_and_named(field: str, wrong: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        read(**{field: wrong})
    assert {fault["loc"][0] for fault in caught.value.errors()} == {field}


@pytest.mark.parametrize(
    ("event", "status", "means"),
    [
        ("assigned", "CLOSED", EventType.ASSIGNED),
        ("ANSWERED", "", EventType.ANSWERED),
        ("", "IN_PROGRESS", EventType.IN_PROGRESS),
        (None, "in progress", EventType.IN_PROGRESS),
        (None, "No-Further-Action", EventType.CLOSED),
        (None, "NOT_COUNCILS_RESPONSIBILITY", EventType.NOT_ACCEPTED),
        (None, "fixed", EventType.ANSWERED),
        (None, "unchanged", EventType.NOTE),
        (None, "DUPLICATE", EventType.MERGED),
        (None, "INTERNAL_REFERRAL", EventType.TRANSFERRED),
        ("inspected", "OPEN", None),
        (None, "HALF_FIXED", None),
        ("", "", None),
    ],
)
def test_the_event_says_what_happened_and_without_one_the_status(
    event: str | None, status: str, means: EventType | None
) -> None:
    assert read(event=event, status=status).event_type() is means


@pytest.mark.parametrize(
    "ours", ["submitted", "pushed", "supplemented", "urged", "rated", "redone", "withdrawn", "deadline_changed"]
)
def test_the_core_cannot_say_what_is_ours_to_say(ours: str) -> None:
    assert read(event=ours).event_type() is None
    assert read(event=ours).as_event().type is EventType.NOTE


def test_an_unknown_word_is_kept_as_a_note_with_the_word() -> None:
    event = read(event="inspected", description="去看过了").as_event()

    assert (event.type, event.source, event.text) == (EventType.NOTE, Source.CORE, "去看过了")
    assert event.detail["unknown_event"] == "inspected"


def test_the_code_of_a_reason_is_kept_and_a_picture_that_came_along_is_not_kept_twice() -> None:
    event = read(external_status_code=17, media_url=["https://core/1.jpg", "data:image/png;base64,aGk="]).as_event()

    assert (event.detail["reason_code"], event.detail["media_urls"]) == ("17", ["https://core/1.jpg"])
    assert "reason_code" not in read().as_event().detail


@pytest.mark.parametrize(
    ("public", "shown"),
    [
        ({}, "给单位看的"),
        ({"public_text": "给居民看的"}, "给居民看的"),
        ({"public_text": None}, "给单位看的"),
        ({"public_text": ""}, "给单位看的"),
    ],
)
def test_the_public_text_is_shown_where_there_is_one(public: dict[str, Any], shown: str) -> None:
    assert read(description="给单位看的", **public).as_event().text == shown


def test_characters_nobody_can_read_are_left_out_of_every_text() -> None:
    update = read(
        update_id="U\x001",
        description="桌椅\x0b已\ud800收回\r\n店内\x85",
        agency_responsible="城管\x00队",
        media_url=["\x00"],
    )

    assert (update.update_id, update.description) == ("U1", "桌椅已收回\n店内")
    assert (update.agency_responsible, update.media_url) == ("城管队", [""])


@pytest.mark.parametrize("external", ["not-a-uuid", "", None, 5])
def test_a_foreign_id_that_is_not_ours_is_none_of_ours(external: Any) -> None:
    assert read(external_id=external).complaint_id is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
times = st.one_of(
    json_values,
    st.datetimes().map(str),
    st.datetimes(timezones=st.just(timezone(timedelta(hours=14)))).map(datetime.isoformat),
    st.dates().map(str),
    st.floats(),
    st.integers(-(2**70), 2**70),
)
nearly_updates = st.fixed_dictionaries(
    {}, optional={name: times if "datetime" in name else json_values for name in CoreUpdate.model_fields}
)


@given(json_values | nearly_updates)
@example({"updated_datetime": datetime.min.isoformat()})  # noqa: DTZ901 - the edge is the point
@example(dict.fromkeys(CoreUpdate.model_fields, "\ud800"))
@example(TOLD | {"status": 10**5000})
@settings(max_examples=120, deadline=None)
def test_no_json_makes_reading_fail_but_with_a_refusal(told: Any) -> None:
    try:
        update = CoreUpdate.model_validate(told)
    except ValidationError:
        return
    update.as_event()
    json.dumps(update.model_dump(mode="json"), allow_nan=False).encode()


@given(json_values)
@settings(max_examples=60, deadline=None)
def test_what_is_storable_is_plain_json_and_stays_the_same(value: Any) -> None:
    kept = storable(value)

    assert storable(kept) == kept
    text = json.dumps(kept, allow_nan=False, ensure_ascii=False)
    assert "\x00" not in text
    text.encode()
    assert "\\u0000" not in text


def test_only_the_meaning_of_a_body_counts_for_its_hash() -> None:
    one, same, other = ({"a": 1, "b": ["甲", None]}, {"b": ["甲", None], "a": 1}, {"a": 1, "b": ["乙", None]})

    assert body_hash(one) == body_hash(same) != body_hash(other)
    assert body_hash({"a": "\ud800"}) != body_hash({"a": ""})
