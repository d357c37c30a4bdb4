"""The rules of a complaint: what each event does to its state, its promises and who answers for it."""

from datetime import datetime, timedelta

import pytest

from community.complaints.lifecycle import clamp
from community.complaints.models import DeadlineKind, DeadlineState, EventType, Status
from tests.community.complaints.story import (
    ACCEPT,
    CANCELLED,
    DONE,
    FEEDBACK,
    FRESH,
    HEARD,
    LATE,
    MONDAY,
    PAUSED,
    RESULT,
    RUNNING,
    TAKEN,
    Story,
    after,
)

ENDED = {ACCEPT: CANCELLED, FEEDBACK: CANCELLED, RESULT: CANCELLED}

TABLE = [
    (EventType.ASSIGNED, Status.ASSIGNED, FRESH),
    (EventType.ACCEPTED, Status.ACCEPTED, TAKEN),
    (EventType.FEEDBACK, Status.IN_PROGRESS, HEARD),
    (EventType.IN_PROGRESS, Status.IN_PROGRESS, TAKEN),
    (EventType.NOTE, Status.ASSIGNED, FRESH),
    (EventType.RETURNED, Status.PUSHED, FRESH | {ACCEPT: CANCELLED, FEEDBACK: CANCELLED}),
    (EventType.TRANSFERRED, Status.ASSIGNED, FRESH),
    (EventType.CO_HANDLER_ADDED, Status.ASSIGNED, FRESH),
    (EventType.EXTENSION_REQUESTED, Status.ASSIGNED, FRESH),
    (EventType.EXTENSION_GRANTED, Status.ASSIGNED, FRESH),
    (EventType.EXTENSION_REFUSED, Status.ASSIGNED, FRESH),
    (EventType.WAITING_FOR_RESIDENT, Status.ASSIGNED, {ACCEPT: PAUSED, FEEDBACK: PAUSED, RESULT: PAUSED}),
    (EventType.RESUMED, Status.ASSIGNED, FRESH),
    (EventType.URGING_LETTER, Status.ASSIGNED, FRESH),
    (EventType.REMINDER_LETTER, Status.ASSIGNED, FRESH),
    (EventType.SUPERVISION_LETTER, Status.ASSIGNED, FRESH),
    (EventType.SPECIAL_REPORT, Status.ASSIGNED, FRESH),
    (EventType.ANSWERED, Status.ANSWERED, DONE),
    (EventType.RETURN_VISITED, Status.ASSIGNED, FRESH),
    (EventType.SUPERVISED, Status.ASSIGNED, FRESH),
    (EventType.CLOSED, Status.CLOSED, ENDED),
    (EventType.NOT_ACCEPTED, Status.NOT_ACCEPTED, ENDED),
    (EventType.MERGED, Status.MERGED, ENDED),
    (EventType.UNMERGED, Status.ASSIGNED, FRESH),
    (EventType.SUPPLEMENTED, Status.ASSIGNED, FRESH),
    (EventType.URGED, Status.ASSIGNED, FRESH),
    (EventType.RATED, Status.ASSIGNED, FRESH),
    (EventType.WITHDRAWN, Status.WITHDRAWN, ENDED),
    (EventType.DEADLINE_CHANGED, Status.ASSIGNED, FRESH),
    (EventType.SUBMITTED, Status.ASSIGNED, FRESH),
    (EventType.PUSHED, Status.ASSIGNED, FRESH),
]


@pytest.mark.parametrize(("event", "status", "states"), TABLE, ids=[row[0].value for row in TABLE])
def test_each_event_gives_the_status_and_promises_of_the_table(
    event: EventType, status: Status, states: dict[DeadlineKind, DeadlineState]
) -> None:
    story = Story.assigned().told(event, after(minutes=10))

    assert story.seen().status is status
    assert story.states() == states


def test_the_table_names_every_event() -> None:
    assert {row[0] for row in TABLE} | {EventType.REDONE} == set(EventType)


@pytest.mark.parametrize(
    ("told", "status"),
    [((EventType.SUBMITTED,), Status.SUBMITTED), ((EventType.SUBMITTED, EventType.PUSHED), Status.PUSHED)],
)
def test_before_anything_is_assigned_nothing_is_promised(told: tuple[EventType, ...], status: Status) -> None:
    story = Story()
    for each in told:
        story.told(each, after())

    assert story.seen().status is status
    assert story.seen().timers == ()
    assert story.seen().responsible is None


def test_a_status_never_falls() -> None:
    story = Story.assigned().told(EventType.ANSWERED, after(hours=1))
    for each in (EventType.ASSIGNED, EventType.ACCEPTED, EventType.IN_PROGRESS, EventType.FEEDBACK, EventType.RETURNED):
        story.told(each, after(hours=2))

    assert story.seen().status is Status.ANSWERED


def test_a_case_is_returned_once_and_then_assigned_anew_with_fresh_promises() -> None:
    story = Story.assigned("环卫所").told(EventType.RETURNED, after(minutes=10))
    assert story.seen().responsible is None

    story.told(EventType.ASSIGNED, after(minutes=40), unit="城管队")

    assert story.seen().status is Status.ASSIGNED
    assert [(each.kind, each.state) for each in story.seen().timers] == [
        (ACCEPT, CANCELLED),
        (FEEDBACK, CANCELLED),
        (RESULT, RUNNING),
        (ACCEPT, RUNNING),
        (FEEDBACK, RUNNING),
    ]
    assert story.due(ACCEPT) == after(minutes=70)
    assert story.due(RESULT) == after(days=7)
    assert [(each.unit, each.from_at, each.to_at) for each in story.seen().responsibilities] == [
        ("环卫所", after(), after(minutes=10)),
        ("城管队", after(minutes=40), None),
    ]


