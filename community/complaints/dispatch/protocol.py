"""The shapes on the wire: what the core tells us, and the words it uses for steps."""

import hashlib
import json
import math
import re
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticUndefined

from community.complaints.models import EventType, Source
from community.complaints.timeline import NewEvent
from foundation.clock import LOCAL_ZONE_NAME

CORE_ZONE = ZoneInfo(LOCAL_ZONE_NAME)
"""A time without a zone is the core's local one."""
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters, halves of characters and no-characters: no XML may hold them, PostgreSQL refuses some, people
read none."""
IDS = frozenset({"update_id", "service_request_id", "external_id", "external_status_code", "status", "agency_phone"})

BY_EVENT = {
    each.value: each
    for each in EventType
    if each
    not in (
        EventType.SUBMITTED,
        EventType.PUSHED,
        EventType.SUPPLEMENTED,
        EventType.URGED,
        EventType.RATED,
        EventType.REDONE,
        EventType.WITHDRAWN,
        EventType.DEADLINE_CHANGED,
    )
}
"""What the core may tell; the others are ours."""

BY_STATUS = {
    "open": EventType.NOTE,
    "unchanged": EventType.NOTE,
    "for_triage": EventType.NOTE,
    "reopen": EventType.NOTE,
    "investigating": EventType.IN_PROGRESS,
    "in_progress": EventType.IN_PROGRESS,
    "planned": EventType.IN_PROGRESS,
    "action_scheduled": EventType.IN_PROGRESS,
    "internal_referral": EventType.TRANSFERRED,
    "fixed": EventType.ANSWERED,
    "closed": EventType.CLOSED,
    "no_further_action": EventType.CLOSED,
    "not_councils_responsibility": EventType.NOT_ACCEPTED,
    "duplicate": EventType.MERGED,
    "cancelled": EventType.CLOSED,
    "not_counted": EventType.CLOSED,
}
"""What the words of plain Open311 senders mean, who know nothing of our events."""


def _zoned(value: Any) -> Any:
    """Read a time; one without a zone is the core's local time."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            msg = "no time"  # the parser's own words repeat what was sent
            raise ValueError(msg) from None
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=CORE_ZONE)
    return value


def _possible(value: datetime) -> datetime:
    """Refuse what no database row gives back and no promise can be added to."""
    if not EARLIEST <= value <= LATEST:
        msg = "out of the possible range"
        raise ValueError(msg)
    return value


CoreTime = Annotated[datetime, BeforeValidator(_zoned), AfterValidator(_possible)]


class CoreUpdate(BaseModel):
    """One update of a request, as the core tells it by callback or when asked."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True, hide_input_in_errors=True)

    update_id: Annotated[str, Field(min_length=1, max_length=128)]
    service_request_id: Annotated[str, Field(max_length=64)] = ""
    external_id: str | None = None
    updated_datetime: CoreTime
    status: Annotated[str, Field(max_length=64)] = ""
    event: Annotated[str | None, Field(max_length=64)] = None
    sequence: Annotated[int | None, Field(ge=0, lt=2**62)] = None
    round: Annotated[int | None, Field(ge=1, le=99)] = None
    description: str | None = None
    public_text: str | None = None
    agency_responsible: Annotated[str | None, Field(max_length=128)] = None
    agency_phone: Annotated[str | None, Field(max_length=32)] = None
    due_datetime: CoreTime | None = None
    media_url: list[str] = []
    external_status_code: str | None = None

    @field_validator("*", mode="before")
    @classmethod
    def read_loosely(cls, value: Any, info: ValidationInfo) -> Any:
        """Empty is absent, as Open311 has it; ids may come as numbers, one address of a picture alone."""
        name = info.field_name or ""
        value = storable(value)
        if value is None or value == "":
            absent = cls.model_fields[name].get_default()
            return None if absent is PydanticUndefined else absent
        if name == "media_url" and isinstance(value, str):
            return [value]
        return str(value) if name in IDS and isinstance(value, int) and not isinstance(value, bool) else value

    @property
    def complaint_id(self) -> UUID | None:
        """Our own id, if it travelled along and is one."""
        return _our_id(self.external_id)

    def event_type(self) -> EventType | None:
        """Give what happened; nothing for a word we do not know."""
        if self.event:
            return BY_EVENT.get(self.event.lower())
        return BY_STATUS.get(self.status.lower().replace(" ", "_").replace("-", "_"))

    def shown_text(self) -> str | None:
        """Give the words for the resident; the description is for offices wherever a public text exists."""
        return self.description if self.public_text is None else self.public_text

    def as_event(self) -> NewEvent:
        """Give the event it becomes; an unknown word is kept as a note with the word in its detail."""
        known = self.event_type()
        detail: dict[str, Any] = {"status": self.status, "public": self.public_text is not None}
        if addresses := [url for url in self.media_url if not url.lower().startswith("data:")]:
            detail["media_urls"] = addresses[:9]  # a picture that came along whole is kept as one
        if self.external_status_code:
            detail["reason_code"] = self.external_status_code[:64]
        if known is None:
            detail["unknown_event"] = self.event or self.status
        return NewEvent(
            type=known or EventType.NOTE,
            source=Source.CORE,
            occurred_at=self.updated_datetime,
            round=self.round,
            text=self.shown_text(),
            unit=self.agency_responsible,
            duty_phone=self.agency_phone,
            due_at=self.due_datetime,
            update_id=self.update_id,
            sequence=self.sequence,
            detail=detail,
        )


class CoreRequest(BaseModel):
    """One request as the core lists it, as far as a comparison needs it."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True, hide_input_in_errors=True)

    remote_id: str
    external_id: str | None = None
    status: str = ""
    step: str | None = None
    """Where it stands in the words we share; only a core with our extensions says so."""
    number: str | None = None
    """The case number we gave it, if the core tells attributes."""

    @classmethod
    def read(cls, row: dict[str, Any]) -> "CoreRequest | None":
        """Read a row of a list; nothing if it has no id. A core may put anything anywhere."""
        extended = row.get("extended_attributes")
        attributes = row.get("attributes")
        numbers = [
            each.get("value")
            for each in (attributes if isinstance(attributes, list) else [])
            if isinstance(each, dict) and each.get("code") == "number"
        ]
        remote_id = _word(row.get("service_request_id"))
        if remote_id is None:
            return None
        return cls(
            remote_id=remote_id,
            external_id=_word(row.get("external_id")),
            status=(_word(row.get("status")) or "").lower(),
            step=_word(extended.get("step")) if isinstance(extended, dict) else None,
            number=_word(numbers[0]) if numbers else None,
        )

    @property
    def complaint_id(self) -> UUID | None:
        """Our own id, if it travelled along and is one."""
        return _our_id(self.external_id)


def _word(value: Any) -> str | None:
    """Give an id or a word as text, nothing for what is neither."""
    usable = isinstance(value, str | int) and not isinstance(value, bool)
    return UNREADABLE.sub("", str(value)).strip()[:200] or None if usable else None


def _our_id(external_id: str | None) -> UUID | None:
    try:
        return UUID(external_id) if external_id else None
    except ValueError:
        return None


def storable(value: Any) -> Any:
    """Give a JSON value without what PostgreSQL cannot keep: control characters, halves of characters, no-numbers."""
    if isinstance(value, str):
        return UNREADABLE.sub("", value)
    if isinstance(value, dict):
        return {storable(str(name)): storable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [storable(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def body_hash(body: dict[str, Any]) -> bytes:
    """Hash a body so that only its meaning counts, not the order or spacing of its JSON."""
    canonical = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).digest()
