"""Accounts and their one-time codes. Start at `Accounts`."""

import base64
import hashlib
import secrets
import string
from dataclasses import dataclass

from sandbox.control import StandIn
from sandbox.wechat.replies import WeChatError

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    openid TEXT PRIMARY KEY, unionid TEXT NOT NULL, nickname TEXT, phone TEXT,
    active_at REAL NOT NULL, blocked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS codes (
    code TEXT PRIMARY KEY, kind TEXT NOT NULL, openid TEXT NOT NULL, phone TEXT,
    made_at REAL NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS phones (position INTEGER PRIMARY KEY, openid TEXT UNIQUE, name TEXT, home TEXT);
"""
TABLES = ("accounts", "codes", "phones")
CODE_SECONDS = 300.0
ACTIVE_SECONDS = 2 * 3600.0
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Account:
    """One person at this mini-program."""

    openid: str
    unionid: str
    nickname: str | None
    phone: str | None
    active_at: float
    blocked: int


class Accounts:
    """Who exists, when they last opened the mini-program, and the codes they hold."""

    def __init__(self, stand_in: StandIn) -> None:
        """Use the store of the stand-in."""
        self.store = stand_in.store
        self.clock = stand_in.clock
        stand_in.on_reset.append(lambda: self.store.empty(*TABLES))

    def find(self, openid: str) -> Account | None:
        """Find an account, if it exists."""
        row = self.store.row("SELECT * FROM accounts WHERE openid = ?", openid)
        return None if row is None else Account(**dict(row))

    def opens(self, openid: str | None, nickname: str | None) -> Account:
        """Note that the person opens the mini-program; an account that is missing is made."""
        openid = openid or "o" + "".join(secrets.choice(_LETTERS) for _ in range(27))
        unionid = "u" + base64.urlsafe_b64encode(hashlib.sha256(openid.encode()).digest()).decode()[:27]
        self.store.write(
            "INSERT INTO accounts (openid, unionid, nickname, active_at) VALUES (?, ?, ?, ?) ON CONFLICT (openid)"
            " DO UPDATE SET active_at = excluded.active_at, nickname = coalesce(excluded.nickname, nickname)",
            openid,
            unionid,
            nickname,
            self.clock.seconds(),
        )
        account = self.find(openid)
        if account is None:
            raise LookupError(openid)
        return account

    def is_active(self, account: Account) -> bool:
        """Whether they opened the mini-program within the last two hours."""
        return self.clock.seconds() - account.active_at <= ACTIVE_SECONDS

    def give_code(self, kind: str, openid: str, *, phone: str | None = None, expires: bool = True) -> str:
        """Give out a fresh one-time code."""
        code = "0" + "".join(secrets.choice(_LETTERS) for _ in range(31))
        insert = "INSERT INTO codes (code, kind, openid, phone, made_at, expires) VALUES (?, ?, ?, ?, ?, ?)"
        self.store.write(insert, code, kind, openid, phone, self.clock.seconds(), int(expires))
        if phone:
            self.store.write("UPDATE accounts SET phone = ? WHERE openid = ?", phone, openid)
        return code

    def take_login(self, code: str) -> Account:
        """Use up a login code."""
        return self._take("login", code, used_errcode=40163)[0]

    def take_phone(self, code: str, openid: str | None) -> str:
        """Use up a phone code; every way it can be wrong is the same refusal."""
        account, phone = self._take("phone", code, used_errcode=40029, openid=openid)
        return phone or account.phone or ""

    def _take(
        self, kind: str, code: str, *, used_errcode: int, openid: str | None = None
    ) -> tuple[Account, str | None]:
        row = self.store.row("SELECT * FROM codes WHERE code = ? AND kind = ?", code, kind)
        account = self.find(row["openid"]) if row else None
        if row is None or account is None or (openid and account.openid != openid):
            raise WeChatError(40029)
        if row["used"]:
            raise WeChatError(used_errcode)
        if row["expires"] and self.clock.seconds() - row["made_at"] > CODE_SECONDS:
            raise WeChatError(40029)
        if account.blocked:
            raise WeChatError(40226)
        self.store.write("UPDATE codes SET used = 1 WHERE code = ?", code)
        return account, row["phone"]
