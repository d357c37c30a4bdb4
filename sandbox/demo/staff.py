"""The demo's staff: posts from a file, signed in by `linli staff sign-in`. Start at `come_to_work`."""

import asyncio
import csv
from pathlib import Path
from typing import Any

from sandbox.demo.programs import linli
from sandbox.demo.stage import Post, Stage

REGISTRAR = "grid_worker"
"""Who confirms all homes of the demo: a grid worker of the whole district, so that one sign-in is enough."""


async def come_to_work(stage: Stage, *, everybody: bool) -> None:
    """Sign the registrar in, and with `everybody` one of each post around the first resident's home."""
    path = await _way_to(stage, stage.residents[0].home_place_id)
    district, community, grid, building = path[0], path[2], path[3], path[-1]
    file = stage.folder / "people.csv"
    await asyncio.to_thread(_write_people, file, path)
    await stage.children.run("import-people", [linli(), "import", "people", str(file)], stage.env)
    wanted = [(REGISTRAR, district)]
    if everybody:
        wanted += [("secretary", community), ("deputy", community), ("grid_chief", grid), ("building_leader", building)]
    posts = await asyncio.gather(*(_sign_in(stage, role, place["id"]) for role, place in wanted))
    stage.staff = {role: post for (role, _), post in zip(wanted, posts, strict=True)}


async def confirm_homes(stage: Stage) -> None:
    """Confirm where each resident lives."""
    token = stage.staff[REGISTRAR].token
    for resident in stage.residents:
        await stage.product.call("POST", f"/staff/homes/{resident.id}/confirmation", token=token)


async def _way_to(stage: Stage, place_id: str) -> list[dict[str, Any]]:
    """Give the places from the district down to a building: street, community, grid, perhaps an estate."""
    place = await stage.product.call("GET", f"/places/{place_id}", token=stage.residents[0].token)
    path: list[dict[str, Any]] = place["path"]
    return path


def _write_people(file: Path, path: list[dict[str, Any]]) -> None:
    """Write the posts that `demo-staff` does not fill."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(["姓名", "岗位", "地点"])
        table.writerow(["演示登记员", "网格员", path[0]["name"]])
        table.writerow(["演示楼栋长", "楼栋长", "/".join(step["name"] for step in (*path[:4], path[-1]))])


async def _sign_in(stage: Stage, role: str, place_id: object) -> Post:
    command = [linli(), "staff", "sign-in", "--role", role, "--place", str(place_id)]
    token = (await stage.children.run(f"sign-in-{role}", command, stage.env)).split()[-1]
    return Post(token, str(place_id))
