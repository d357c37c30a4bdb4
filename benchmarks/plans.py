"""Looking at the plans: a question that reads all complaints is flat only as long as there are few.

The statements are taken as the product sends them: a psycopg that notes what it is asked for would be a mock, so
PostgreSQL itself is asked which tables were read from the first row to the last (`pg_stat_user_tables`).
"""

from typing import Any

import psycopg

GROWING = ("complaint", "complaint_event", "complaint_likeness", "complaint_follow", "complaint_deadline")
_READ_WHOLE = """
SELECT relname FROM pg_stat_user_tables
WHERE relname = ANY(%s) AND seq_scan > 0 AND last_seq_scan > %s AND n_live_tup > 1000
"""


def faults_in_plans(connection: psycopg.Connection[Any], *, since: Any = None) -> list[str]:
    """List the growing tables that were read whole since an instant, or since they were filled."""
    connection.execute("SELECT pg_stat_clear_snapshot()")
    rows = connection.execute(_READ_WHOLE, [list(GROWING), since or _filled_at(connection)]).fetchall()
    return [row[0] for row in rows]


def _filled_at(connection: psycopg.Connection[Any]) -> Any:
    row = connection.execute("SELECT max(last_analyze) FROM pg_stat_user_tables").fetchone()
    return row[0] if row else None
