"""`python -m sandbox.wechat`: run the mini-program platform by itself. Start at `main`."""

from pathlib import Path
from typing import Annotated

import typer

from sandbox.program import Placement, serve
from sandbox.wechat.app import Plan, build

PRODUCT = "http://127.0.0.1:8311"
PORT = 8313
"""Where the product is by default, and where it expects us."""

program = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@program.command()
def main(  # noqa: PLR0917 - command line options, not arguments
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = PORT,
    host: str = "127.0.0.1",
    store: Annotated[Path | None, typer.Option(help="SQLite file; without one nothing outlives the program.")] = None,
    announce: Annotated[Path | None, typer.Option(help="Where to write url and pid once listening.")] = None,
    die_with_parent: Annotated[bool, typer.Option("--die-with-parent")] = False,
    app_id: Annotated[str, typer.Option(envvar="STANDIN_APP_ID")] = Plan.app_id,
    app_secret: Annotated[str, typer.Option(envvar="STANDIN_APP_SECRET")] = Plan.app_secret,
) -> None:
    """Play the mini-program platform over real HTTP."""
    plan = Plan(app_id, app_secret, store, api=f"{PRODUCT}/api/v1", pages=f"{PRODUCT}/web/resident")
    serve(build(plan), Placement(host, port, announce, die_with_parent))


if __name__ == "__main__":
    program()
