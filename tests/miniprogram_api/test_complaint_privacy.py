"""What of a complaint others never learn, and what is kept of whom it is about."""

import base64
import json
from typing import Any

from redis.asyncio import Redis
from structlog.testing import capture_logs

from foundation.clock import FrozenClock
from foundation.database import query
from foundation.ground import Ground
from tests.community.complaints.line import Unit
from tests.community.complaints.passing_on import pass_on_everything
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.miniprogram_api.complaint_fixtures import BAD, GOOD, code, of, unit, upload
from tests.phone import Phone

__all__ = ["unit"]
NAME, NUMBER = "欧阳奶奶", "13912340413"
SECRETS = ("302室", "陈阿姨", "我家", "张三", "补充的话", "满意的话", "不用了的理由")


def spellings(secret: str) -> set[str]:
    """Give the ways a text may lie in a table in clear."""
    raw = secret.encode()
    return {secret, raw.hex(), base64.b64encode(raw).decode().rstrip("=")[:-1], json.dumps(secret).strip('"')}


async def everything_stored() -> str:
    """Read every column of every table, the queue's too."""
    tables = await query(
        "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    rows = [await query(f'SELECT t::text AS row FROM "{table["name"]}" t') for table in tables]  # noqa: S608 - their names
    return "\n".join(str(row["row"]) for found in rows for row in found)


async def test_for_whom_somebody_speaks_is_nowhere_in_clear(
    phone: Phone, core: DispatchCore, worker: Worker, ground: Ground, redis: Redis
) -> None:
    with capture_logs() as logs:
        complaint = (
            await phone.post(
                "/complaints", {"text": "楼道灯坏了三天", "on_behalf_of": {"name": NAME, "phone": NUMBER}}, key="k"
            )
        ).body
        stored = await everything_stored()
        await pass_on_everything(worker)
        stored += await everything_stored()
        kept = [await redis.dump(key) for key in await redis.keys("*")]

    assert complaint["number"] in stored  # we do look where it would be
    for secret in (NAME, NUMBER):
        for spelling in spellings(secret):
            assert spelling not in stored
            assert spelling not in repr(kept)
            assert spelling not in repr(logs)
    rows = await query("SELECT on_behalf_of_sealed AS sealed FROM complaint")
    opened = json.loads(ground.vault.open(bytes(rows[0]["sealed"]), context="complaint.on_behalf_of"))
    assert opened == {"name": NAME, "phone": NUMBER}


async def everything_shown(phone: Phone, complaint: dict[str, Any]) -> list[Any]:
    """Read all a phone can of one complaint."""
    paths = (
        of(complaint),
        of(complaint, "events"),
        "/complaints?scope=followed",
        "/complaints?scope=nearby",
        "/complaints/similar?text=楼道灯坏了三天",
    )
    return [(await phone.get(path)).body for path in paths]


async def test_a_supporter_sees_every_step_and_none_of_the_owners_words_photos_or_marks(
    phone: Phone, neighbour: Phone, unit: Unit, clock: FrozenClock
) -> None:
    photo = await upload(phone)
    complaint = await phone.file("我家302室的楼道灯坏了三天，找张三", media_ids=[photo])
    await neighbour.call("PUT", of(complaint, "follow"))
    await phone.post(of(complaint, "supplements"), {"text": "补充的话", "media_ids": [await upload(phone)]})
    await phone.post(of(complaint, "urgings"))
    await unit.does(complaint, "assigned", "answered", public_text="已修好")
    await phone.post(of(complaint, "rating"), BAD | {"text": "不满意的话"})
    clock.advance(hours=1)
    await unit.does(complaint, "answered", round=2)
    await phone.post(of(complaint, "rating"), GOOD | {"text": "满意的话"})

    shown = await everything_shown(neighbour, complaint)

    text = json.dumps(shown, ensure_ascii=False)
    assert [secret for secret in (*SECRETS, photo) if secret in text] == []
    seen, events = shown[0], shown[1]["items"]
    assert (seen["text"], seen["media"], seen["rating"], seen["urge_after"]) == (None, [], None, None)
    assert (seen["mine"], seen["followed"], seen["can"]) == (False, True, ["unfollow"])
    own = (await phone.get(of(complaint, "events"))).body["items"]
    assert [event["seq"] for event in events] == [event["seq"] for event in own]
    hidden = [
        (event["type"], event["text"], event["media"])
        for event, mine in zip(events, own, strict=True)
        if mine["type"] in ("submitted", "supplemented", "urged", "rated")
    ]
    assert hidden == [("note", None, [])] * 5
    assert [event["type"] for event in events if event["type"] != "note"] == [
        event["type"] for event in own if event["type"] not in ("submitted", "supplemented", "urged", "rated")
    ]


async def test_a_withdrawal_is_seen_by_supporters_and_its_reason_is_not(phone: Phone, neighbour: Phone) -> None:
    complaint = await phone.file()
    await neighbour.call("PUT", of(complaint, "follow"))
    await phone.post(of(complaint, "withdrawal"), {"reason": "不用了的理由"})

    last = (await neighbour.timeline(complaint))[-1]

    assert (last["type"], last["text"]) == ("withdrawn", None)


async def test_a_redo_is_seen_by_supporters_and_its_reason_is_not(phone: Phone, neighbour: Phone, unit: Unit) -> None:
    complaint = await phone.file()
    await neighbour.call("PUT", of(complaint, "follow"))
    await unit.does(complaint, "assigned", "answered")
    await phone.post(of(complaint, "reopening"), {"reason": "302还是黑的"})

    last = (await neighbour.timeline(complaint))[-1]

    assert (last["type"], last["text"], last["round"]) == ("redone", None, 2)


async def test_why_it_was_closed_is_told_to_its_owner_alone(phone: Phone, neighbour: Phone, unit: Unit) -> None:
    complaint = await phone.file()
    await neighbour.call("PUT", of(complaint, "follow"))
    await unit.does(complaint, "assigned", "answered")
    await phone.post(of(complaint, "rating"), GOOD)

    titles = [(await each.timeline(complaint))[-1]["title"] for each in (phone, neighbour)]

    assert titles == ["您说解决了，结案", "结案了"]


async def test_words_a_unit_wrote_for_the_owner_are_not_told_to_neighbours(
    phone: Phone, neighbour: Phone, unit: Unit, clock: FrozenClock
) -> None:
    complaint = await phone.file()
    await neighbour.call("PUT", of(complaint, "follow"))
    await unit.does(complaint, "assigned")
    clock.advance(hours=30)
    await unit.does(complaint, "feedback", description="打了302王女士的电话", public_text=None)
    await unit.does(complaint, "in_progress", description="给单位看的", public_text="在修了")
    await unit.does(complaint, "answered", description="302王女士签了字", public_text=None)

    seen = [await everything_shown(each, complaint) for each in (phone, neighbour)]

    owner, other = (json.dumps(each, ensure_ascii=False) for each in seen)
    assert "302王女士签了字" in owner
    assert "打了302王女士的电话" in owner
    assert "王女士" not in other
    assert "在修了" in other
    assert "给单位看的" not in owner + other
    assert (seen[1][0]["result"]["text"], seen[1][0]["result"]["media"]) == (None, [])


async def test_what_the_owner_said_on_the_phone_is_no_neighbours_business(
    phone: Phone, neighbour: Phone, unit: Unit
) -> None:
    complaint = await phone.file()
    await neighbour.call("PUT", of(complaint, "follow"))
    await unit.does(complaint, "assigned", "answered")
    await unit.does(complaint, "return_visited", public_text="居民说302还是黑的")

    own, other = [(await each.timeline(complaint))[-1] for each in (phone, neighbour)]

    assert (own["type"], own["text"]) == ("return_visited", "居民说302还是黑的")
    assert (other["type"], other["text"], other["unit"]) == ("note", None, None)


async def test_a_neighbour_is_not_spoken_to_as_if_it_were_theirs(phone: Phone, neighbour: Phone, unit: Unit) -> None:
    complaint = await phone.file()
    await neighbour.call("PUT", of(complaint, "follow"))
    await unit.does(complaint, "assigned", "waiting_for_resident", "answered")

    titles = [[event["title"] for event in (await each.timeline(complaint))[-2:]] for each in (phone, neighbour)]

    assert titles == [["先停表，等您补充", "办结了，请您看结果"], ["先停表，等补充", "办结了"]]
    told = json.dumps(await everything_shown(neighbour, complaint), ensure_ascii=False)
    assert "您" not in told


async def test_a_refusal_tells_a_stranger_nothing(phone: Phone, neighbour: Phone) -> None:
    complaint = await phone.file(confidential=True)
    gone = {"id": "018f0000-0000-7000-8000-000000000000"}

    for path in ("", "events"):
        there, nowhere = await neighbour.get(of(complaint, path)), await neighbour.get(of(gone, path))
        assert code(there) == (404, "not-found")
        assert there.body == nowhere.body
