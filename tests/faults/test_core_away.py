"""The dispatch core is down, slow, broken or cuts the line: complaints wait in order and are passed on once."""

from tests.faults import breaking
from tests.faults.checker import flaws_of
from tests.faults.story import Filed, Story, storm
from tests.processes.programs import until


async def test_a_core_that_is_down_then_broken_then_slow_then_cuts_the_line(story: Story) -> None:
    async with storm(story):
        await breaking.break_core(story, "drop")
        await breaking.break_core(story, "status", 500)
        await breaking.break_core(story, "delay", 1.5)  # half a second longer than we wait
        await breaking.break_core(story, "accept_then_drop")

    assert await flaws_of(story.district, story) == []


async def attempts(story: Story, filed: Filed) -> int:
    (row,) = story.district.rows("SELECT attempts FROM dispatch_message WHERE complaint_id = %s AND seq = 1", filed.id)
    return int(row["attempts"])


async def until_tried_again(story: Story, filed: Filed, *, hours_ago: int) -> None:
    """Let so many hours have passed since the first try, and wait for the next one: retries use real time."""
    story.district.rows(
        "UPDATE dispatch_message SET first_tried_at = now() - %s * interval '1 hour'"
        " WHERE complaint_id = %s AND seq = 1 AND first_tried_at IS NOT NULL RETURNING id",
        hours_ago,
        filed.id,
    )
    before = await attempts(story, filed)

    async def tried() -> bool:
        return await attempts(story, filed) > before or story.district.state_of_push(filed.body) == "parked"

    await until(tried, what="it is tried again")


async def test_after_a_day_it_is_passed_on_and_after_three_a_person_lets_it_go_on(story: Story) -> None:
    await story.district.core.control("/faults", [{"match": breaking.CORE, "do": "drop"}], method="PUT")
    phone = await story.district.sign_in()
    a_day, three_days = await story.file(phone), await story.file(phone)
    await story.add(three_days)
    for filed in (a_day, three_days):
        await until_tried_again(story, filed, hours_ago=0)

    await until_tried_again(story, a_day, hours_ago=24)
    shown = (await phone.show(a_day.body))["push"]
    await until_tried_again(story, three_days, hours_ago=73)

    async def is_parked() -> bool:
        return story.district.state_of_push(three_days.body) == "parked"

    await until(is_parked, what="it waits for a person")
    await story.district.core.control("/faults", [], method="PUT")
    await story.district.until_pushed(a_day.body)
    (worker,) = await story.district.copy.running("work")
    said = worker.events
    retried = await story.district.copy.run("parked", "retry")

    assert (shown["state"], bool(shown["next_try_at"])) == ("waiting", True)
    assert "dispatch_message_parked" in said
    assert retried.returncode == 0
    assert await flaws_of(story.district, story) == []
