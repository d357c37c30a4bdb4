"""The redo, the ends, and mergers: what belongs to which round, and what stays."""

from datetime import datetime, timedelta

import pytest

from community.complaints.lifecycle import round_of
from community.complaints.models import EventType, Source, Status
from tests.community.complaints.story import (
    ACCEPT,
    CANCELLED,
    DONE,
    FEEDBACK,
    LATE,
    MET,
    RESULT,
    RUNNING,
    Story,
    after,
)

ONE_SECOND = timedelta(seconds=1)


def redone(story: Story, at: datetime) -> Story:
    story.told(EventType.RATED, at).told(EventType.REDONE, at, round_=2, source=Source.SYSTEM)
    return story


def test_a_redo_keeps_the_unit_and_starts_fresh_feedback_and_result() -> None:
    story = redone(Story.assigned("环卫所").told(EventType.ANSWERED, after(minutes=20)), after(hours=3))

    seen = story.seen()

    assert (seen.status, seen.round, seen.answered_at, seen.rate_by) == (Status.IN_PROGRESS, 2, None, None)
    assert seen.responsible
    assert seen.responsible.unit == "环卫所"
    assert story.states() == DONE
    assert story.states(round_=2) == {FEEDBACK: RUNNING, RESULT: RUNNING}
    assert story.due(FEEDBACK) == after(hours=27)
    assert story.due(RESULT) == after(days=7, hours=3)


def test_a_late_result_of_the_first_round_does_not_end_the_second() -> None:
    story = redone(Story.assigned().told(EventType.ANSWERED, after(hours=1)), after(hours=3))

    story.told(EventType.ANSWERED, after(hours=2), round_=1)

    assert story.seen().status is Status.IN_PROGRESS
    assert story.states(round_=2) == {FEEDBACK: RUNNING, RESULT: RUNNING}


def test_the_second_result_answers_the_second_round() -> None:
    story = redone(Story.assigned().told(EventType.ANSWERED, after(hours=1)), after(hours=3))

    story.told(EventType.ANSWERED, after(days=1), round_=2)

    assert (story.seen().status, story.seen().answered_at) == (Status.ANSWERED, after(days=1))
    assert story.states(round_=2) == {FEEDBACK: MET, RESULT: MET}


def test_the_redo_begins_its_round_whatever_the_clock_of_the_core_says() -> None:
    story = Story.assigned().told(EventType.ANSWERED, after(hours=1))
    story.told(EventType.FEEDBACK, after(hours=2), round_=2)  # the core's clock is an hour slow

    redone(story, after(hours=3))

    assert [each.started_at for each in story.seen().timers if each.round == 2] == [after(hours=3)] * 2
    assert story.states(round_=2) == {FEEDBACK: MET, RESULT: RUNNING}


def test_a_core_that_begins_the_second_round_itself_leaves_no_promise_of_the_first_running() -> None:
    story = Story.assigned().told(EventType.IN_PROGRESS, after(hours=2), round_=2)

    assert story.states() == {ACCEPT: LATE, FEEDBACK: CANCELLED, RESULT: CANCELLED}
    assert story.seen().round == 2


def test_an_extension_asked_for_in_the_first_round_does_not_count_in_the_second() -> None:
    story = Story.assigned().told(EventType.EXTENSION_REQUESTED, after(hours=1))
    redone(story.told(EventType.ANSWERED, after(hours=2)), after(hours=3))

    story.told(EventType.EXTENSION_GRANTED, after(days=9), due_at=after(days=12), round_=2)

    results = [each for each in story.seen().timers if each.kind is RESULT and each.round == 2]
    assert [each.state for each in results] == [LATE, RUNNING]


@pytest.mark.parametrize("end", [EventType.CLOSED, EventType.NOT_ACCEPTED, EventType.WITHDRAWN])
def test_what_has_ended_stays_ended(end: EventType) -> None:
    story = Story.assigned().told(end, after(hours=1))
    status = story.seen().status
    for late in (EventType.ACCEPTED, EventType.ANSWERED, EventType.RETURNED, EventType.ASSIGNED, EventType.UNMERGED):
        story.told(late, after(hours=2), unit="城管队")

    assert story.seen().status is status


def test_withdrawn_stays_withdrawn_though_a_result_from_before_arrives() -> None:
    story = Story.assigned().told(EventType.WITHDRAWN, after(hours=1)).told(EventType.ANSWERED, after(minutes=50))

    assert story.seen().status is Status.WITHDRAWN
    assert story.seen().rate_by is None


def test_our_own_closing_does_not_undo_a_result_of_a_core_whose_clock_is_ahead() -> None:
    story = Story.assigned().told(EventType.ANSWERED, after(hours=1, minutes=4))
    story.told(EventType.RATED, after(hours=1)).told(EventType.CLOSED, after(hours=1), source=Source.SYSTEM)

    assert story.seen().status is Status.CLOSED
    assert story.states()[RESULT] is MET


def test_parted_again_it_stands_as_if_it_had_never_been_merged() -> None:
    story = Story.assigned().told(EventType.ACCEPTED, after(minutes=10))
    before = story.seen(after(hours=25))

    story.told(EventType.MERGED, after(hours=1))
    assert story.states(after(hours=25)) == {ACCEPT: MET, FEEDBACK: CANCELLED, RESULT: CANCELLED}
    story.told(EventType.UNMERGED, after(hours=2))

    assert story.seen(after(hours=25)) == before


def test_an_event_without_a_round_belongs_to_the_round_of_its_instant() -> None:
    redos = [after(hours=3)]

    assert round_of(after(hours=3) - ONE_SECOND, redos) == 1
    assert round_of(after(hours=3), redos) == 2
    assert round_of(after(hours=9), []) == 1


@pytest.mark.parametrize(("told", "redos", "round_"), [(1, 1, 1), (2, 1, 2), (7, 1, 2), (7, 0, 1), (2, 0, 1)])
def test_a_told_round_counts_as_far_as_there_were_redos(told: int, redos: int, round_: int) -> None:
    assert round_of(after(hours=9), [after(hours=3)] * redos, told=told) == round_
