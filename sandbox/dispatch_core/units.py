"""The units that act by themselves, at their own pace. Start at `Units`.

The units' time (`pace`) runs `speed` times as fast as the domain clock and stands still at speed 0. Plans are kept in
units' time, so they stay right when the speed changes; what happens carries the domain instant at which it fell due.
"""

import asyncio
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.dispatch_core import events
from sandbox.dispatch_core.core import Core
from sandbox.dispatch_core.records import Case
from sandbox.dispatch_core.stories import DAY, HOUR, MINUTE, Beat, story
from sandbox.dispatch_core.wire import when
from sandbox.dispatch_core.wording import COMMON, Dice, say

LOOK_EVERY = 0.25
ALL_DONE_WITHIN = 9.5 * DAY


class Units:
    """Assignment, letters, work and results without anybody pressing a button."""

    def __init__(self, core: Core, first_speed: float, seed: int) -> None:
        """Go on with the pace of the store, or start with the first speed."""
        self.core = core
        self.store = core.store
        self.first_speed = first_speed
        if self.store.kept("seed") is None:
            self.store.keep("seed", seed)
        if self.store.kept("units") is None:
            self._anchor(0.0, first_speed)
        core.on_filed.append(self.plan)
        core.on_heard.append(self._heed)
        core.stand_in.after_move.append(self._after_move)
        core.stand_in.on_reset.append(lambda: self._anchor(self.pace(), self.first_speed))

    @property
    def speed(self) -> float:
        """How many times faster than real people."""
        return float(self.store.kept("units")["speed"])

    def pace(self) -> float:
        """Give the units' time in seconds."""
        anchor = self.store.kept("units")
        passed = self.core.stand_in.clock.seconds() - anchor["shown"]
        return float(anchor["pace"] + anchor["speed"] * passed)

    def work_at(self, speed: float) -> None:
        """Change the speed; what fell due at the old one happens first."""
        self.run_due()
        self._anchor(self.pace(), speed)
        self.run_due()

    def plan(self, case: Case) -> None:
        """Plan what is still to come for a request, from the step it stands at."""
        self.store.write("DELETE FROM plan WHERE case_number = ?", case.number)
        so_far = self.core.updates("AND case_number = ? AND round = ?", case.number, case.round)
        beats = story(case, self.store.kept("seed", 0), frozenset(update.event for update in so_far))
        for due, beat in self._in_time(case, beats):
            self._add(case, due, beat)

    def run_due(self) -> None:
        """Let everything happen that has fallen due, in its order."""
        if self.speed == 0:
            return
        due = "SELECT * FROM plan WHERE due <= ? ORDER BY due, number LIMIT 1"
        while (now := self.pace()) and self.store.row(due, now):
            with self.store.together():
                while row := self.store.row(due, now):
                    self._step(row)

    def _step(self, row: sqlite3.Row) -> None:
        self.store.write("DELETE FROM plan WHERE number = ?", row["number"])
        case = self.core.case(row["case_number"])
        if _still_fits(case, row["event"]):
            self._act(case, row["event"], json.loads(row["fields"]), row["due"])

    def played(self, case: Case, event: str) -> None:
        """Somebody played the unit by hand: the rest of the plan starts from there."""
        case = self.core.case(case.number)
        if event == "assigned":
            self._remember_assignment(case, self.pace())
        self.plan(self.core.case(case.number))

    async def sweep(self) -> None:
        """Look again and again whether something has fallen due."""
        while True:
            self.run_due()
            await asyncio.sleep(LOOK_EVERY)

    async def _after_move(self) -> None:
        self.run_due()

    def _act(self, case: Case, event: str, fields: dict[str, Any], due: float) -> None:
        at = self._instant(due)
        if photo := fields.pop("photo", None):
            fields["media_url"] = f"{self.core.stand_in.base_url}/pictures/{case.id}-{photo}.png"
        if seconds := fields.pop("due_in_seconds", None):
            fields["due_datetime"] = when(at + timedelta(seconds=seconds))
        self.core.append(case, event, fields, at=max(at, case.requested_at))
        if event == "assigned":
            self._remember_assignment(case, due)

    def _remember_assignment(self, case: Case, pace: float) -> None:
        update = "UPDATE cases SET first_assigned_pace = coalesce(first_assigned_pace, ?) WHERE number = ?"
        self.store.write(update, pace, case.number)

    def _in_time(self, case: Case, beats: list[Beat]) -> list[tuple[float, Beat]]:
        """When each beat is due; pressed together where the ten days would not be enough."""
        begin, last = self.pace(), max((beat.offset for beat in beats), default=0.0)
        left = ALL_DONE_WITHIN
        if case.round == 1 and case.first_assigned_pace is not None:
            left = max(case.first_assigned_pace + ALL_DONE_WITHIN - begin, HOUR)
        shorter = min(1.0, left / last) if last else 1.0
        return [(begin + beat.offset * shorter, beat) for beat in beats]

    def _heed(self, case: Case, event: str) -> None:
        """Change the plan as the resident's word asks for."""
        dice = Dice(self.store.kept("seed", 0), case.id, event, case.sequence)
        if case.step in events.ENDED:
            self.store.write("DELETE FROM plan WHERE case_number = ?", case.number)
        elif event == "redone":
            self.plan(case)
        elif event in ("urged", "supplemented") and case.unit and case.step != "answered":
            kind = "urged_note" if event == "urged" else "resident_note"
            text = say(COMMON[kind], dice, case)
            beat = Beat(0, "note", {"description": text, "public_text": text})
            self._add(case, self.pace() + dice.between(20 * MINUTE, 2 * HOUR), beat)

    def _add(self, case: Case, due: float, beat: Beat) -> None:
        fields = json.dumps(beat.fields, ensure_ascii=False)
        insert = "INSERT INTO plan (case_number, due, event, fields) VALUES (?, ?, ?, ?)"
        self.store.write(insert, case.number, due, beat.event, fields)

    def _instant(self, due: float) -> datetime:
        """Give the domain instant at which the units' time reached a point; never before the last change of speed."""
        anchor = self.store.kept("units")
        seconds = anchor["shown"] + max(0.0, due - anchor["pace"]) / anchor["speed"]
        return datetime.fromtimestamp(seconds, UTC)

    def _anchor(self, pace: float, speed: float) -> None:
        shown = self.core.stand_in.clock.seconds()
        self.store.keep("units", {"pace": pace, "shown": shown, "speed": speed})


def _still_fits(case: Case, event: str) -> bool:
    """Whether a planned event still makes sense at the step the request stands at now."""
    if case.step in events.ENDED:
        return False
    if event == "note":
        return case.step != "answered"
    if event in ("assigned", "accepted", "urging_letter"):
        return events.RANK[case.step] <= events.RANK["accepted"]
    return case.step != "answered"
