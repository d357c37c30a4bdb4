"""The demo's staff: posts from a file, signed in by `linli staff sign-in`. Start at `registrar_comes`."""

import asyncio
import csv
from pathlib import Path
from typing import Any

from sandbox.demo.programs import linli
from sandbox.demo.stage import Post, Stage

REGISTRAR = "grid_worker"
"""Who confirms all homes of the demo: a grid worker of the whole district, so that one sign-in is enough."""
DISTRICT = "龙华区"


async def registrar_comes(stage: Stage, doors_open: asyncio.Event) -> None:
    """Employ the registrar for the whole district and sign them in."""
    await _employ(stage, "registrar", ["演示登记员", "网格员", DISTRICT])
    await doors_open.wait()
    token = stage.residents[0].token
    districts = await stage.product.call("GET", "/places", token=token, query={"kind": "district"})
    stage.staff[REGISTRAR] = await _sign_in(stage, REGISTRAR, districts["items"][0]["id"])


async def come_to_work(stage: Stage) -> None:
    """Sign one of each post in, around the first resident's home."""
    home = await stage.product.call(
        "GET", f"/places/{stage.residents[0].home_place_id}", token=stage.residents[0].token
    )
    # From the district down: street, community, grid, perhaps an estate, building; a file names no estate.
    path: list[dict[str, Any]] = home["path"]
    community, grid, building = path[2], path[3], path[-1]
    words = "/".join(step["name"] for step in (*path[:4], building))
    await _employ(stage, "leader", ["演示楼栋长", "楼栋长", words])
    wanted = {"secretary": community, "deputy": community, "grid_chief": grid, "building_leader": building}
    posts = await asyncio.gather(*(_sign_in(stage, role, place["id"]) for role, place in wanted.items()))
    stage.staff |= dict(zip(wanted, posts, strict=True))


async def confirm_homes(stage: Stage) -> None:
    """Confirm where each resident lives."""
    token = stage.staff[REGISTRAR].token
    for resident in stage.residents:
        await stage.product.call("POST", f"/staff/homes/{resident.id}/confirmation", token=token)


async def _employ(stage: Stage, name: str, line: list[str]) -> None:
    """Put one member of staff in, from a file as an office would send it."""
    file = stage.folder / f"{name}.csv"
    await asyncio.to_thread(_write_people, file, line)
    await stage.children.run(f"import-{name}", [linli(), "import", "people", str(file)], stage.env)


def _write_people(file: Path, line: list[str]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([["姓名", "岗位", "地点"], line])


async def _sign_in(stage: Stage, role: str, place_id: object) -> Post:
    command = [linli(), "staff", "sign-in", "--role", role, "--place", str(place_id)]
    token = (await stage.children.run(f"sign-in-{role}", command, stage.env)).split()[-1]
    return Post(token, str(place_id))
