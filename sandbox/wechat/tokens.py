"""Access tokens: two families that know nothing of each other. Start at `Tokens`."""

import secrets

from sandbox.control import StandIn
from sandbox.wechat.replies import WeChatError

SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (
    number INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT NOT NULL UNIQUE, family TEXT NOT NULL,
    expires_at REAL NOT NULL, replaced_at REAL, revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS calls (endpoint TEXT NOT NULL, who TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS calls_by_time ON calls (endpoint, at);
"""
TABLES = ("tokens", "calls")
VALID_SECONDS, OVERLAP_SECONDS = 7200.0, 300.0
FORCED_A_DAY, FORCED_APART = 20, 30.0
SHORTEST_TOKEN = 64
DAY, MINUTE = 86400.0, 60.0
# (errcode when reached, a minute, a day); None is without limit.
QUOTAS: dict[str, tuple[int, int | None, int | None]] = {
    "token": (45009, None, 2000),
    "stable_token": (45009, 10_000, 500_000),
    "jscode2session": (45011, 100, None),
    "getuserphonenumber": (45009, None, None),
    "msg_sec_check": (44991, 4000, 2_000_000),
}


class Tokens:
    """The token service and the quotas."""

    def __init__(self, stand_in: StandIn) -> None:
        """Use the store of the stand-in."""
        self.store = stand_in.store
        self.clock = stand_in.clock
        stand_in.on_reset.append(self._reset)

    def legacy(self) -> tuple[str, int]:
        """Give a new token every time; the one before is good for five minutes more."""
        return self._issue("legacy"), int(VALID_SECONDS)

    def stable(self, *, force: bool) -> tuple[str, int]:
        """Give the same token while it lasts; rolled over in its last five minutes, or by force, which is rationed."""
        now = self.clock.seconds()
        newest = "SELECT * FROM tokens WHERE family = 'stable' AND revoked = 0 ORDER BY number DESC LIMIT 1"
        current = self.store.row(newest)
        if current is None or current["expires_at"] - now < OVERLAP_SECONDS or (force and self._may_force()):
            return self._issue("stable"), int(VALID_SECONDS)
        return current["token"], int(current["expires_at"] - now)

    def check(self, token: str | None) -> None:
        """Refuse a call whose token is missing, malformed, replaced or expired."""
        if not token:
            raise WeChatError(41001)
        row, now = self.store.row("SELECT * FROM tokens WHERE token = ?", token), self.clock.seconds()
        if row is None:
            raise WeChatError(40014 if len(token) < SHORTEST_TOKEN else 40001)
        replaced = row["replaced_at"] is not None and now - row["replaced_at"] > OVERLAP_SECONDS
        if row["revoked"] or replaced:
            raise WeChatError(40001)
        if now >= row["expires_at"]:
            raise WeChatError(42001)

    def revoke(self) -> None:
        """Take every token back before its time."""
        self.store.write("UPDATE tokens SET revoked = 1")

    def limit(self, quotas: dict[str, dict[str, int | None]]) -> None:
        """Set other quotas: `{endpoint: {"per_minute": n, "per_day": n}}`."""
        self.store.keep("quotas", quotas)

    def count(self, endpoint: str, who: str = "") -> None:
        """Count a call and refuse it beyond the quota."""
        errcode, per_minute, per_day = QUOTAS[endpoint]
        given = self.store.kept("quotas", {}).get(endpoint, {})
        now = self.clock.seconds()
        for span, most in ((MINUTE, given.get("per_minute", per_minute)), (DAY, given.get("per_day", per_day))):
            sql = "SELECT count(*) AS made FROM calls WHERE endpoint = ? AND who = ? AND at > ?"
            row = self.store.row(sql, endpoint, who, now - span)
            if most is not None and row is not None and row["made"] >= most:
                raise WeChatError(errcode)
        self.store.write("INSERT INTO calls VALUES (?, ?, ?)", endpoint, who, now)

    def _issue(self, family: str) -> str:
        now, token = self.clock.seconds(), f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(96)}"
        with self.store.together():
            replace = "UPDATE tokens SET replaced_at = ? WHERE family = ? AND replaced_at IS NULL"
            self.store.write(replace, now, family)
            insert = "INSERT INTO tokens (token, family, expires_at) VALUES (?, ?, ?)"
            self.store.write(insert, token, family, now + VALID_SECONDS)
        return token

    def _may_force(self) -> bool:
        now = self.clock.seconds()
        forced: list[float] = [at for at in self.store.kept("forced", []) if now - at < DAY]
        if len(forced) >= FORCED_A_DAY or (forced and now - forced[-1] < FORCED_APART):
            return False
        self.store.keep("forced", [*forced, now])
        return True

    def _reset(self) -> None:
        self.store.empty(*TABLES)
        self.store.keep("forced", [])
        self.store.keep("quotas", {})
