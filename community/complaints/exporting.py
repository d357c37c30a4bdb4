"""What is held about a resident's complaints, for the resident: everything they wrote and were told."""

import json
from typing import Any

from community.complaints.access import Viewer
from community.complaints.categories import category_of
from community.complaints.dispatch_models import DispatchMessage
from community.complaints.erasing import end_complaints
from community.complaints.models import Complaint, ComplaintEvent, ComplaintFollow, Deadline, Rating
from community.complaints.sealed import ON_BEHALF_OF
from community.complaints.showing import show_event
from community.places.queries import paths_of
from foundation.access import Actor
from foundation.ground import Ground
from foundation.holdings import Holding


async def give_complaints(ground: Ground, actor: Actor) -> dict[str, Any]:
    """Give a resident's complaints with all their steps, ratings and promises, and what they follow."""
    mine = await Complaint.filter(resident_id=actor.id).order_by("filed_at", "id")
    places = await paths_of(each.place_id for each in mine if each.place_id is not None)
    labels = {place_id: place.label for place_id, place in places.items()}
    return {
        "mine": [await _whole(ground, actor, each, labels) for each in mine],
        "followed": [
            {"complaint_id": str(each.complaint_id), "since": each.followed_at}
            for each in await ComplaintFollow.filter(resident_id=actor.id).order_by("id")
        ],
    }


async def _whole(ground: Ground, actor: Actor, complaint: Complaint, labels: dict[int, str]) -> dict[str, Any]:
    events = await ComplaintEvent.filter(complaint_id=complaint.id).order_by("seq")
    behalf = complaint.on_behalf_of_sealed
    return {
        "id": str(complaint.id),
        "number": complaint.number,
        "status": complaint.status.value,
        "channel": complaint.channel.value,
        "text": complaint.text,
        "category": list(category_of(complaint.category).path) if complaint.category else None,
        "answers": complaint.answers,
        "place": labels.get(complaint.place_id) if complaint.place_id is not None else None,
        "location": _pin(complaint),
        "confidential": complaint.confidential,
        "anonymous": complaint.anonymous,
        "on_behalf_of": json.loads(ground.vault.open(bytes(behalf), context=ON_BEHALF_OF)) if behalf else None,
        "filed_at": complaint.filed_at,
        "round": complaint.round,
        "unit": complaint.unit,
        "duty_phone": complaint.duty_phone,
        "known_to_the_core_as": complaint.remote_id,
        "events": [show_event(each, Viewer.OWNER, actor.language, ground.media.url) for each in events],
        "ratings": await Rating.filter(complaint_id=complaint.id)
        .order_by("round")
        .values("round", "solved", "speed", "result", "service", "answer", "text", "rated_at"),
        "promises": await Deadline.filter(complaint_id=complaint.id)
        .order_by("position")
        .values("kind", "round", "unit", "due_at", "state", "met_at", "reason"),
        "passed_on": await DispatchMessage.filter(complaint_id=complaint.id)
        .order_by("seq")
        .values("seq", "kind", "state", "sent_at"),
    }


def _pin(complaint: Complaint) -> dict[str, Any] | None:
    if complaint.lng is None:
        return None
    return {"lng": complaint.lng, "lat": complaint.lat, "datum": complaint.datum}


HOLDINGS = (Holding("complaints", ("complaint", "complaint_follow"), give_complaints, end_complaints),)
