"""A run in which everything that can go wrong goes wrong, and not one secret or telephone number in its logs."""

import json
from typing import Any
from uuid import uuid4

from tests.phone import Phone
from tests.processes.district import CALLBACKS, District, StandIns, file, filed
from tests.processes.programs import until

PHONE = "13912345678"


async def test_nothing_secret_or_personal_is_in_any_line(district: District, outside: StandIns) -> None:
    doors, (worker,) = await district.up()
    opened = await outside.wechat.steer("/actors/resident/open")
    phone = await district.sign_in()
    shared = await outside.wechat.steer("/actors/resident/share_phone", {"openid": opened["openid"], "phone": PHONE})
    bound = await phone.call("PUT", "/me/phone", json={"code": shared["code"]})
    told = f"我的电话是{PHONE}，证件440300199001011234，请联系"
    complaint = await filed(phone, told)
    await district.until_pushed(complaint)

    await everything_fails(district, outside, phone, complaint, opened)

    written = "\n".join(program.text for program in district.copy.programs)
    personal = [PHONE, "440300199001011234", told, opened["openid"], opened["code"], shared["code"], phone.token]
    access_token = (await outside.wechat.get("/cgi-bin/token")).get("access_token", "")
    assert bound.status == 200
    assert [value for value in [*outside.secrets.values(), *personal] if value in written] == []
    assert access_token == "" or access_token not in written
    assert all(set(line) >= {"event", "level", "timestamp"} for program in (doors, worker) for line in program.lines())


async def all_sent(district: District, complaint: dict[str, Any]) -> bool:
    rows = district.rows("SELECT state FROM dispatch_message WHERE complaint_id = %s", complaint["id"])
    return [row["state"] for row in rows] == ["sent", "sent"]


async def everything_fails(
    district: District, outside: StandIns, phone: Phone, complaint: dict[str, Any], opened: dict[str, Any]
) -> None:
    """Used and wrong codes, a forged and a conflicting callback, a core and a WeChat that are down."""
    core, url = district.core, district.copy.url
    body = json.dumps({"update_id": "forged", "description": f"{PHONE}"}).encode()
    headers = {"X-Linli-Key-Id": "core-1", "X-Linli-Timestamp": "1", "X-Linli-Nonce": "n", "X-Linli-Signature": "v1=00"}
    statuses = []
    async with district.session.post(url + CALLBACKS, data=body, headers=headers) as answer:
        statuses.append(answer.status)
    for fault in ("status", "drop"):
        await outside.wechat.steer("/faults", [{"do": fault, "value": 500, "times": 2}], "PUT")
        async with district.session.post(f"{url}/api/v1/sessions", json={"code": opened["code"]}) as answer:
            statuses.append(answer.status)
    await core.control("/faults", [{"match": {"path": "*"}, "do": "status", "value": 500, "times": 7}], method="PUT")
    await phone.post(f"/complaints/{complaint['id']}/supplements", {"text": f"再打{PHONE}"}, key=uuid4().hex)
    await until(lambda: all_sent(district, complaint), what="the core heard what was added")
    await core.play(complaint, "assigned", agency_phone=PHONE, public_text=PHONE, description=PHONE)
    statuses.append((await phone.get("/complaints/nobody")).status)
    statuses.append((await file(Phone(phone.api, "wrong-token", 0))).status)
    assert statuses == [401, 503, 503, 404, 401]
