"""Promises with an instant: met and late to the second, moved, stopped and never rewritten."""

from datetime import datetime, timedelta

import pytest

from community.complaints.models import DeadlineKind, EventType, Source, Status
from tests.community.complaints.story import (
    ACCEPT,
    DONE,
    FEEDBACK,
    FRESH,
    LATE,
    MET,
    PAUSED,
    RESULT,
    RUNNING,
    TAKEN,
    Story,
    after,
)

ONE_SECOND = timedelta(seconds=1)


def test_the_promises_run_from_the_assignment() -> None:
    story = Story.assigned()

    assert story.due(ACCEPT) == after(minutes=30)
    assert story.due(FEEDBACK) == after(hours=24)
    assert story.due(RESULT) == after(days=7)  # five working days, a weekend between


@pytest.mark.parametrize(
    ("event", "kind", "due"),
    [
        (EventType.ACCEPTED, ACCEPT, after(minutes=30)),
        (EventType.FEEDBACK, FEEDBACK, after(hours=24)),
        (EventType.ANSWERED, RESULT, after(days=7)),
    ],
)
def test_met_at_the_instant_is_in_time_and_one_second_later_is_late(
    event: EventType, kind: DeadlineKind, due: datetime
) -> None:
    assert Story.assigned().told(event, due).states()[kind] is MET
    assert Story.assigned().told(event, due + ONE_SECOND).states()[kind] is LATE


def test_not_met_it_runs_at_the_instant_and_is_late_one_second_later() -> None:
    story = Story.assigned()

    assert story.states(after(minutes=30))[ACCEPT] is RUNNING
    assert story.states(after(minutes=30, seconds=1)) == FRESH | {ACCEPT: LATE}


def test_late_stays_late_when_it_is_met_at_last_and_says_why() -> None:
    story = Story.assigned().told(EventType.ACCEPTED, after(hours=1), text="值班电话占线")

    accept = story.seen().timers[0]

    assert (accept.state, accept.met_at, accept.reason) == (LATE, after(hours=1), "值班电话占线")


def test_a_result_that_comes_first_also_meets_signing_and_feedback() -> None:
    story = Story.assigned().told(EventType.ANSWERED, after(minutes=20))

    assert story.states() == DONE
    assert story.seen().answered_at == after(minutes=20)
    assert story.seen().rate_by == after(days=7, minutes=20)


def test_it_may_be_rated_for_seven_days_from_when_the_result_could_be_seen() -> None:
    told = Story.assigned().told(EventType.ANSWERED, after(minutes=20), received_at=after(days=9))

    assert told.seen().answered_at == after(minutes=20)
    assert told.seen().rate_by == after(days=16)
    told.told(EventType.ANSWERED, after(minutes=10), received_at=after(days=12))
    assert (told.seen().answered_at, told.seen().rate_by) == (after(minutes=10), after(days=16))


def test_a_signature_told_after_the_result_still_fills_its_own_instant() -> None:
    story = Story.assigned().told(EventType.ANSWERED, after(hours=2)).told(EventType.ACCEPTED, after(minutes=5))

    accept = story.seen().timers[0]

    assert (accept.state, accept.met_at) == (MET, after(minutes=5))
    assert story.seen().status is Status.ANSWERED


def test_more_time_asked_for_before_the_instant_moves_the_promise() -> None:
    story = Story.assigned().told(EventType.EXTENSION_REQUESTED, after(days=6))
    story.told(EventType.EXTENSION_GRANTED, after(days=8), due_at=after(days=12), text="等配件")

    assert story.states(after(days=12))[RESULT] is RUNNING
    assert story.due(RESULT) == after(days=12)
    assert [each.reason for each in story.seen().timers if each.kind is RESULT] == ["等配件"]


