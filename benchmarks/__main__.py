"""`python -m benchmarks [table …] [--seconds N]`: measure everything, or the named suites, and write the page."""

import argparse
import asyncio
import importlib
import importlib.util
import sys
import time
import traceback

import uvloop

from benchmarks.publishing import publish
from benchmarks.stage import machine, open_stage

SUITES = {
    "filing": 50.0,
    "reading": 25.0,
    "applying": 35.0,
    "lists": 75.0,
    "starting": 12.0,
    "telling": 12.0,
    "live": 80.0,
    "live_meanwhile": 110.0,
    "live_storm": 80.0,
}
"""Module → the seconds it may take at most, with everything it sets up. Together some twelve minutes."""


async def measure(names: list[str], share: float) -> int:
    """Run the suites one after another; one that fails does not keep the others from being measured."""
    failed = 0
    for name in names:
        if importlib.util.find_spec(f"benchmarks.{name}") is None:
            continue
        began = time.monotonic()
        try:
            suite = importlib.import_module(f"benchmarks.{name}")
            async with open_stage() as stage, asyncio.timeout(SUITES[name] * share * 3 + 120):
                for filled in await suite.measure(stage, seconds=SUITES[name] * share):
                    publish(filled, machine=dict(machine(stage)))
        except Exception:  # noqa: BLE001 - shown, and told by the exit code
            failed += 1
            sys.stderr.write(f"{name} failed:\n{traceback.format_exc()}\n")
        sys.stderr.write(f"== {name}: {time.monotonic() - began:.0f} s\n")
    return failed


def main() -> None:
    """Read the command line and go."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("suites", nargs="*", choices=[*SUITES, []], help="which; all if none is named")
    arguments.add_argument("--share", type=float, default=1.0, help="of the usual time, such as 0.3 for a first look")
    given = arguments.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        failed = runner.run(measure(given.suites or list(SUITES), given.share))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