def test_a_second_return_changes_nothing() -> None:
    story = Story.assigned().told(EventType.RETURNED, after(minutes=1))
    story.told(EventType.ASSIGNED, after(minutes=2), unit="城管队").told(EventType.ACCEPTED, after(minutes=3))
    before = story.seen(after(hours=1))

    story.told(EventType.RETURNED, after(minutes=4))

    assert story.seen(after(hours=1)) == before


def test_a_return_after_the_result_takes_the_unit_away_no_more() -> None:
    story = Story.assigned("环卫所").told(EventType.ANSWERED, after(hours=1))
    before = story.seen(after(hours=3))

    story.told(EventType.RETURNED, after(hours=2))

    assert story.seen(after(hours=3)) == before
    story.told(EventType.REDONE, after(hours=4), round_=2).told(EventType.RETURNED, after(hours=5), round_=2)
    assert (story.seen().status, story.seen().responsible) == (Status.IN_PROGRESS, before.responsible)


@pytest.mark.parametrize("event", [EventType.ACCEPTED, EventType.NOTE, EventType.URGING_LETTER, EventType.ANSWERED])
def test_a_new_duty_phone_of_the_responsible_unit_is_news_with_whatever_it_comes(event: EventType) -> None:
    story = Story.assigned("环卫所").told(EventType.ACCEPTED, after(minutes=5), unit="环卫所", duty_phone="0755-1")

    story.told(event, after(minutes=9), unit="环卫所", duty_phone="0755-2")
    story.told(EventType.NOTE, after(minutes=10), unit="水务所", duty_phone="0755-3")

    responsible = story.seen().responsible
    assert responsible
    assert (responsible.unit, responsible.duty_phone, responsible.from_at) == ("环卫所", "0755-2", after())


def test_a_promise_broken_before_the_return_stays_broken() -> None:
    story = Story.assigned().told(EventType.RETURNED, after(minutes=31))

    assert [timer.state for timer in story.seen().timers if timer.kind is ACCEPT] == [LATE]


def test_a_second_word_of_assignment_only_changes_the_unit() -> None:
    story = Story.assigned("环卫所").told(EventType.ASSIGNED, after(minutes=10), unit="城管队", duty_phone="0755-1")

    assert len(story.seen().timers) == 3
    responsible = story.seen().responsible
    assert responsible
    assert (responsible.unit, responsible.duty_phone, responsible.from_at) == ("城管队", "0755-1", after(minutes=10))


def test_a_helping_unit_stands_beside_the_one_responsible() -> None:
    story = Story.assigned("环卫所").told(EventType.CO_HANDLER_ADDED, after(minutes=5), unit="水务所")

    assert [(each.unit, each.helping) for each in story.seen().responsibilities] == [
        ("环卫所", False),
        ("水务所", True),
    ]
    responsible = story.seen().responsible
    assert responsible
    assert responsible.unit == "环卫所"


def test_a_transfer_moves_the_responsibility_and_no_promise() -> None:
    story = Story.assigned("环卫所")
    before = [(each.kind, each.due_at) for each in story.seen().timers]

    story.told(EventType.TRANSFERRED, after(minutes=20), unit="水务所")

    assert [(each.unit, each.to_at) for each in story.seen().responsibilities] == [
        ("环卫所", after(minutes=20)),
        ("水务所", None),
    ]
    assert [(each.kind, each.due_at) for each in story.seen().timers] == before
    assert story.seen().status is Status.ASSIGNED


def test_the_sequence_of_the_core_wins_over_its_clock() -> None:
    story = Story.assigned("环卫所")
    story.told(EventType.RETURNED, after(hours=2), sequence=2)
    story.told(EventType.ASSIGNED, after(hours=1), sequence=3, unit="城管队")

    assert story.seen().status is Status.ASSIGNED
    responsible = story.seen().responsible
    assert responsible
    assert responsible.unit == "城管队"


def test_what_is_returned_and_assigned_anew_in_one_second_is_assigned() -> None:
    for order in ((EventType.RETURNED, EventType.ASSIGNED), (EventType.ASSIGNED, EventType.RETURNED)):
        story = Story.assigned("环卫所")
        for each in order:
            story.told(each, after(hours=1), unit="城管队" if each is EventType.ASSIGNED else None)

        assert story.seen().status is Status.ASSIGNED
        responsible = story.seen().responsible
        assert responsible
        assert responsible.unit == "城管队"


@pytest.mark.parametrize(
    ("said", "counts_as"),
    [
        (MONDAY - timedelta(days=900), MONDAY),
        (MONDAY + timedelta(minutes=1), MONDAY + timedelta(minutes=1)),
        (MONDAY + timedelta(hours=1, minutes=5), MONDAY + timedelta(hours=1, minutes=5)),
        (MONDAY + timedelta(days=900), MONDAY + timedelta(hours=1, minutes=5)),
    ],
)
def test_an_impossible_instant_is_brought_between_filing_and_five_minutes_from_now(
    said: datetime, counts_as: datetime
) -> None:
    assert clamp(said, filed_at=MONDAY, received_at=MONDAY + timedelta(hours=1)) == counts_as
