"""How a complaint and its events are put into the core's fields."""

import json
from datetime import timedelta
from uuid import UUID

from community.complaints.categories import category_of
from community.complaints.dispatch.client import Fields
from community.complaints.models import Complaint, ComplaintEvent, EventType
from community.complaints.sealed import ON_BEHALF_OF
from community.people.models import Resident
from community.people.sealed import RESIDENT_PHONE
from community.places.coordinates import Datum, Point
from community.places.queries import paths_of
from foundation.clock import real_now
from foundation.ground import Ground
from foundation.media.signing import MediaSigner, Variant

PHOTOS_FOR = timedelta(days=30)
STATUS = {
    EventType.WITHDRAWN: "CANCELLED",
    EventType.CLOSED: "CLOSED",
    EventType.REDONE: "REOPEN",
}
"""The mySociety word for the request's state after one of our events; the others leave it."""


async def request_fields(ground: Ground, complaint: Complaint) -> Fields:
    """Give the fields of a new request: who asks only if the unit may know."""
    fields: Fields = [
        ("service_code", complaint.category or "general"),
        ("description", complaint.text),
        ("attribute[external_id]", str(complaint.id)),
        ("attribute[number]", complaint.number),
        ("attribute[channel]", complaint.channel.value),
        ("requested_datetime", complaint.filed_at.isoformat()),
    ]
    fields += await _where(complaint)
    fields += [(f"attribute[{code}]", str(answer)) for code, answer in complaint.answers.items()]
    if complaint.category:
        fields.append(("attribute[category]", "/".join(category_of(complaint.category).path)))
    if complaint.confidential:
        fields.append(("attribute[confidential]", "true"))
    else:
        fields += await _who(ground, complaint)
    first = await ComplaintEvent.get(complaint_id=complaint.id, seq=1)
    return fields + _photos(ground, first)


async def _where(complaint: Complaint) -> Fields:
    fields: Fields = []
    if complaint.lng is not None and complaint.lat is not None and complaint.datum is not None:
        point = Point(complaint.lng, complaint.lat, Datum(complaint.datum)).to(Datum.WGS84)
        fields += [("lat", f"{point.lat:.6f}"), ("long", f"{point.lng:.6f}")]
    if complaint.place_id is not None:
        place = (await paths_of([complaint.place_id]))[complaint.place_id]
        fields += [("address_string", place.label), ("address_id", str(complaint.place_id))]
    return fields


async def _who(ground: Ground, complaint: Complaint) -> Fields:
    resident = await Resident.get(id=complaint.resident_id)
    fields: Fields = [("account_id", str(resident.id))]
    if resident.nickname:
        fields.append(("first_name", resident.nickname))
    if resident.phone_sealed:
        fields.append(("phone", ground.vault.open(resident.phone_sealed, context=RESIDENT_PHONE)))
    if complaint.on_behalf_of_sealed:
        subject = json.loads(ground.vault.open(complaint.on_behalf_of_sealed, context=ON_BEHALF_OF))
        fields += [(f"attribute[on_behalf_of_{name}]", subject[name]) for name in ("name", "phone")]
    return fields


def _photos(ground: Ground, event: ComplaintEvent) -> Fields:
    """Give addresses of the photos that are good long enough for a core that fetches them late."""
    settings = ground.settings
    signer = MediaSigner(
        settings.media.signing_key.get_secret_value().encode(),
        lifetime=PHOTOS_FOR,
        base_url=settings.web.public_url or f"http://{settings.web.host}:{settings.web.port}",
    )
    return [("media_url", signer.url(UUID(each["id"]), Variant.FULL)) for each in event.media]


async def update_fields(ground: Ground, complaint: Complaint, seq: int) -> Fields:
    """Give the fields of a later event; its `update_id` is ours, the same at every try."""
    event = await ComplaintEvent.get(complaint_id=complaint.id, seq=seq)
    fields: Fields = [
        ("service_request_id", complaint.remote_id or ""),
        ("external_id", str(complaint.id)),
        ("update_id", f"linli-{complaint.id}-{seq}"),
        ("updated_datetime", event.occurred_at.isoformat()),
        ("status", STATUS.get(event.type, "UNCHANGED")),
        ("event", event.type.value),
        ("round", str(event.round)),
        ("description", event.text or ""),
        ("sent_datetime", real_now().isoformat()),
    ]
    if event.type is EventType.RATED:
        fields += [(f"attribute[{name}]", str(value).lower()) for name, value in event.detail.items()]
    return fields + _photos(ground, event)
