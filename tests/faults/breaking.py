"""Breaking things on purpose, and mending them: one function for each, for the short tests and for the soak.

Each is called in the middle of a storm and returns when the thing is whole again and somebody was served by it.
Nothing in the product knows of this: processes are ended by number, servers by signal, and the moment is chosen by
looking at the tables, the stand-in's journal or the doors.
"""

import asyncio
from signal import SIGCONT, SIGSTOP
from typing import Any

from redis.asyncio import Redis

from tests.faults.story import STUBBORN_SECONDS, Story
from tests.processes.district import District
from tests.processes.programs import until

CORE = {"path": "/open311/v2/", "direction": "in"}
WITHOUT_REDIS_SECONDS = 15.0
"""How long a screen may take without Redis: a heartbeat of its socket, or a poll."""


async def readiness(district: District) -> dict[str, str]:
    """Ask the doors what they can reach; nothing while there are no doors."""
    try:
        async with district.session.get(f"{district.copy.url}/readyz") as answer:
            checks: dict[str, str] = (await answer.json())["checks"]
            return checks
    except OSError:
        return {}


async def until_ready(district: District, **wanted: str) -> None:
    """Wait until the doors see these things so."""

    async def so() -> bool:
        return wanted.items() <= (await readiness(district)).items()

    await until(so, what=f"the doors see {wanted}")


async def until_filed(story: Story, count: int) -> None:
    """Wait until so many more complaints have been taken."""
    aim = len(story.answered) + count

    async def taken() -> bool:
        return len(story.answered) >= aim

    await until(taken, seconds=STUBBORN_SECONDS, what=f"{count} more complaints are taken")


async def kill_postgres(story: Story) -> None:
    """End PostgreSQL's main process in the middle of whatever it does; start it again when somebody has felt it."""
    before = story.turned_away
    server = story.district.server("postgres")
    server.kill()
    server.wait(30)
    await until_ready(story.district, postgres="failed")

    async def felt() -> bool:
        return story.turned_away > before

    await until(felt, seconds=STUBBORN_SECONDS, what="somebody is turned away")
    await story.district.bring_back("postgres")
    await until_ready(story.district, postgres="ok")


async def cut_connections(story: Story) -> None:
    """Cut every line to PostgreSQL, as a firewall or an administrator does."""
    story.district.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    await until_filed(story, 2)


async def flush_redis(story: Story) -> None:
    """Forget everything in Redis."""
    async with Redis.from_url(story.district.servers.addresses.redis_url) as client:
        await client.flushall()
    await until_filed(story, 2)


async def kill_redis(story: Story) -> None:
    """Be without Redis for as long as it takes to file some complaints; their steps come to every screen meanwhile."""
    server = story.district.server("redis")
    server.kill()
    server.wait(30)
    await until_ready(story.district, redis="failed", postgres="ok")
    await until_filed(story, 4)
    await story.screens_caught_up(_last_seqs(story), seconds=WITHOUT_REDIS_SECONDS)
    await story.district.bring_back("redis")
    await until_ready(story.district, redis="ok")


async def hang_redis(story: Story) -> None:
    """Let Redis neither answer nor go."""
    server = story.district.server("redis")
    server.send_signal(SIGSTOP)
    try:
        await until_filed(story, 3)
    finally:
        server.send_signal(SIGCONT)
    await until_ready(story.district, redis="ok")


async def kill_worker(story: Story) -> None:
    """End the worker in the middle, and start another."""
    (worker,) = await story.district.copy.running("work")
    await worker.kill()
    await story.district.copy.running("work")


async def kill_doors(story: Story) -> None:
    """End the doors in the middle, and open them again."""
    (doors,) = await story.district.copy.running("serve")
    await doors.kill()
    await story.district.copy.running("serve")


async def drain(story: Story) -> None:
    """Ask doors and worker to end under load, as at each new version, and start both again."""
    programs = [program for program in story.district.copy.programs if program.alive]
    codes = await asyncio.gather(*(program.end() for program in programs))
    story.odd_answers += [f"a program ended with {code}" for code in codes if code]
    await story.district.up()


async def break_core(story: Story, do: str, value: Any = None) -> None:
    """Let the core fail in one way at every call, until complaints wait for it; then let it be well."""
    await story.district.core.control("/faults", [{"match": CORE, "do": do, "value": value}], method="PUT")
    await until_filed(story, 2)

    async def tried() -> bool:
        rows = story.district.rows(
            "SELECT count(*) AS n FROM dispatch_message WHERE state = 'waiting' AND attempts >= 1"
        )
        return bool(rows[0]["n"])

    await until(tried, what="a message could not be passed on")
    await story.district.core.control("/faults", [], method="PUT")


async def garble_callbacks(story: Story) -> None:
    """Send the core's next updates twice, in the wrong order, with a line that breaks before the answer."""
    rules = [
        {"do": "duplicate", "value": 3, "times": 4},
        {"do": "reorder", "value": 0.3, "times": 3},
        {"do": "accept_then_drop", "times": 3},
        {"do": "bad_signature", "times": 2},
    ]
    match = {"direction": "out"}
    await story.district.core.control("/faults", [{"match": match, **rule} for rule in rules], method="PUT")
    await until_filed(story, 4)
    await story.district.core.control("/faults", [], method="PUT")


def _last_seqs(story: Story) -> dict[str, int]:
    rows = story.district.rows("SELECT id, last_seq FROM complaint WHERE id = ANY(%s::uuid[])", story.ids)
    return {str(row["id"]): row["last_seq"] for row in rows}
