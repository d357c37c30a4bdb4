"""What stays of a complaint without its owner is still a complaint: it counts, it can be rebuilt, and ends once."""

from datetime import timedelta

from community.complaints.dispatch_models import DispatchMessage, MessageState
from community.complaints.erasing import GONE, empty_outlived, outlived
from community.complaints.models import Complaint, ComplaintEvent, ComplaintLikeness
from community.complaints.rebuilding import rebuild
from community.people.models import Resident
from foundation.clock import FrozenClock, real_now
from foundation.ground import Ground
from foundation.retention import due, rules
from tests.conftest import Client
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.miniprogram_api.complaint_fixtures import of, upload
from tests.phone import Phone
from tests.town import Town

YEARS = timedelta(days=5 * 365)


async def test_after_leaving_every_projection_is_still_that_of_its_events(
    phone: Phone, core: DispatchCore, worker: Worker, ground: Ground, clock: FrozenClock
) -> None:
    going_on, ended, ungiven = [await phone.file(f"第{n}件事，路灯坏了") for n in range(3)]
    await DispatchMessage.filter(complaint_id=ungiven["id"]).update(state=MessageState.PARKED)
    await worker.run_until_idle()
    await core.play(going_on, "assigned", at=clock.now(), agency_responsible="综合行政执法队")
    await worker.run_until_idle()
    clock.advance(hours=30)
    assert (await phone.post(of(ended, "withdrawal"), {"reason": "自己修好了"}, key="w")).status < 300

    assert (await phone.call("DELETE", "/me")).status == 204
    await worker.run_until_idle()

    assert (await rebuild(ground))[1] == 0
    kept = {str(each.id): each.status.value for each in await Complaint.all()}
    assert kept == {going_on["id"]: "assigned", ended["id"]: "withdrawn", ungiven["id"]: "withdrawn"}
    assert {each.text for each in await Complaint.all()} == {GONE}
    assert await ComplaintLikeness.all().count() == 0


async def test_cases_of_two_who_left_cannot_be_told_apart(api: Client, town: Town) -> None:
    for name in ("甲", "乙"):
        phone = await town.resident(api, name)
        await phone.file()
        assert (await phone.call("DELETE", "/me")).status == 204

    owners = {each.resident_id for each in await Complaint.all()}
    assert owners == {(await Resident.get(nobody=True)).id}


async def test_words_end_five_years_after_the_last_step_and_the_core_hears_nothing_of_it(
    phone: Phone, core: DispatchCore, worker: Worker, ground: Ground
) -> None:
    old = await phone.file("五年前的事", media_ids=[await upload(phone)])
    still_open = await phone.file("还没有办完的事")
    await phone.post(of(old, "withdrawal"), {"reason": "不用了"}, key="w")
    await worker.run_until_idle()
    messages = await DispatchMessage.all().count()
    events = await ComplaintEvent.filter(complaint_id=old["id"]).count()
    (rule,) = [kept for kept in rules() if kept.table == "complaint"]
    now = real_now()

    early = await outlived(now - timedelta(days=400))
    counted = await due(rule, now + YEARS + timedelta(days=400))
    emptied = await empty_outlived(ground, now + timedelta(days=400))

    kept = {str(each.id): each for each in await Complaint.all()}
    assert (early, counted, emptied) == ([], 1, 1)
    assert (kept[old["id"]].text, kept[old["id"]].status.value) == (GONE, "withdrawn")
    assert kept[still_open["id"]].text == "还没有办完的事"
    assert await ComplaintEvent.filter(complaint_id=old["id"]).count() == events
    assert {each.text for each in await ComplaintEvent.filter(complaint_id=old["id"], source="resident")} == {None}
    assert await DispatchMessage.all().count() == messages
    assert await empty_outlived(ground, now + timedelta(days=400)) == 0
    assert (await phone.get(f"/complaints/{old['id']}")).status == 404
