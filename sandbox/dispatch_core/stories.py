"""How a unit works through a request: a plan of events with their distances. Start at `story`.

Always the same plan for the same seed, request and round; always answered within ten days of the assignment.
"""

from dataclasses import dataclass, field
from typing import Any

from sandbox.dispatch_core.events import RANK
from sandbox.dispatch_core.records import Case
from sandbox.dispatch_core.wording import COMMON, TOPICS, Dice, helper_for, say, topic_of, unit_for

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
ACCEPT_LIMIT, FEEDBACK_LIMIT = 30 * MINUTE, 24 * HOUR
MILESTONES = {"assigned": 1, "accepted": 2, "feedback": 3, "answered": 4}
PHOTOS = ("before", "work", "after")


@dataclass(frozen=True)
class Beat:
    """One planned event: how many seconds of the units' time after the beginning, and what is said."""

    offset: float
    event: str
    fields: dict[str, Any] = field(default_factory=dict)


def story(case: Case, seed: int, happened: frozenset[str] = frozenset()) -> list[Beat]:
    """Tell what is still to come for a request, counted from the step it stands at.

    `happened` are the events of the present round: nothing is returned twice, no redo is answered for twice.
    """
    if RANK.get(case.step, len(RANK)) >= RANK["answered"]:
        return []
    if case.round > 1:
        whole = _second_round(case, seed)
        passed = max((at for at, beat in enumerate(whole) if beat.event in happened), default=-1)
    else:
        whole = _Telling(case, seed).first_round(may_return="returned" not in happened)
        reached = RANK[case.step]
        passed = max((at for at, beat in enumerate(whole) if MILESTONES.get(beat.event, 9) <= reached), default=-1)
    begin = whole[passed].offset if passed >= 0 else 0.0
    return [Beat(beat.offset - begin, beat.event, beat.fields) for beat in whole[passed + 1 :]]


def _words(text: str, **more: Any) -> dict[str, Any]:
    return {"description": text, "public_text": text, **more}


class _Telling:
    """The first round, told beat by beat."""

    def __init__(self, case: Case, seed: int) -> None:
        self.case = case
        self.seed = seed
        self.dice = Dice(seed, case.id, 1)
        self.topic = TOPICS[topic_of(case)]
        self.beats: list[Beat] = []
        self.at = 0.0
        self.unit = unit_for(case, seed)

    def first_round(self, *, may_return: bool) -> list[Beat]:
        dice = self.dice
        self._assign(1, dice.between(2 * MINUTE, 12 * MINUTE))
        self._accept()
        if dice.falls(0.08) and may_return:
            self._tell(self.at + dice.between(HOUR, 4 * HOUR), "returned", _words(self._say("returned")))
            self._assign(2, self.at + dice.between(10 * MINUTE, 40 * MINUTE))
            self._accept()
        self._feedback()
        if dice.falls(0.15):
            self._co_handler()
        if dice.falls(0.10):
            self._wait_for_resident()
        self._work()
        self._tell(self.at + dice.between(6 * HOUR, 1.2 * DAY), "answered", self._answer())
        return self.beats

    def _tell(self, at: float, event: str, words: dict[str, Any]) -> None:
        """Add the next beat; all that follows comes later."""
        self.at = at
        unit, phone = self.unit
        named = {} if event == "returned" else {"agency_responsible": unit, "agency_phone": phone}
        self.beats.append(Beat(at, event, {**named, **words}))

    def _say(self, kind: str, **more: str) -> str:
        return say(COMMON[kind], self.dice, self.case, **more)

    def _assign(self, attempt: int, at: float) -> None:
        self.unit = unit_for(self.case, self.seed, attempt=attempt)
        self._tell(at, "assigned", _words(f"已分拨给{self.unit[0]}，请三十分钟内签收、二十四小时内反馈。"))

    def _accept(self) -> None:
        assigned = self.at
        wait = self.dice.between(3 * MINUTE, 27 * MINUTE)
        if self.dice.falls(0.15):
            self._tell(assigned + ACCEPT_LIMIT + MINUTE, "urging_letter", _words(self._say("urging_letter")))
            wait = self.dice.between(36 * MINUTE, 90 * MINUTE)
        self._tell(assigned + wait, "accepted", _words(self._say("accepted")))

    def _feedback(self) -> None:
        assigned = max(beat.offset for beat in self.beats if beat.event == "assigned")
        late = self.dice.falls(0.10)
        if late:
            self._tell(assigned + FEEDBACK_LIMIT + 5 * MINUTE, "reminder_letter", _words(self._say("reminder_letter")))
        wait = self.dice.between(25 * HOUR, 29 * HOUR) if late else self.dice.between(2 * HOUR, 20 * HOUR)
        self._tell(assigned + wait, "feedback", _words(say(self.topic["feedback"], self.dice, self.case)))

    def _co_handler(self) -> None:
        helper, phone = helper_for(self.case, self.unit[0], self.dice)
        words = _words(self._say("co_handler", helper=helper), agency_responsible=helper, agency_phone=phone)
        self._tell(self.at + self.dice.between(HOUR, 4 * HOUR), "co_handler_added", words)

    def _wait_for_resident(self) -> None:
        self._tell(self.at + self.dice.between(HOUR, 6 * HOUR), "waiting_for_resident", _words(self._say("waiting")))
        self._tell(self.at + self.dice.between(6 * HOUR, 20 * HOUR), "resumed", _words(self._say("resumed")))

    def _work(self) -> None:
        dice, sentences = self.dice, list(self.topic["progress"])
        times = 1 + int(dice.roll() * 3)
        longer = dice.falls(0.12)
        for turn in range(times):
            text = sentences.pop(int(dice.roll() * len(sentences))) if sentences else self._say("progress_more")
            photo = {"photo": PHOTOS[min(turn, 1)]} if dice.falls(0.5) else {}
            words = _words(say([text], dice, self.case), **photo)
            self._tell(self.at + dice.between(10 * HOUR, 1.1 * DAY), "in_progress", words)
            if longer and turn == 0:
                self._extend()

    def _extend(self) -> None:
        asked = {"due_in_seconds": 4 * DAY}
        words = _words(self._say("extension_requested"), **asked)
        self._tell(self.at + self.dice.between(HOUR, 5 * HOUR), "extension_requested", words)
        words = _words(self._say("extension_granted"), **asked)
        self._tell(self.at + self.dice.between(2 * HOUR, 8 * HOUR), "extension_granted", words)

    def _answer(self) -> dict[str, Any]:
        photo = {"photo": "after"} if self.dice.falls(0.7) else {}
        return _words(say(self.topic["answered"], self.dice, self.case), **photo)


def _second_round(case: Case, seed: int) -> list[Beat]:
    """Let the same unit begin again: feedback, work, result."""
    dice = Dice(seed, case.id, case.round)
    feedback = dice.between(2 * HOUR, 12 * HOUR)
    work = feedback + dice.between(0.5 * DAY, 1.5 * DAY)
    result = work + dice.between(0.5 * DAY, 2 * DAY)
    photo = {"photo": "after"}
    return [
        Beat(feedback, "feedback", _words(say(COMMON["redo_feedback"], dice, case))),
        Beat(work, "in_progress", _words(say(COMMON["redo_progress"], dice, case))),
        Beat(result, "answered", _words(say(COMMON["redo_answered"], dice, case), **photo)),
    ]
