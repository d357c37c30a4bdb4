"""What becomes of the core's updates after they were stored: applied, looked at again, or parked."""

from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from community.complaints.dispatch.inbound import TRIES
from community.complaints.dispatch.pictures import fetch_pictures
from community.complaints.dispatch_models import DispatchUpdate
from community.complaints.models import ComplaintEvent
from community.complaints.parked import parked_things, retry_everything
from foundation.clock import FrozenClock, real_now
from foundation.database import query
from foundation.ground import Ground
from tests.community.complaints.line import Line, update
from tests.conftest import STARTED_AT, Client
from tests.foundation.media.files import jpeg
from tests.jobs import Worker
from tests.phone import Phone

MINUTE = timedelta(minutes=1)
NOWHERE = {"id": "018f0000-0000-7000-8000-000000000000"}


@pytest.fixture
def line(api: Client) -> Line:
    return Line(api)


async def test_an_unknown_word_is_kept_as_a_note_and_raises_an_alarm(phone: Phone, line: Line, worker: Worker) -> None:
    complaint = await phone.file()
    await line.tell(update(complaint, "inspected", STARTED_AT, public_text="去现场看过"))

    with capture_logs() as logs:
        await worker.clear_desks()

    assert [(each["event"], each["log_level"]) for each in logs if each["log_level"] == "error"] == [
        ("dispatch_event_unknown", "error")
    ]
    last = (await phone.timeline(complaint))[-1]
    assert (last["type"], last["text"]) == ("note", "去现场看过")
    assert (await ComplaintEvent.get(complaint_id=complaint["id"], seq=2)).detail["unknown_event"] == "inspected"


async def wait_out(worker: Worker, times: int) -> None:
    """Let the waits pass, and look again, so many times."""
    for _ in range(times):
        await query("UPDATE dispatch_update SET not_before = now() - interval '1 second'")
        await worker.clear_desks()


async def test_an_update_that_fits_no_complaint_waits_longer_each_time_and_is_parked_in_the_end(
    phone: Phone, line: Line, worker: Worker
) -> None:
    body = update(NOWHERE, "assigned", STARTED_AT, service_request_id="FB-none")
    await line.tell(body)

    for tried in range(TRIES - 1):
        before = real_now()
        await wait_out(worker, 1)
        row, wait = await DispatchUpdate.get(), timedelta(seconds=2**tried)
        assert before + wait <= row.not_before <= real_now() + wait
        assert row.state == "waiting"
    with capture_logs() as logs:
        await wait_out(worker, 1)

    assert [each["event"] for each in logs if each["log_level"] == "error"] == ["dispatch_update_parked"]
    assert [(each.kind, each.name, each.why) for each in await parked_things()] == [
        ("update", body["update_id"], "fits no complaint")
    ]


async def test_what_was_parked_finds_its_complaint_when_it_is_tried_again(
    phone: Phone, line: Line, worker: Worker
) -> None:
    complaint = await phone.file()
    await line.tell(update(NOWHERE, "assigned", STARTED_AT, service_request_id="FB-later", agency_responsible="环卫所"))
    await wait_out(worker, TRIES)
    assert len(await parked_things()) == 1
    await query("UPDATE complaint SET remote_id = 'FB-later' WHERE id = %s", complaint["id"])

    assert await retry_everything(None) == 1
    await worker.clear_desks()

    assert await parked_things() == []
    assert (await phone.show(complaint))["status"] == "assigned"


async def test_an_update_that_cannot_be_applied_is_parked_and_holds_up_nothing(
    phone: Phone, line: Line, worker: Worker
) -> None:
    complaint = await phone.file()
    bad, good = update(complaint, "note", STARTED_AT), update(complaint, "assigned", STARTED_AT)
    for body in (bad, good):
        await line.tell(body)
    await query(
        """UPDATE dispatch_update SET body = '{"update_id": 1}'::jsonb WHERE update_id = %s""", bad["update_id"]
    )

    with capture_logs() as logs:
        for _ in range(TRIES):
            await query("UPDATE dispatch_update SET claimed_until = NULL, not_before = now() - interval '1 second'")
            await worker.clear_desks()

    assert [each["event"] for each in logs if each["log_level"] == "error"] == [
        *["claimed_row_failed"] * (TRIES - 1),
        "dispatch_update_parked",
    ]
    assert (await phone.show(complaint))["status"] == "assigned"
    assert [(each.name, each.why) for each in await parked_things()] == [
        (bad["update_id"], "cannot be applied: ValidationError")
    ]


