"""A holiday announced while a complaint is open moves its result, and touches nothing that is a fact."""

from datetime import timedelta

from community.calendar.models import CalendarDay
from community.complaints.jobs import mark_late
from community.complaints.rebuilding import rebuild
from community.complaints.recounting import recount_results
from foundation.clock import FrozenClock
from foundation.ground import Ground
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.phone import Phone


async def test_a_new_holiday_moves_an_open_result_by_an_event(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock, ground: Ground
) -> None:
    complaint = await phone.file()
    await worker.run_until_idle()
    await core.play(complaint, "assigned", at=clock.now(), agency_responsible="环卫所")
    await core.play(complaint, "accepted", at=clock.now())
    await worker.run_until_idle()
    before = (await phone.show(complaint))["deadlines"]

    await _announce_holiday(clock)
    assert await recount_results(ground) == 1

    after = (await phone.show(complaint))["deadlines"]
    assert after[2]["due_at"] != before[2]["due_at"]
    assert after[:2] == before[:2]
    assert (await phone.timeline(complaint))[-1]["type"] == "deadline_changed"
    assert await recount_results(ground) == 0
    assert await rebuild(ground) == (1, 0)


async def test_a_result_that_was_given_keeps_its_instant(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock, ground: Ground
) -> None:
    complaint = await phone.file()
    await worker.run_until_idle()
    await core.play(complaint, "assigned", at=clock.now(), agency_responsible="环卫所")
    await core.play(complaint, "answered", at=clock.now())
    await worker.run_until_idle()
    before = (await phone.show(complaint))["deadlines"]

    await _announce_holiday(clock)

    assert await recount_results(ground) == 0
    assert await rebuild(ground) == (1, 0)
    assert (await phone.show(complaint))["deadlines"] == before


async def test_a_wait_that_lasts_too_long_ends_by_itself_on_the_screen(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock, ground: Ground
) -> None:
    complaint = await phone.file()
    await worker.run_until_idle()
    await core.play(complaint, "assigned", at=clock.now(), agency_responsible="环卫所")
    await core.play(complaint, "waiting_for_resident", at=clock.now())
    await worker.run_until_idle()

    seen = []
    for minutes in (7 * 24 * 60, 1, 30):
        clock.advance(minutes=minutes)
        await mark_late(ground)
        seen.append([each["state"] for each in (await phone.show(complaint))["deadlines"]])

    assert seen == [["paused"] * 3, ["running"] * 3, ["late", "running", "running"]]
    assert await rebuild(ground) == (1, 0)


async def _announce_holiday(clock: FrozenClock) -> None:
    """Make the next Monday a day off."""
    monday = (clock.now() + timedelta(days=3)).date()
    assert monday.weekday() == 0
    await CalendarDay.create(
        day=monday, is_off=True, name="临时放假", source="test", announced=True, notice_year=monday.year
    )
