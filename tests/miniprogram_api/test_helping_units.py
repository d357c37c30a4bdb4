"""A second unit that helps (协办), as the core's desk sends it: it is named, and nobody else answers for the complaint."""

from foundation.clock import FrozenClock
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.phone import Phone

HOST, PHONE = "民治街道城管执法队", "0755-00000413"


async def test_the_unit_that_helps_is_named_and_the_host_answers_on(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    complaint = await phone.file()
    await worker.run_until_idle()
    await core.play(complaint, "assigned", at=clock.now(), agency_responsible=HOST, agency_phone=PHONE)
    for event in ("co_handler_added", "accepted"):
        clock.advance(minutes=1)
        await core.play(complaint, event, at=clock.now())
    await worker.run_until_idle()

    shown, events = await phone.show(complaint), await phone.timeline(complaint)
    helping = next(event for event in events if event["type"] == "co_handler_added")
    assert (shown["responsible"]["unit"], shown["responsible"]["duty_phone"]) == (HOST, PHONE)
    assert helping["unit"] not in (HOST, None)
    assert helping["title"] == f"{helping['unit']}来帮忙办（协办）"
    assert events[-1]["unit"] == HOST
    (request,) = await core.requests(complaint)
    assert request["agency_responsible"] == HOST
