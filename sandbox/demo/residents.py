"""The demo's residents: they really sign in, bind a phone and choose a home. Start at `sign_in`, then `move_in`."""

import asyncio
from typing import Any

from sandbox.demo.stage import Resident, Stage

NAMES = ("陈阿姨", "林师傅", "小周", "黄伯", "阿珍", "何老师", "罗工", "梁奶奶", "小许", "冯姐")
HOW_MANY = len(NAMES)
TOGETHER = 2
"""So many live in the same community as the secretary of the ready file."""
FIRST_PHONE = 13_800_004_000


async def sign_in(stage: Stage) -> None:
    """Let everybody open the mini-program for the first time, and bind the phone."""
    stage.residents = list(await asyncio.gather(*(_sign_in(stage, at, name) for at, name in enumerate(NAMES))))


async def move_in(stage: Stage) -> None:
    """Let everybody say where they live."""
    communities = await _spread_communities(stage)
    await asyncio.gather(*(_settle(stage, each, communities[each.number]) for each in stage.residents))
    found = await asyncio.gather(*(_buildings(stage, community) for community in communities[TOGETHER - 1 :]))
    stage.places = [place for several in zip(*found, strict=False) for place in several]


async def _sign_in(stage: Stage, number: int, name: str) -> Resident:
    opened = await stage.wechat.login_code(nickname=name)
    session = await stage.product.call("POST", "/sessions", {"code": opened["code"]})
    resident = Resident(number, name, opened["openid"], session["token"], str(session["resident"]["id"]))
    await stage.product.call("PATCH", "/me", {"nickname": name}, token=resident.token)
    code = await stage.wechat.phone_code(resident.openid, str(FIRST_PHONE + number))
    await stage.product.call("PUT", "/me/phone", {"code": code}, token=resident.token)
    return resident


async def _spread_communities(stage: Stage) -> list[dict[str, Any]]:
    """Choose a community for each, spread over the district; the first few share one."""
    rows = await stage.product.listed("/places", token=stage.residents[0].token, kind="community")
    apart = HOW_MANY - TOGETHER + 1
    chosen = [rows[at * len(rows) // apart] for at in range(apart)]
    return [chosen[0]] * (TOGETHER - 1) + chosen


async def _settle(stage: Stage, resident: Resident, community: dict[str, Any]) -> None:
    """Look for the building as people do, by typing, and move in."""
    wanted = f"{community['name']}{resident.number + 1}栋"
    query = {"q": wanted, "parent_id": community["id"], "kind": "building", "limit": "1"}
    found = (await stage.product.call("GET", "/places", token=resident.token, query=query))["items"]
    if not found:
        message = f"搜不到“{wanted}”"
        raise LookupError(message)
    room = f"{resident.number + 3}02"
    me = await stage.product.call("PUT", "/me/home", {"place_id": found[0]["id"], "room": room}, token=resident.token)
    resident.home_place_id = str(me["home"]["place_id"])
    resident.home = f"{words_of(found[0])} {room}"


async def _buildings(stage: Stage, community: dict[str, Any]) -> list[dict[str, Any]]:
    query = {"parent_id": community["id"], "kind": "building", "limit": "12"}
    token = stage.residents[0].token
    found: list[dict[str, Any]] = (await stage.product.call("GET", "/places", token=token, query=query))["items"]
    return found


def words_of(place: dict[str, Any]) -> str:
    """Write where a place lies as residents say it: without district, street and grid."""
    return "".join(step["name"] for step in place["path"][2:] if not step["name"].endswith("网格"))
