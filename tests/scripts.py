"""Statements that belong together."""

from foundation.database import transaction


async def run_together(*statements: str) -> None:
    """Run statements in one transaction."""
    async with transaction() as tx:
        for statement in statements:
            await tx.query(statement)
