"""Everything that is broken one by one elsewhere, here in a random order for minutes: `make soak`.

`LINLI_TEST_SOAK=1` lets it in, `LINLI_TEST_SOAK_SECONDS` says for how long (180), `LINLI_TEST_SEED` repeats an order. What
was broken, in which order, is printed; a failure names the seed.
"""

import os
import random
import time
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from tests.faults import breaking
from tests.faults.checker import flaws_of
from tests.faults.story import Story, storm, told
from tests.processes.district import District

SECONDS = float(os.environ.get("LINLI_TEST_SOAK_SECONDS", "180"))
SEED = int(os.environ.get("LINLI_TEST_SEED", "0")) or time.time_ns() % 1_000_000
FAULTS: dict[str, Callable[[Story], Awaitable[None]]] = {
    "PostgreSQL killed": breaking.kill_postgres,
    "every line to PostgreSQL cut": breaking.cut_connections,
    "Redis flushed": breaking.flush_redis,
    "Redis killed": breaking.kill_redis,
    "Redis hung": breaking.hang_redis,
    "worker killed": breaking.kill_worker,
    "doors killed": breaking.kill_doors,
    "both drained": breaking.drain,
    "core down": partial(breaking.break_core, do="drop"),
    "core broken": partial(breaking.break_core, do="status", value=500),
    "core slow": partial(breaking.break_core, do="delay", value=1.5),
    "core cuts the line": partial(breaking.break_core, do="accept_then_drop"),
    "callbacks garbled": breaking.garble_callbacks,
}
IN_A_STORM = 3


@pytest.mark.skipif(not os.environ.get("LINLI_TEST_SOAK"), reason="minutes of storms: LINLI_TEST_SOAK=1 lets them in")
@pytest.mark.timeout(SECONDS + 900)
async def test_storms_in_any_order(district: District, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(SEED)  # noqa: S311 - an order that can be repeated
    until, filed, broken = time.monotonic() + SECONDS, 0, 0
    with capsys.disabled():
        print(f"\nsoak: {SECONDS:.0f} s, LINLI_TEST_SEED={SEED}")  # noqa: T201 - for whoever wants to repeat it
        while time.monotonic() < until:
            names = chance.sample(sorted(FAULTS), IN_A_STORM)
            await district.up()
            async with told(district) as story:
                async with storm(story, seed=chance.randrange(1 << 30)):
                    for name in names:
                        await FAULTS[name](story)
                flaws = await flaws_of(district, story)
            filed, broken = filed + len(story.answered), broken + len(names)
            print(f"soak: {', '.join(names)}: {len(story.answered)} filed, {len(flaws)} flaws")  # noqa: T201
            assert flaws == [], f"LINLI_TEST_SEED={SEED}: {names}"
        print(f"soak: {filed} complaints through {broken} faults")  # noqa: T201
