"""What the dispatch core knows and does. Start at `Core`.

`file` takes a request, `append` lets something happen to it, `hear` takes what Linli says about it. A repeated
external id or update id gets the first result.
"""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.control import StandIn
from sandbox.dispatch_core import events, wording
from sandbox.dispatch_core.records import TABLES, Case, Update, case_of, update_of
from sandbox.dispatch_core.services import Catalogue, Service
from sandbox.dispatch_core.wire import SHENZHEN, Form, Open311Error, parse_when, stamp, when
from sandbox.store import Bindable

ANSWERED_WITHIN = timedelta(days=10)
LARGEST = 2**53
"""Beyond it a number is no longer the same in every program; a sequence that large would leave none after it."""
CONTACT = ("first_name", "last_name", "phone", "email", "device_id", "deviceid", "account_id")


@dataclass
class Target:
    """Where callbacks go and with which key they are signed."""

    url: str | None = None
    key_id: str = ""
    secret: str = field(default="", repr=False)


@dataclass
class Rules:
    """What can be configured about the core."""

    api_key: str | None = None
    jurisdiction: str | None = None
    token_seconds: float = 1.0
    retry_base_seconds: float = 0.5


class Core:
    """Requests and updates on a durable store."""

    def __init__(self, stand_in: StandIn, rules: Rules, target: Target, usual_target: Target) -> None:
        """Open the catalogue; a callback target configured earlier outlives a restart."""
        self.stand_in = stand_in
        self.store = stand_in.store
        self.rules = rules
        self.catalogue = Catalogue(self.store)
        self.target = target if target.url else Target(**self.store.kept("target", vars(usual_target)))
        # Who wants to know: the units plan their work, the courier carries the update away.
        self.on_filed: list[Callable[[Case], None]] = []
        self.on_heard: list[Callable[[Case, str], None]] = []
        self.on_update: list[Callable[[], None]] = []
        stand_in.on_reset.append(lambda: self.store.empty(*TABLES))

    def now(self) -> datetime:
        """Give the domain instant."""
        return self.stand_in.clock.now()

    def aim(self, target: Target) -> None:
        """Send callbacks there from now on."""
        self.target = target
        self.store.keep("target", vars(target))
        self._tell()

    # ---- requests

    def case(self, number: int) -> Case:
        """Give a request by its inner number."""
        row = self.store.row("SELECT * FROM cases WHERE number = ?", number)
        if row is None:
            message = f"no request number {number}"
            raise LookupError(message)
        return case_of(row)

    def find(self, service_request_id: str) -> Case | None:
        """Give a request by the id that was given out."""
        row = self.store.row("SELECT * FROM cases WHERE id = ?", service_request_id)
        return None if row is None else case_of(row)

    def cases(self, where: str, *values: Bindable) -> list[Case]:
        """Find requests by a condition and order in SQL."""
        return [case_of(row) for row in self.store.rows(f"SELECT * FROM cases {where}", *values)]  # noqa: S608

    def file(self, form: Form, service: Service) -> Case:
        """Take a request, or find the one that was taken under the same external id."""
        external_id = (form.attributes().get("external_id") or [form.get("external_id") or ""])[0] or None
        with self.store.together():
            earlier = self.cases("WHERE external_id = ?", external_id) if external_id else []
            if earlier:
                return earlier[0]
            number = self._insert(form, service, external_id)
            case = self.case(number)
            for told in self.on_filed:
                told(case)
        return self.case(number)

    def _insert(self, form: Form, service: Service, external_id: str | None) -> int:
        now = self.now()
        filed: dict[str, Any] = {
            "attributes": {code: values for code, values in form.attributes().items() if code != "external_id"},
            "contact": {name: form.get(name) for name in CONTACT if form.get(name)},
            "media_urls": form.several("media_url", "media_url[]"),
        }
        token = f"T{secrets.token_hex(8)}" if service.type == "batch" else None
        values: dict[str, Bindable] = {
            "external_id": external_id,
            "token": token,
            "token_ready_at": time.time() + self.rules.token_seconds if token else None,
            "service_code": service.service_code,
            "service_name": service.service_name,
            "service_group": service.group,
            "description": form.get("description"),
            "address": form.get("address_string"),
            "address_id": form.get("address_id"),
            "lat": float(lat) if (lat := form.get("lat")) else None,
            "long": float(long) if (long := form.get("long")) else None,
            "requested_at": stamp(now),
            "updated_at": stamp(now),
            "expected_at": stamp(now + ANSWERED_WITHIN),
        }
        columns, marks = ", ".join((*values, "filed")), ", ".join("?" * (len(values) + 1))
        with self.store.together():
            insert = f"INSERT INTO cases ({columns}) VALUES ({marks})"  # noqa: S608 - our own column names
            number = self.store.write(insert, *values.values(), "{}")
            filed["media_urls"] += [self._keep_file(number, file.content_type, file.content) for file in form.files]
            public = f"FB{now.astimezone(SHENZHEN).strftime('%Y%m%d')}{number:06d}"
            text = json.dumps(filed, ensure_ascii=False)
            self.store.write("UPDATE cases SET id = ?, filed = ? WHERE number = ?", public, text, number)
        return number

    def _keep_file(self, number: int, content_type: str, content: bytes) -> str:
        name = secrets.token_hex(12)
        self.store.write("INSERT INTO media VALUES (?, ?, ?, ?)", name, number, content_type, content)
        return f"{self.stand_in.base_url}/media/{name}"

    # ---- what happens to them

    def updates(self, where: str, *values: Bindable) -> list[Update]:
        """Find updates by a condition and order in SQL; a forged second body of an update id is not among them."""
        found = self.store.rows(f"SELECT * FROM updates WHERE shadow = 0 {where}", *values)  # noqa: S608
        return [update_of(row) for row in found]

    def append(
        self, case: Case, event: str, given: dict[str, Any], *, at: datetime | None = None, deliver: bool = True
    ) -> Update:
        """Let an event happen: exactly the given fields, the rest filled in; then queue its callback."""
        with self.store.together():
            case = self.case(case.number)
            body = self._body(case, event, given, at or self.now())
            happened = _instant(body["updated_datetime"], at or self.now())
            shadow = self.store.row("SELECT 1 FROM updates WHERE update_id = ?", body["update_id"]) is not None
            number = self.store.write(
                "INSERT INTO updates (update_id, case_number, origin, event, sequence, round, at, body, shadow)"
                " VALUES (?, ?, 'core', ?, ?, ?, ?, ?, ?)",
                str(body["update_id"]),
                case.number,
                event,
                _whole(body.get("sequence")),
                _whole(body.get("round")) or case.round,
                stamp(happened),
                json.dumps(body, ensure_ascii=False),
                int(shadow),
            )
            if not shadow:
                self._move(case, event, body, happened)
            self.store.write(
                "INSERT INTO deliveries (update_number, case_number, state) VALUES (?, ?, ?)",
                number,
                case.number,
                "waiting" if deliver else "held",
            )
            row = self.store.row("SELECT * FROM updates WHERE number = ?", number)
        self._tell()
        if row is None:
            raise LookupError(number)
        return update_of(row)

    def _body(self, case: Case, event: str, given: dict[str, Any], at: datetime) -> dict[str, Any]:
        kind = events.EVENTS.get(event, events.EVENTS["note"])
        unit, phone = self._unit_named(case, event, given)
        filled: dict[str, Any] = {
            "service_request_id": case.id,
            "external_id": case.external_id,
            "update_id": f"U{case.number}-{secrets.token_hex(6)}",
            "updated_datetime": when(at),
            "status": kind.status,
            "event": event,
            "external_status_code": event,
            "sequence": case.sequence + 1,
            "round": case.round,
            "agency_responsible": unit,
            "agency_phone": phone,
            "description": kind.sentence,
        }
        if "description" not in given:
            filled["public_text"] = kind.sentence
        return {name: value for name, value in {**filled, **given}.items() if value is not None}

    def _unit_named(self, case: Case, event: str, given: dict[str, Any]) -> tuple[str | None, str | None]:
        """Give the unit an update names if none was given, and its duty phone: mostly the one that has the case."""
        seed = self.store.kept("seed", 0)
        if "agency_responsible" in given:
            return None, case.unit_phone if given["agency_responsible"] == case.unit else None
        if event in ("assigned", "transferred"):
            return wording.unit_for(case, seed)
        if event == "co_handler_added":
            return wording.helper_for(case, case.unit, wording.Dice(seed, case.id, event, case.sequence))
        return case.unit, case.unit_phone

    def _move(self, case: Case, event: str, body: dict[str, Any], happened: datetime) -> None:
        step = events.step_after(event, case.step, case.step_before_merge)
        unit, phone = _host_after(event, case, body)
        expected = case.expected_at
        if event == "extension_granted" and body.get("due_datetime"):
            expected = _instant(body["due_datetime"], happened)
        self.store.write(
            "UPDATE cases SET step = ?, step_before_merge = ?, unit = ?, unit_phone = ?, sequence = ?,"
            " updated_at = ?, expected_at = ? WHERE number = ?",
            step,
            case.step if event == "merged" and case.step != "merged" else case.step_before_merge,
            unit,
            phone,
            max(case.sequence, _whole(body.get("sequence")) or 0),
            stamp(max(case.updated_at, happened)),
            stamp(expected) if expected else None,
            case.number,
        )

    # ---- what Linli says

    def hear(self, case: Case, form: Form) -> str:
        """Take an update from Linli and answer with our id for it; a repeated one gets the first answer."""
        theirs = form.get("update_id") or ""
        named = form.get("event") or (form.attributes().get("event") or [""])[0]
        event = named.lower() or events.BY_STATUS.get((form.get("status") or "").upper(), "note")
        with self.store.together():
            earlier = self.store.row("SELECT answer FROM heard WHERE update_id = ?", theirs)
            if earlier is not None:
                return str(earlier["answer"])
            ours = f"L{case.number}-{secrets.token_hex(6)}"
            self.store.write("INSERT INTO heard VALUES (?, ?, ?)", theirs, ours, case.number)
            urls = form.several("media_url", "media_url[]")
            urls += [self._keep_file(case.number, file.content_type, file.content) for file in form.files]
            said: dict[str, Any] = {name: value for name, value in form.fields.items() if name != "api_key"}
            said |= {code: values if len(values) > 1 else values[0] for code, values in form.attributes().items()}
            said |= {"media_url": urls} if urls else {}
            given = form.get("updated_datetime")
            at = parse_when(given, "updated_datetime") if given else self.now()
            self.store.write(
                "INSERT INTO updates (update_id, case_number, origin, event, round, at, body)"
                " VALUES (?, ?, 'linli', ?, ?, ?, ?)",
                ours,
                case.number,
                event,
                case.round,
                stamp(at),
                json.dumps(said, ensure_ascii=False),
            )
            self._heed(case, event, said, at)
            for told in self.on_heard:
                told(self.case(case.number), event)
        return ours

    def _heed(self, case: Case, event: str, said: dict[str, Any], at: datetime) -> None:
        step, turn = case.step, case.round
        if event == "withdrawn" and step not in {"answered", *events.ENDED}:
            step = "withdrawn"
        elif event in ("closed", "merged") and step not in events.ENDED:
            step = event
        elif event == "unmerged":
            step = events.step_after(event, step, case.step_before_merge)
        elif event == "redone" and step in ("answered", "closed", "in_progress"):
            step, turn = "in_progress", max(2, case.round)
        elif event == "rated" and step == "answered" and (_satisfied(said) or case.round > 1):
            step = "closed"
        self.store.write(
            "UPDATE cases SET step = ?, step_before_merge = ?, round = ?, updated_at = ? WHERE number = ?",
            step,
            case.step if event == "merged" and case.step != "merged" else case.step_before_merge,
            turn,
            stamp(max(case.updated_at, at)),
            case.number,
        )

    def _tell(self) -> None:
        for told in self.on_update:
            told()


def _host_after(event: str, case: Case, body: dict[str, Any]) -> tuple[str | None, str | None]:
    """Give the unit that has the case after an event, and its duty phone; who only helps takes nothing over."""
    if event == "returned":
        return None, None
    if event == "co_handler_added":
        return case.unit, case.unit_phone
    unit, phone = _text(body.get("agency_responsible")), _text(body.get("agency_phone"))
    if unit in (None, case.unit):
        return case.unit, phone or case.unit_phone
    return unit, phone


def _satisfied(said: dict[str, Any]) -> bool:
    """Solved, and the result got at least three of five."""
    return str(said.get("solved", "")).lower() in ("true", "1", "yes") and said.get("result", "5") in ("3", "4", "5")


def _text(value: object) -> str | None:
    """Give a word for our own books; a test may send anything in its place."""
    return value or None if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    """Give a number for our own books, if it is one and the store can hold it."""
    return value if isinstance(value, int) and abs(value) <= LARGEST else None


def _instant(text: object, otherwise: datetime) -> datetime:
    """Read a given datetime for our own order; a test may send nonsense on purpose, which then counts as now."""
    try:
        return parse_when(str(text), "updated_datetime")
    except Open311Error:
        return otherwise
