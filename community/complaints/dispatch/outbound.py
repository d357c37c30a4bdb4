"""Passing on to the core what residents do: one message at a time for each complaint, in order, until it is known.

The job's lock keeps the order, also while an earlier message waits for its
retry. After `give_up_hours` a message is parked and an alarm raised; `linli
parked` lists and retries. A message the core refuses for good is parked at once.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from community.calendar.queries import current_calendar
from community.complaints.actions import record_pushed
from community.complaints.dispatch.client import (
    DispatchClient,
    DispatchRejectedError,
    DispatchUnavailableError,
    Fields,
)
from community.complaints.dispatch.wording import request_fields, update_fields
from community.complaints.dispatch_models import DispatchMessage, MessageKind, MessageState
from foundation.breaker import BreakerOpenError
from foundation.clock import real_now
from foundation.ground import Ground
from foundation.jobs import TryAgainError, retry_wait

log = structlog.get_logger(__name__)
UNKNOWN_SERVICE = 404


async def pass_on_message(ground: Ground, complaint_id: UUID, seq: int) -> None:
    """Pass on what waits of a complaint up to this message, in order; called by the job, safe to repeat.

    An earlier one waits behind this job if a person has just let it try again.

    Raises:
        TryAgainError: not now; names the instant of the next try, which the resident is shown.

    """
    while message := await _first_waiting(complaint_id, seq):
        await _pass_on(ground, message)
        if message.seq == seq:
            return


async def _first_waiting(complaint_id: UUID, last: int) -> DispatchMessage | None:
    """Find a message that is to go out, with its complaint."""
    waits = DispatchMessage.filter(complaint_id=complaint_id, seq__lte=last, state=MessageState.WAITING)
    return await waits.order_by("seq").select_related("complaint").first()


async def _pass_on(ground: Ground, message: DispatchMessage) -> None:
    try:
        await _send(ground, message)
    except BreakerOpenError as error:
        await _postpone(ground, message, error.until, "core is left alone", tried=False)
    except DispatchUnavailableError as error:
        await _postpone(ground, message, real_now() + retry_wait(message.attempts), str(error), tried=True)
    except DispatchRejectedError as error:
        await _park(message, str(error), said=error.said)


async def _send(ground: Ground, message: DispatchMessage) -> None:
    client = ground.get(DispatchClient)
    if message.kind is MessageKind.REQUEST:
        await _send_request(ground, client, message)
    elif message.complaint.remote_id is None:
        raise DispatchRejectedError(0, "waits", "the complaint itself has not been passed on")
    else:
        await client.send_update(await update_fields(ground, message.complaint, message.seq))
    await DispatchMessage.filter(id=message.id).update(
        state=MessageState.SENT, sent_at=real_now(), next_try_at=None, last_error=None
    )


async def _send_request(ground: Ground, client: DispatchClient, message: DispatchMessage) -> None:
    complaint = message.complaint
    remote_id = complaint.remote_id
    if remote_id is None and (message.first_tried_at or message.attempts):  # the last outcome may be unknown
        remote_id = await client.find_request(str(complaint.id))
    if remote_id is None:
        if message.first_tried_at is None:  # before it leaves: we may not live to note it afterwards
            await _note(message, first_tried_at=real_now())
        remote_id = await _create(client, await request_fields(ground, complaint))
    await record_pushed(
        complaint.id, remote_id, at=ground.clock.now(), calendar=await current_calendar(), live=ground.live
    )


async def _create(client: DispatchClient, fields: Fields) -> str:
    """Create the request; a category the core does not know goes to its general service instead."""
    try:
        return await client.create_request(fields)
    except DispatchRejectedError as error:
        if error.status != UNKNOWN_SERVICE or ("service_code", "general") in fields:
            raise
    return await client.create_request(
        [("service_code", "general") if name == "service_code" else (name, value) for name, value in fields]
    )


async def _postpone(ground: Ground, message: DispatchMessage, at: datetime, why: str, *, tried: bool) -> None:
    """Note when the next try is, for the resident to see, and ask for it; or give up after the limit."""
    now = real_now()
    first = message.first_tried_at
    if first and now - first > timedelta(hours=ground.settings.dispatch.give_up_hours):
        await _park(message, why)
        return
    begun = {} if first else {"first_tried_at": now}
    await _note(message, **begun, next_try_at=at, attempts=message.attempts + int(tried), last_error=why[:200])
    raise TryAgainError(at)


async def _park(message: DispatchMessage, why: str, *, said: str = "") -> None:
    log.error("dispatch_message_parked", complaint=str(message.complaint_id), seq=message.seq, why=why)
    await _note(message, state=MessageState.PARKED, next_try_at=None, last_error=(said or why)[:200])


async def _note(message: DispatchMessage, **values: Any) -> None:
    await DispatchMessage.filter(id=message.id, state=MessageState.WAITING).update(**values)
