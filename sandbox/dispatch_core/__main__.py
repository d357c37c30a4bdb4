"""`python -m sandbox.dispatch_core`: run the dispatch core by itself. Start at `main`."""

from pathlib import Path
from typing import Annotated

import typer

from sandbox.dispatch_core.app import Plan, build
from sandbox.dispatch_core.core import Rules, Target
from sandbox.program import Placement, serve

PORT = 8312
CALLBACKS = "http://127.0.0.1:8311/api/v1/callbacks/dispatch"
KEY_ID, SECRET = "sandbox-1", "sandbox-callback-secret"
"""Where the product expects us by default, where it hears us, and the key it believes."""

program = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@program.command()
def main(  # noqa: PLR0917 - command line options, not arguments
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = PORT,
    host: str = "127.0.0.1",
    store: Annotated[Path | None, typer.Option(help="SQLite file; without one nothing outlives the program.")] = None,
    announce: Annotated[Path | None, typer.Option(help="Where to write url and pid once listening.")] = None,
    die_with_parent: Annotated[bool, typer.Option("--die-with-parent")] = False,
    speed: Annotated[float, typer.Option(help="How fast the units work; 0: nobody acts by himself.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Another number, other chances.")] = 0,
    api_key: Annotated[str | None, typer.Option(envvar="STANDIN_API_KEY")] = None,
    jurisdiction: Annotated[str | None, typer.Option(envvar="STANDIN_JURISDICTION")] = None,
    callback_url: Annotated[str | None, typer.Option(envvar="STANDIN_CALLBACK_URL")] = None,
    callback_key_id: Annotated[str, typer.Option(envvar="STANDIN_CALLBACK_KEY_ID")] = KEY_ID,
    callback_secret: Annotated[str, typer.Option(envvar="STANDIN_CALLBACK_SECRET")] = SECRET,
) -> None:
    """Play the district's dispatch core over real HTTP."""
    plan = Plan(
        store=store,
        rules=Rules(api_key=api_key, jurisdiction=jurisdiction),
        target=Target(callback_url, callback_key_id, callback_secret),
        usual_target=Target(CALLBACKS, callback_key_id, callback_secret),
        speed=speed,
        seed=seed,
    )
    serve(build(plan), Placement(host, port, announce, die_with_parent))


if __name__ == "__main__":
    program()
