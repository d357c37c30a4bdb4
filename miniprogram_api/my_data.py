"""HTTP for taking everything along, and for leaving."""

from typing import Annotated, Any

from pydantic import Field

from community.people.leaving import leave
from foundation.access import Access
from foundation.audit import record_look
from foundation.clock import real_now
from foundation.database import transaction
from foundation.holdings import everything_about
from foundation.web import SESSION_COOKIE, Call, Instant, Output, endpoint
from miniprogram_api.identity import recently_seen


class ExportView(Output):
    """Everything that is held about the caller."""

    made_at: Instant
    held: Annotated[dict[str, Any], Field(json_schema_extra={"additionalProperties": True})]
    """By kind: `person`, `consents`, `complaints`, `uploads`, `kept_answers`, `looks_at_me`, and more with every room
    that holds something. Addresses of photos and voice are good for a while; fetch them soon."""


@endpoint("GET", "/me/export", access=Access.RESIDENT, limit="export", summary="Take everything along")
async def get_export(call: Call) -> ExportView:
    """Give everything held about the caller, as of one instant, readable by people and machines."""
    held = await everything_about(call.ground, call.actor)
    async with transaction():
        await record_look(call.actor, subject=f"resident:{call.actor.id}", what="export")
    call.answer_headers["Content-Disposition"] = 'attachment; filename="linli-my-data.json"'
    call.answer_headers["Cache-Control"] = "no-store"
    return ExportView(made_at=real_now(), held=held)


@endpoint("DELETE", "/me", access=Access.RESIDENT, summary="Leave, and take my identity along")
async def delete_me(call: Call) -> None:
    """End the account at once, on every device. It cannot be undone.

    Phone, name, home, sign-ins, photos and words are removed. Complaints stay without identity: number, category,
    community and steps; one that is open goes on, one that was not passed on yet is taken back. The dispatch core
    is told to forget who it was. Signing in again makes a new person.
    """
    await leave(call.ground, call.actor, at=call.at, real_at=real_now())
    recently_seen(call.ground).forget_person(call.actor)
    call.drop_cookie(SESSION_COOKIE)
