"""The desk of what waits for a person, and the report of the comparison, from the command line as people run them."""

import pytest

from community.complaints.dispatch_models import ComparisonRun, DispatchConflict, DispatchUpdate
from foundation.clock import FrozenClock, real_now
from tests.community.complaints.line import Line, update
from tests.community.complaints.passing_on import pass_on_everything
from tests.conftest import STARTED_AT, Client
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.phone import Phone
from tests.processes.programs import Copy


@pytest.fixture
def line(api: Client) -> Line:
    return Line(api)


async def said(copy: Copy, line: str) -> tuple[str, int]:
    """Run a command; give what it wrote, and its exit code."""
    answer = await copy.run(*line.split())
    return answer.stdout, answer.returncode


async def test_a_conflict_is_listed_shown_field_by_field_and_settled(
    phone: Phone, line: Line, worker: Worker, copy: Copy
) -> None:
    complaint = await phone.file()
    first = update(complaint, "assigned", STARTED_AT, agency_responsible="环卫所") | {"update_id": "U-1"}
    for body in (first, first | {"agency_responsible": "城管队", "round": 2}):
        await line.tell(body)
    await worker.clear_desks()

    listed, shown = await said(copy, "parked list"), await said(copy, "parked show U-1")
    settled, empty = await said(copy, "parked settle U-1"), await said(copy, "parked list")

    assert "conflict  U-1              known with another body" in listed[0]
    assert "differs in 2 fields" in shown[0]
    assert "agency_responsible\n    first  环卫所\n    later  城管队" in shown[0]
    assert "round\n    first  -\n    later  2" in shown[0]
    assert (settled, empty) == (("1 settled.\n", 0), ("Nothing is parked.\n", 0))
    assert await DispatchConflict.all().count() == 1  # settled, and kept
    assert (await phone.show(complaint))["responsible"]["unit"] == "环卫所"


async def test_an_unknown_word_is_listed_until_a_person_has_looked(
    phone: Phone, api: Client, line: Line, worker: Worker, copy: Copy
) -> None:
    complaint = await phone.file()
    await line.tell(update(complaint, "inspected", STARTED_AT) | {"update_id": "U-2"})
    await worker.clear_desks()

    alarmed = await number(api, "linli_dispatch_unknown_words")
    listed, settled = await said(copy, "parked list"), await said(copy, "parked settle U-2")

    assert alarmed == 1
    assert "word      U-2              shown as a note: inspected" in listed[0]
    assert settled == ("1 settled.\n", 0)
    assert await number(api, "linli_dispatch_unknown_words") == 0
    assert (await DispatchUpdate.get()).state == "done"
    assert [event["type"] for event in await phone.timeline(complaint)] == ["submitted", "note"]


async def number(api: Client, name: str) -> float:
    async with api.get("/metrics") as answer:
        return next(float(row.split()[1]) for row in (await answer.text()).splitlines() if row.startswith(f"{name} "))


async def test_what_nobody_has_is_said_to_be_unknown(database: None, copy: Copy) -> None:
    unknown = [await said(copy, line) for line in ("parked show U-none", "parked settle U-none", "compare")]

    assert unknown == [
        ("", 1),
        ("0 settled.\n", 0),
        ("Nothing has been compared yet; `linli compare --now` does it.\n", 0),
    ]


async def test_comparing_now_reports_at_once_and_fails_if_something_differs(
    *, phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock, copy: Copy
) -> None:
    clock.set(real_now())
    await phone.file()
    await pass_on_everything(worker)

    well = await said(copy.cold, "compare --now")
    await core.control("/reset")
    ill, again = await said(copy, "compare --now"), await said(copy, "compare")

    assert well[1] == 0
    assert "Read: 1 requests, 0 of them other clients', and 0 updates" in well[0]
    assert ill == again
    assert ill[1] == 1
    assert "Ask the core's operator what became of these requests." in ill[0]
    assert await ComparisonRun.all().count() == 2
