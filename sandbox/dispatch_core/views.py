"""How requests and updates look in answers. Start at `request_view` and `update_view`."""

from typing import Any

from sandbox.dispatch_core.core import Core
from sandbox.dispatch_core.events import ENDED, EVENTS, OUR_WORDS, STEP_WORDS
from sandbox.dispatch_core.promises import Promise, promises
from sandbox.dispatch_core.records import Case, Update
from sandbox.dispatch_core.wire import when

UPDATE_FIELDS = (
    "service_request_id",
    "update_id",
    "status",
    "updated_datetime",
    "description",
    "media_url",
    "external_status_code",
    "external_id",
    "sequence",
    "event",
    "agency_responsible",
    "agency_phone",
    "due_datetime",
    "round",
    "public_text",
)


def request_view(core: Core, case: Case, *, extensions: bool = False, with_external_id: bool = False) -> dict[str, Any]:
    """Show a request as in a list of requests."""
    media = case.filed.get("media_urls") or []
    view: dict[str, Any] = {
        "service_request_id": case.id,
        "status": "closed" if case.step in ENDED else "open",
        "status_notes": STEP_WORDS[case.step],
        "service_name": case.service_name,
        "service_code": case.service_code,
        "description": case.description,
        "agency_responsible": case.unit,
        "service_notice": None,
        "requested_datetime": when(case.requested_at),
        "updated_datetime": when(case.updated_at),
        "expected_datetime": when(case.expected_at) if case.expected_at else None,
        "address": case.address,
        "address_id": case.address_id,
        "zipcode": None,
        "lat": case.lat,
        "long": case.long,
        "media_url": media[0] if media else None,
    }
    if extensions or with_external_id:
        view["external_id"] = case.external_id
    return view | _extended(core, case) if extensions else view


def update_view(update: Update) -> dict[str, Any]:
    """Show an update as in a list of updates: the standard's fields and ours, then whatever else was given."""
    body = update.fields
    return {name: body.get(name) for name in UPDATE_FIELDS} | {k: v for k, v in body.items() if k not in UPDATE_FIELDS}


def _extended(core: Core, case: Case) -> dict[str, Any]:
    history = core.updates("AND case_number = ? ORDER BY at, number", case.number)
    return {
        "extended_attributes": {
            "channel": "linli" if case.external_id else "open311",
            "step": case.step,
            "round": case.round,
            "photos": [{"media_url": url} for url in case.filed.get("media_urls") or []],
        },
        "responsible": {"unit": case.unit, "duty_phone": case.unit_phone} if case.unit else None,
        "deadlines": [_deadline(promise) for promise in promises(case, history)],
        "attributes": [
            {"code": code, "label": code, "name": code, "value": "、".join(values)}
            for code, values in case.filed.get("attributes", {}).items()
        ],
        "notes": [_submitted(case), *(_note(update) for update in history)],
    }


def _deadline(promise: Promise) -> dict[str, Any]:
    met = when(promise.met_at) if promise.met_at else None
    return {"kind": promise.kind, "due_datetime": when(promise.due_at), "met_datetime": met}


def _submitted(case: Case) -> dict[str, Any]:
    """Show the filing, with which the history begins although it is no update."""
    return {"datetime": when(case.requested_at), "description": "居民已提交。", "type": "submitted", "label": "提交"}


def _note(update: Update) -> dict[str, Any]:
    body = update.fields
    word = EVENTS[update.event].word if update.event in EVENTS else OUR_WORDS.get(update.event, update.event)
    text = body.get("public_text") or body.get("description") or word
    return {"datetime": when(update.at), "description": text, "type": update.event, "label": word}
