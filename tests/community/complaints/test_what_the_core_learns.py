"""What of a complaint reaches the core, and what of its owner never does."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from aiohttp import FormData

from community.complaints.dispatch import client
from foundation.clock import FrozenClock
from sandbox.dispatch_core.services import BUILT_IN
from tests.community.complaints.passing_on import fault, heard_of, held_by, pass_on_everything, posted
from tests.conftest import Client
from tests.core import DispatchCore
from tests.foundation.media.files import jpeg, quarters
from tests.jobs import Worker
from tests.phone import Phone
from tests.town import Town

GOOD = {"solved": True, "speed": 5, "result": 4, "service": 3, "answer": 2, "text": "谢谢"}
BAD = {"solved": False, "speed": 1, "result": 1, "service": 1, "answer": 1}


async def upload(phone: Phone) -> str:
    """Take a photo; give its id."""
    form = FormData()
    form.add_field("file", jpeg(quarters()), filename="IMG_413.jpg", content_type="image/jpeg")
    answer = await phone.call("POST", "/media", data=form)
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


async def answered(phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock) -> dict[str, Any]:
    """File a complaint that is answered at once."""
    complaint = await phone.file()
    await pass_on_everything(worker)
    await core.play(complaint, "assigned", at=clock.now(), agency_responsible="环卫所")
    await core.play(complaint, "answered", at=clock.now())
    await worker.run_until_idle()
    return complaint


async def everything_said(core: DispatchCore, complaint: dict[str, Any]) -> str:
    held = await held_by(core, complaint)
    full = await core.requests(complaint)
    return f"{held} {full}"


async def test_the_unit_learns_who_asks_and_for_whom(phone: Phone, core: DispatchCore, worker: Worker) -> None:
    complaint = await phone.file(on_behalf_of={"name": "王奶奶", "phone": "13900000413"})
    await pass_on_everything(worker)

    held = await held_by(core, complaint)

    assert held["contact_given"] == ["account_id", "first_name", "phone"]
    assert held["attributes"]["on_behalf_of_name"] == ["王奶奶"]


async def test_of_a_confidential_complaint_the_core_never_learns_who(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock, town: Town
) -> None:
    complaint = await phone.file(
        confidential=True, on_behalf_of={"name": "王奶奶", "phone": "13900000413"}, place_id=str(town.community.id)
    )
    await pass_on_everything(worker)
    await core.play(complaint, "assigned", at=clock.now(), agency_responsible="环卫所")
    await core.play(complaint, "answered", at=clock.now())
    await worker.run_until_idle()
    for path, body in (("supplements", {"text": "补充"}), ("rating", BAD)):
        assert (await phone.post(f"/complaints/{complaint['id']}/{path}", body)).status == 201
    await pass_on_everything(worker)

    said = await everything_said(core, complaint)
    journal = await core.control("/journal?after=0&limit=5000", method="GET")

    held = await held_by(core, complaint)
    assert held["contact_given"] == []
    assert held["attributes"]["confidential"] == ["true"]
    assert "陈阿姨" not in said
    assert "王奶奶" not in said
    assert "1380000" not in said
    assert "302" not in held["description"]
    for each in journal["items"]:
        body = each["body"] if isinstance(each["body"], dict) else {}
        assert not {"phone", "first_name", "account_id"} & set(body)
        assert not [name for name in body if "on_behalf_of" in name]


async def test_supplements_with_photos_reach_the_core_and_the_photos_can_be_fetched(
    api: Client, phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    first, second = await upload(phone), await upload(phone)
    complaint = await phone.file(media_ids=[first])
    answer = await phone.post(
        f"/complaints/{complaint['id']}/supplements", {"text": "又拍了一张", "media_ids": [second]}
    )
    assert answer.status == 201
    await pass_on_everything(worker)

    [supplement] = await heard_of(core, complaint)
    addresses = [*(await held_by(core, complaint))["media_urls"], *supplement["media_url"]]

    assert supplement["description"] == "又拍了一张"
    assert [address.partition("/media/")[2][:36] for address in addresses] == [first, second]
    for address in addresses:
        async with api.get("/media/" + address.partition("/media/")[2]) as photo:
            assert (photo.status, photo.content_type) == (200, "image/jpeg")


async def test_urging_and_withdrawal_reach_the_core(phone: Phone, core: DispatchCore, worker: Worker) -> None:
    complaint = await phone.file()
    await phone.post(f"/complaints/{complaint['id']}/urgings")
    await phone.post(f"/complaints/{complaint['id']}/withdrawal", {"reason": "自己修好了"})

    await pass_on_everything(worker)

    assert [(each["event"], each.get("description"), each["status"]) for each in await heard_of(core, complaint)] == [
        ("urged", None, "UNCHANGED"),
        ("withdrawn", "自己修好了", "CANCELLED"),
    ]
    assert (await held_by(core, complaint))["step"] == "withdrawn"


async def test_a_rating_that_closes_reaches_the_core(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    complaint = await answered(phone, core, worker, clock)
    await phone.post(f"/complaints/{complaint['id']}/rating", GOOD)

    await pass_on_everything(worker)

    rated, closed = await heard_of(core, complaint)
    assert (rated["event"], closed["event"], closed["status"]) == ("rated", "closed", "CLOSED")
    marks = {name: rated[name] for name in GOOD if name != "text"}
    assert marks == {"solved": "true", "speed": "5", "result": "4", "service": "3", "answer": "2"}
    assert rated["description"] == "谢谢"
    assert (await held_by(core, complaint))["step"] == "closed"


async def test_a_redo_and_the_end_of_the_second_round_reach_the_core(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    complaint = await answered(phone, core, worker, clock)
    await phone.post(f"/complaints/{complaint['id']}/rating", BAD)
    await pass_on_everything(worker)
    assert ((await held_by(core, complaint))["round"], (await held_by(core, complaint))["step"]) == (2, "in_progress")
    clock.advance(hours=1)
    await core.play(complaint, "answered", at=clock.now(), round=2)
    await worker.run_until_idle()
    await phone.post(f"/complaints/{complaint['id']}/rating", BAD)

    await pass_on_everything(worker)

    assert [(each["event"], each["round"]) for each in await heard_of(core, complaint)] == [
        ("rated", "1"),
        ("redone", "2"),
        ("rated", "2"),
        ("supervised", "2"),
        ("closed", "2"),
    ]


async def test_closing_what_nobody_rated_reaches_the_core(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    complaint = await answered(phone, core, worker, clock)
    clock.advance(days=7, seconds=1)

    await pass_on_everything(worker)

    assert [each["event"] for each in await heard_of(core, complaint)] == ["closed"]


async def test_four_thousand_characters_and_rare_ones_arrive_whole(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    text = "𠮷&=%+井\n" + "长" * 3993
    assert len(text) == 4000
    complaint = await phone.file(text)

    await pass_on_everything(worker)

    assert (await held_by(core, complaint))["description"] == text


async def test_a_pin_on_a_chinese_map_arrives_where_it_was_meant(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    drawn = await phone.file(location={"lng": 114.0289, "lat": 22.6597, "datum": "gcj02"})
    measured = await phone.file(location={"lng": 114.0289, "lat": 22.6597, "datum": "wgs84"})
    await pass_on_everything(worker)

    [one], [other] = await core.requests(drawn), await core.requests(measured)

    assert (other["long"], other["lat"]) == (114.0289, 22.6597)
    assert 0.002 < abs(one["long"] - 114.0289) + abs(one["lat"] - 22.6597) < 0.02  # about 600 metres


async def test_the_instant_of_filing_goes_along(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    complaint = await phone.file()
    clock.advance(hours=3)
    await phone.post(f"/complaints/{complaint['id']}/supplements", {"text": "补充"})

    await pass_on_everything(worker)

    [supplement] = await heard_of(core, complaint)
    assert datetime.fromisoformat(supplement["updated_datetime"]) == clock.now()


@pytest.fixture
async def batch_core(core: DispatchCore) -> AsyncIterator[DispatchCore]:
    """A core whose general service gives a token first and the number later."""
    batch = [service.model_dump() | {"type": "batch"} for service in BUILT_IN]
    await core.control("/services", batch)
    yield core
    await core.control("/services", [service.model_dump() for service in BUILT_IN])
    await core.control("/configure", {"token_seconds": 1.0})


async def test_a_token_is_turned_into_the_number(
    phone: Phone, batch_core: DispatchCore, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TOKEN_PAUSE_SECONDS", 0.02)
    await batch_core.control("/configure", {"token_seconds": 0.03})
    complaint = await phone.file()

    await pass_on_everything(worker)

    assert (await phone.show(complaint))["status"] == "pushed"
    assert (await held_by(batch_core, complaint))["token"]


async def test_a_token_that_never_becomes_a_number_is_asked_for_by_our_own_id(
    phone: Phone, batch_core: DispatchCore, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TOKEN_PAUSE_SECONDS", 0.001)
    await batch_core.control("/configure", {"token_seconds": 3600})
    complaint = await phone.file()

    await pass_on_everything(worker)

    assert await posted(batch_core, "/tokens/") == client.TOKEN_TRIES
    assert (await phone.show(complaint))["status"] == "pushed"
    assert len(await batch_core.requests(complaint)) == 1


async def test_a_callback_inside_the_call_that_files_it_finds_its_complaint(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    await fault(core, "callback_first")
    complaint = await phone.file()

    await pass_on_everything(worker)
    await worker.clear_desks()

    assert (await phone.show(complaint))["status"] == "assigned"
    assert sorted(event["type"] for event in await phone.timeline(complaint)) == ["assigned", "pushed", "submitted"]