def test_more_time_asked_for_after_the_instant_leaves_the_broken_promise_and_adds_a_new_one() -> None:
    story = Story.assigned().told(EventType.EXTENSION_REQUESTED, after(days=7, seconds=1))
    story.told(EventType.EXTENSION_GRANTED, after(days=8), due_at=after(days=12))

    results = [each for each in story.seen(after(days=9)).timers if each.kind is RESULT]

    assert [(each.state, each.due_at) for each in results] == [(LATE, after(days=7)), (RUNNING, after(days=12))]
    story.told(EventType.ANSWERED, after(days=10))
    assert [each.state for each in story.seen().timers if each.kind is RESULT] == [LATE, MET]


def test_a_refused_extension_is_forgotten_by_the_next_grant() -> None:
    story = Story.assigned().told(EventType.EXTENSION_REQUESTED, after(days=1))
    story.told(EventType.EXTENSION_REFUSED, after(days=2))
    story.told(EventType.EXTENSION_GRANTED, after(days=8), due_at=after(days=12))

    assert [each.state for each in story.seen().timers if each.kind is RESULT] == [LATE, RUNNING]


def test_an_extension_never_shortens() -> None:
    story = Story.assigned().told(EventType.EXTENSION_GRANTED, after(days=1), due_at=after(days=2))

    assert story.due(RESULT) == after(days=7)


def test_the_time_spent_waiting_for_the_resident_is_added() -> None:
    story = Story.assigned().told(EventType.WAITING_FOR_RESIDENT, after(minutes=10))
    assert story.states(after(days=3)) == {ACCEPT: PAUSED, FEEDBACK: PAUSED, RESULT: PAUSED}

    story.told(EventType.RESUMED, after(hours=2, minutes=10))

    assert story.states() == FRESH
    assert (story.due(ACCEPT), story.due(FEEDBACK)) == (after(hours=2, minutes=30), after(hours=26))


def test_waits_inside_one_another_count_once() -> None:
    story = Story.assigned().told(EventType.WAITING_FOR_RESIDENT, after(hours=1))
    story.told(EventType.WAITING_FOR_RESIDENT, after(hours=2)).told(EventType.RESUMED, after(hours=3))
    story.told(EventType.RESUMED, after(hours=4))

    assert story.due(FEEDBACK) == after(hours=26)


def test_two_waits_are_added_up() -> None:
    story = Story.assigned()
    for begins, ends in ((1, 2), (5, 8)):
        story.told(EventType.WAITING_FOR_RESIDENT, after(hours=begins)).told(EventType.RESUMED, after(hours=ends))

    assert story.due(FEEDBACK) == after(hours=28)


def test_what_was_late_before_the_wait_stays_late() -> None:
    story = Story.assigned().told(EventType.WAITING_FOR_RESIDENT, after(minutes=31))

    assert story.states()[ACCEPT] is LATE
    story.told(EventType.RESUMED, after(hours=5)).told(EventType.ACCEPTED, after(hours=5))
    assert story.states()[ACCEPT] is LATE


def test_what_is_met_while_waiting_is_measured_by_the_stopped_clock() -> None:
    story = Story.assigned().told(EventType.WAITING_FOR_RESIDENT, after(minutes=10))
    story.told(EventType.ACCEPTED, after(days=2))

    assert story.states()[ACCEPT] is MET


def test_a_wait_without_end_ends_by_itself() -> None:
    story = Story.assigned().told(EventType.WAITING_FOR_RESIDENT, after(minutes=10))

    assert story.states(after(days=7, minutes=10)) == {ACCEPT: PAUSED, FEEDBACK: PAUSED, RESULT: PAUSED}
    assert story.states(after(days=7, minutes=11)) == FRESH
    assert story.states(after(days=7, minutes=31))[ACCEPT] is LATE
    late = [each for each in story.seen(after(days=7, minutes=31)).timers if each.kind is ACCEPT]
    assert late[0].due_at == after(days=7, minutes=30)


def test_waits_stop_a_promise_for_seven_days_in_all_however_often_they_are_begun() -> None:
    story = Story.assigned()
    for day in range(12):
        story.told(EventType.WAITING_FOR_RESIDENT, after(days=day, minutes=10))

    assert story.states(after(days=12))[ACCEPT] is LATE

    story = Story.assigned()
    for day in range(12):
        story.told(EventType.WAITING_FOR_RESIDENT, after(days=day, hours=1))
        story.told(EventType.RESUMED, after(days=day, hours=24))
    assert story.due(FEEDBACK) == after(days=8)


