"""Write every room's first migration anew: `python -m tests.schema`.

Only until the first release: afterwards migrations are added, never rewritten.
"""

import asyncio
from pathlib import Path

from foundation.migrating import write_migrations
from foundation.parts import apps_of, load_parts


def main() -> None:
    """Delete and write each `0001_first.py`."""
    apps = apps_of(load_parts())
    kept: dict[Path, str] = {}
    for app in apps.values():
        folder = Path(str(app["migrations"]).replace(".", "/"))
        for path in sorted(folder.glob("0*.py")):
            kept[path] = path.read_text()
            path.unlink()
    config = {"connections": {"default": "psycopg://nobody@/nowhere"}, "apps": apps, "use_tz": True}
    for written in asyncio.run(write_migrations(config, "first")):
        print(written)  # noqa: T201
    for path, text in kept.items():
        if not path.name.startswith("0001"):
            path.write_text(text)


if __name__ == "__main__":
    main()
