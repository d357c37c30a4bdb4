"""Carries updates to Linli as signed callbacks. Start at `Courier`.

In order per request, again and again until a 2xx; 409 is final and noted as a conflict. The queue is in the store, so
it survives the end of the program. Signatures and retries use real time.
"""

import asyncio
import contextlib
import secrets
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from sandbox.dispatch_core.core import Core
from sandbox.dispatch_core.records import Update, update_of
from sandbox.faults import OUTGOING, REORDER, Fault
from sandbox.journal import Exchange
from sandbox.signing import signature

PATIENCE = aiohttp.ClientTimeout(total=10)
LONGEST_PAUSE = 60.0
HOLD_FOR_SECOND = 5.0
CONFLICT = 409


@dataclass(frozen=True)
class Outcome:
    """What came of one delivery: a status, or why there was none."""

    status: int | None
    error: str | None = None

    @property
    def settled(self) -> str | None:
        """The final state, if this ends the matter."""
        if self.status == CONFLICT:
            return "conflict"
        return "done" if self.status is not None and 200 <= self.status < 300 else None  # noqa: PLR2004


class Courier:
    """The queue of callbacks and who carries it."""

    def __init__(self, core: Core) -> None:
        """Wait for updates."""
        self.core = core
        self.store = core.store
        self.wake = asyncio.Event()
        self.news = asyncio.Event()
        self.tried = asyncio.Event()
        self.busy: set[int] = set()
        self.session: aiohttp.ClientSession | None = None
        core.on_update += [self.wake.set, self.news.set]

    async def run(self) -> None:
        """Carry what is waiting, several requests at a time, one callback of a request at a time."""
        async with (
            aiohttp.ClientSession(timeout=PATIENCE, trust_env=False) as self.session,
            asyncio.TaskGroup() as group,
        ):
            while True:
                self.wake.clear()
                if self.core.target.url:
                    for case_number in self._due():
                        self.busy.add(case_number)
                        group.create_task(self._carry(case_number))
                # Not `wait_for`: in Python 3.11 it can swallow the cancellation that ends this loop.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await self.wake.wait()

    async def hand_over(self, update_ids: Sequence[str], *, parallel: bool = False) -> list[tuple[str, Outcome]]:
        """Deliver just these, in just this order, whatever the queue says."""
        seen: dict[str, int] = {}
        rows: list[Update] = []
        for update_id in update_ids:
            bodies = self.store.rows("SELECT * FROM updates WHERE update_id = ? ORDER BY number", update_id)
            if not bodies:
                message = f"no update {update_id}"
                raise LookupError(message)
            # An id that was given two bodies (to make a conflict) is delivered in the order the bodies were made.
            nth = seen[update_id] = seen.get(update_id, -1) + 1
            rows.append(update_of(bodies[min(nth, len(bodies) - 1)]))
        if parallel:
            outcomes = await asyncio.gather(*(self._deliver(update) for update in rows))
        else:
            outcomes = [await self._deliver(update) for update in rows]
        return [(update.update_id, outcome) for update, outcome in zip(rows, outcomes, strict=True)]

    async def attempted(self, update: Update, seconds: float) -> dict[str, object]:
        """Give the state of a delivery once it has been tried, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (row := self._delivery(update)) and row["state"] == "waiting" and not row["attempts"]:
                    self.tried.clear()
                    await self.tried.wait()
        row = self._delivery(update)
        return {} if row is None else {name: row[name] for name in ("state", "attempts", "last_status")}

    def _delivery(self, update: Update) -> sqlite3.Row | None:
        return self.store.row("SELECT * FROM deliveries WHERE update_number = ?", update.number)

    def _due(self) -> list[int]:
        """Find requests whose oldest waiting callback may be tried now."""
        heads = self.store.rows(
            "SELECT d.case_number FROM deliveries d JOIN (SELECT case_number, min(number) AS head FROM deliveries"
            " WHERE state = 'waiting' GROUP BY case_number) h ON h.head = d.number WHERE d.next_at <= ? LIMIT 50",
            time.time(),
        )
        return [row["case_number"] for row in heads if row["case_number"] not in self.busy]

    async def _carry(self, case_number: int) -> None:
        try:
            if not await self._reordered(case_number):
                for update in self._waiting(case_number, 1):
                    await self._deliver(update)
        finally:
            self.busy.discard(case_number)
            self.wake.set()

    def _waiting(self, case_number: int, limit: int) -> list[Update]:
        found = self.store.rows(
            "SELECT u.* FROM deliveries d JOIN updates u ON u.number = d.update_number"
            " WHERE d.state = 'waiting' AND d.case_number = ? ORDER BY d.number LIMIT ?",
            case_number,
            limit,
        )
        return [update_of(row) for row in found]

    async def _reordered(self, case_number: int) -> bool:
        """When a rule asks for it: wait for a second callback of the request and send that one first."""
        path = urlsplit(self.core.target.url or "").path
        rule = self.core.stand_in.faults.awaits("out", "POST", path, "reorder")
        if rule is None:
            return False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(rule.number(HOLD_FOR_SECOND)):
                while len(self._waiting(case_number, 2)) == 1:
                    self.news.clear()
                    await self.news.wait()
        two = self._waiting(case_number, 2)
        if len(two) < 2:  # noqa: PLR2004
            return False
        self.core.stand_in.faults.strike("out", "POST", path, REORDER)
        for update in reversed(two):
            await self._deliver(update)
        return True

    async def _deliver(self, update: Update) -> Outcome:
        """Try once, and write down what came of it."""
        path = urlsplit(self.core.target.url or "").path
        struck = self.core.stand_in.faults.strike("out", "POST", path, OUTGOING)
        outcome = await self._try(update, struck)
        row = self._delivery(update)
        if row is None:
            return outcome
        attempts = row["attempts"] + 1
        pause = min(LONGEST_PAUSE, self.core.rules.retry_base_seconds * 2 ** min(attempts - 1, 20))
        self.store.write(
            "UPDATE deliveries SET state = ?, attempts = ?, next_at = ?, last_status = ?, last_error = ?"
            " WHERE number = ?",
            outcome.settled or row["state"],
            attempts,
            time.time() + pause,
            outcome.status,
            outcome.error,
            row["number"],
        )
        self.tried.set()
        return outcome

    async def _try(self, update: Update, struck: list[Fault]) -> Outcome:
        kinds = {fault.do: fault for fault in struck}
        if "delay" in kinds:
            await asyncio.sleep(kinds["delay"].number(1.0))
        if "drop" in kinds:
            # "lost": the core believes it was delivered; otherwise it sees a broken line and tries again.
            return Outcome(200, "lost") if kinds["drop"].value == "lost" else Outcome(None, "dropped")
        forged = "bad_signature" in kinds
        copies = int(kinds["duplicate"].number(2)) if "duplicate" in kinds else 1
        names = [str(fault.do) for fault in struck]
        outcomes = await asyncio.gather(*(self._post(update, names, forged=forged) for _ in range(copies)))
        best = next((outcome for outcome in outcomes if outcome.settled), outcomes[0])
        return Outcome(None, "line cut before the answer") if "accept_then_drop" in kinds else best

    async def _post(self, update: Update, faults: list[str], *, forged: bool) -> Outcome:
        target, body = self.core.target, update.body.encode()
        if not target.url or self.session is None:
            return Outcome(None, "no callback target")
        path, timestamp, nonce = urlsplit(target.url).path, str(int(time.time())), secrets.token_hex(12)
        sign = signature(target.secret, timestamp=timestamp, nonce=nonce, method="POST", path=path, body=body)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Linli-Key-Id": target.key_id,
            "X-Linli-Timestamp": timestamp,
            "X-Linli-Nonce": nonce,
            "X-Linli-Signature": sign[:-1] + ("0" if sign[-1] != "0" else "1") if forged else sign,
        }
        exchange = Exchange(
            "out", "POST", target.url, path, headers=headers, content_type="application/json", body=body
        )
        exchange.faults = faults
        try:
            async with self.session.post(target.url, data=body, headers=headers, allow_redirects=False) as response:
                exchange.status, exchange.answer = response.status, await response.read()
                exchange.answer_type = response.content_type
                return Outcome(response.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            exchange.error = f"{type(failure).__name__}: {failure}"
            return Outcome(None, exchange.error)
        finally:
            self.core.stand_in.journal.record(exchange)
