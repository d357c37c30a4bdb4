"""The rules of a complaint: what each event does to its state, its promises and who answers for it."""

from datetime import datetime, timedelta

import pytest

from community.complaints.lifecycle import clamp, round_of
from community.complaints.models import DeadlineKind, DeadlineState, EventType, Source, Status
from tests.community.complaints.story import MONDAY, Story, after

ACCEPT, FEEDBACK, RESULT = DeadlineKind.ACCEPT, DeadlineKind.FEEDBACK, DeadlineKind.RESULT
RUNNING, MET, LATE, PAUSED, CANCELLED = (
    DeadlineState.RUNNING, DeadlineState.MET, DeadlineState.LATE, DeadlineState.PAUSED, DeadlineState.CANCELLED
)
FRESH = {ACCEPT: RUNNING, FEEDBACK: RUNNING, RESULT: RUNNING}
TAKEN = FRESH | {ACCEPT: MET}
HEARD = TAKEN | {FEEDBACK: MET}
DONE = HEARD | {RESULT: MET}
ENDED = {ACCEPT: CANCELLED, FEEDBACK: CANCELLED, RESULT: CANCELLED}
ONE_SECOND = timedelta(seconds=1)

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
    ("told", "status"), [((EventType.SUBMITTED,), Status.SUBMITTED), ((EventType.SUBMITTED, EventType.PUSHED), Status.PUSHED)]
)
def test_before_anything_is_assigned_nothing_is_promised(told: tuple[EventType, ...], status: Status) -> None:
    story = Story()
    for each in told:
        story.told(each, after())

    assert story.seen().status is status
    assert story.seen().timers == ()
    assert story.seen().responsible is None


def test_the_promises_run_from_the_assignment() -> None:
    story = Story.assigned()

    assert story.due(ACCEPT) == after(minutes=30)
    assert story.due(FEEDBACK) == after(hours=24)
    assert story.due(RESULT) == after(days=7)  # five working days, a weekend between


@pytest.mark.parametrize(("event", "kind", "due"), [
    (EventType.ACCEPTED, ACCEPT, after(minutes=30)),
    (EventType.FEEDBACK, FEEDBACK, after(hours=24)),
    (EventType.ANSWERED, RESULT, after(days=7)),
])
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


def test_a_signature_told_after_the_result_still_fills_its_own_instant() -> None:
    story = Story.assigned().told(EventType.ANSWERED, after(hours=2)).told(EventType.ACCEPTED, after(minutes=5))

    accept = story.seen().timers[0]

    assert (accept.state, accept.met_at) == (MET, after(minutes=5))
    assert story.seen().status is Status.ANSWERED


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
        (ACCEPT, CANCELLED), (FEEDBACK, CANCELLED), (RESULT, RUNNING), (ACCEPT, RUNNING), (FEEDBACK, RUNNING),
    ]
    assert story.due(ACCEPT) == after(minutes=70)
    assert story.due(RESULT) == after(days=7)
    assert [(each.unit, each.from_at, each.to_at) for each in story.seen().responsibilities] == [
        ("环卫所", after(), after(minutes=10)), ("城管队", after(minutes=40), None),
    ]


def test_a_second_return_changes_nothing() -> None:
    story = Story.assigned().told(EventType.RETURNED, after(minutes=1))
    story.told(EventType.ASSIGNED, after(minutes=2), unit="城管队").told(EventType.ACCEPTED, after(minutes=3))
    before = story.seen(after(hours=1))

    story.told(EventType.RETURNED, after(minutes=4))

    assert story.seen(after(hours=1)) == before


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

    assert [(each.unit, each.helping) for each in story.seen().responsibilities] == [("环卫所", False), ("水务所", True)]
    responsible = story.seen().responsible
    assert responsible
    assert responsible.unit == "环卫所"


def test_a_transfer_moves_the_responsibility_and_no_promise() -> None:
    story = Story.assigned("环卫所")
    before = [(each.kind, each.due_at) for each in story.seen().timers]

    story.told(EventType.TRANSFERRED, after(minutes=20), unit="水务所")

    assert [(each.unit, each.to_at) for each in story.seen().responsibilities] == [
        ("环卫所", after(minutes=20)), ("水务所", None),
    ]
    assert [(each.kind, each.due_at) for each in story.seen().timers] == before
    assert story.seen().status is Status.ASSIGNED


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


def test_an_event_without_a_round_belongs_to_the_round_of_its_instant() -> None:
    redos = [after(hours=3)]

    assert round_of(after(hours=3) - ONE_SECOND, redos) == 1
    assert round_of(after(hours=3), redos) == 2
    assert round_of(after(hours=9), []) == 1