SAID = [
    ("2026-11-20T21:10:00", "2026-11-20T13:10:00Z"),
    ("2026-11-20T21:10:00+08:00", "2026-11-20T13:10:00Z"),
    ("2026-11-20T13:10:00Z", "2026-11-20T13:10:00Z"),
    ("2020-01-01T00:00:00Z", "2026-11-20T13:06:00Z"),
    ("2031-01-01T00:00:00Z", "2026-11-20T13:21:00Z"),
]


async def test_times_are_read_in_the_zone_of_the_core_and_brought_into_what_is_possible(
    phone: Phone, line: Line, worker: Worker, clock: FrozenClock
) -> None:
    complaint = await phone.file()
    clock.advance(minutes=10)
    for said, counts_as in SAID:
        await line.tell(update(complaint, "note", said))
        with capture_logs() as logs:
            await worker.clear_desks()

        last = await ComplaintEvent.filter(complaint_id=complaint["id"]).order_by("-seq").first()
        assert last
        moved = [datetime.fromisoformat(said)] if said[:4] != "2026" else []  # kept as it was said, and counted
        assert [datetime.fromisoformat(str(last.detail[name])) for name in last.detail if name == "said_at"] == moved
        assert [each["event"] for each in logs].count("dispatch_time_impossible") == len(moved)
        assert (await phone.timeline(complaint))[-1]["at"] == counts_as
        assert last.received_at == STARTED_AT + 10 * MINUTE


async def test_an_update_is_judged_by_the_time_it_came_not_by_when_it_was_applied(
    phone: Phone, line: Line, worker: Worker, clock: FrozenClock
) -> None:
    complaint = await phone.file()
    await line.tell(update(complaint, "assigned", STARTED_AT + 60 * MINUTE))

    clock.advance(days=1)
    await worker.clear_desks()

    assert (await phone.timeline(complaint))[-1]["at"] == "2026-11-20T13:11:00Z"


async def test_a_photo_from_another_house_is_left_out_and_the_words_are_shown(
    phone: Phone, line: Line, worker: Worker
) -> None:
    complaint = await phone.file()
    await line.tell(
        update(complaint, "feedback", STARTED_AT, public_text="看过了", media_url="http://127.0.0.1:1/secret.jpg")
    )

    await worker.clear_desks()

    last = (await phone.timeline(complaint))[-1]
    assert (last["text"], last["media"]) == ("看过了", [])


WRITTEN = b64encode(jpeg()).decode()


@pytest.mark.parametrize(
    ("media_url", "pictures"),
    [
        (f"data:image/jpeg;base64,{WRITTEN}", 1),
        ([f"data:image/jpeg;name=a.jpg;base64,{quote(WRITTEN, safe='')}"], 1),
        ([f"data:image/jpeg;base64,{WRITTEN}", f"DATA:IMAGE/PNG;BASE64,{WRITTEN}"], 2),
        (f"data:text/html;base64,{WRITTEN}", 0),
        (f"data:image/jpeg,{WRITTEN}", 0),
        ("data:image/jpeg;base64,不是", 0),
        ("data:image/png;base64," + b64encode(b"only words").decode(), 0),
        ("data:", 0),
    ],
)
async def test_a_picture_may_come_along_whole_and_what_is_none_is_left_out(
    phone: Phone, line: Line, worker: Worker, media_url: Any, pictures: int
) -> None:
    complaint = await phone.file()
    await line.tell(update(complaint, "feedback", STARTED_AT, public_text="看过了", media_url=media_url))

    await worker.clear_desks()

    last = (await phone.timeline(complaint))[-1]
    assert (last["text"], [each["kind"] for each in last["media"]]) == ("看过了", ["image"] * pictures)
    assert "media_urls" not in (await ComplaintEvent.get(complaint_id=complaint["id"], seq=2)).detail


async def test_a_picture_that_is_far_too_large_is_not_even_unpacked(ground: Ground) -> None:
    limits = replace(ground.media.limits, max_bytes=1024)
    small = replace(ground, media=replace(ground.media, limits=limits))
    whole = f"data:image/jpeg;base64,{b64encode(bytes(5000)).decode()}"

    with capture_logs() as logs:
        assert await fetch_pictures(small, [whole]) == []

    assert [each["why"] for each in logs if each["event"] == "picture_unusable"] == ["too large"]