def test_a_promise_that_waits_is_not_broken_when_more_time_is_given() -> None:
    story = Story.assigned().told(EventType.WAITING_FOR_RESIDENT, after(days=6))
    story.told(EventType.EXTENSION_GRANTED, after(days=8), due_at=after(days=12))
    story.told(EventType.RESUMED, after(days=9))

    assert [each.due_at for each in story.seen().timers if each.kind is RESULT] == [after(days=15)]


def test_the_residents_answer_lets_the_clocks_run_again() -> None:
    story = Story.assigned().told(EventType.WAITING_FOR_RESIDENT, after(minutes=10))
    story.told(EventType.SUPPLEMENTED, after(hours=2, minutes=10))

    assert story.states() == FRESH
    assert story.due(ACCEPT) == after(hours=2, minutes=30)
    story.told(EventType.RESUMED, after(hours=5))
    assert story.due(ACCEPT) == after(hours=2, minutes=30)


@pytest.mark.parametrize("answered", [False, True])
def test_what_was_kept_before_the_word_of_its_promise_is_kept(answered: bool) -> None:
    story = Story().told(EventType.SUBMITTED, after()).told(EventType.ACCEPTED, after(minutes=5), unit="环卫所")
    if answered:
        story.told(EventType.ANSWERED, after(minutes=6))
    story.told(EventType.ASSIGNED, after(minutes=10), unit="环卫所")

    assert story.states() == (DONE if answered else TAKEN)
    assert story.states(after(hours=25))[FEEDBACK] is (MET if answered else LATE)


@pytest.mark.parametrize("end", [EventType.WITHDRAWN, EventType.CLOSED, EventType.NOT_ACCEPTED])
def test_what_has_ended_is_promised_nothing_more(end: EventType) -> None:
    story = Story().told(EventType.SUBMITTED, after()).told(end, after(minutes=5))
    story.told(EventType.ASSIGNED, after(minutes=10), unit="环卫所")

    assert story.states(after(days=30)) == {}


def test_a_unit_that_changes_its_duty_phone_is_shown_with_the_new_one() -> None:
    story = Story().told(EventType.SUBMITTED, after())
    story.told(EventType.ASSIGNED, after(), unit="环卫所", duty_phone="0755-1")
    story.told(EventType.ASSIGNED, after(minutes=1), unit="环卫所", duty_phone="0755-2")
    story.told(EventType.ASSIGNED, after(minutes=2), unit="环卫所")

    responsible = story.seen().responsible
    assert responsible is not None
    assert (responsible.duty_phone, responsible.from_at) == ("0755-2", after())
    assert len(story.seen().responsibilities) == 1


def test_a_new_holiday_moves_a_result_that_is_still_promised() -> None:
    story = Story.assigned().told(EventType.DEADLINE_CHANGED, after(days=6), due_at=after(days=8), source=Source.SYSTEM)

    assert story.due(RESULT) == after(days=8)
    assert story.states(after(days=8))[RESULT] is RUNNING


@pytest.mark.parametrize("answered", [True, False])
def test_a_new_holiday_moves_no_result_that_was_given_or_is_overdue(answered: bool) -> None:
    story = Story.assigned()
    if answered:
        story.told(EventType.ANSWERED, after(days=6))
    story.told(EventType.DEADLINE_CHANGED, after(days=7, seconds=1), due_at=after(days=9), source=Source.SYSTEM)

    assert story.due(RESULT) == after(days=7)
    assert story.states()[RESULT] is (MET if answered else LATE)


def test_a_result_counted_when_it_was_promised_stands_whatever_the_calendar_says_now() -> None:
    story = Story().told(EventType.SUBMITTED, after())
    story.told(EventType.ASSIGNED, after(), unit="环卫所", result_due_at=after(days=9))

    assert story.due(RESULT) == after(days=9)
