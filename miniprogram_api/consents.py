"""HTTP for consents: what one is asked, what one agreed to, and the question every door asks before using data."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from community.people.consent_texts import current_texts
from community.people.consents import (
    ASKED_SEPARATELY,
    ConsentDraft,
    Guardian,
    Standing,
    require,
    standing_of,
    write_consents,
)
from community.people.errors import (
    ConsentTextChangedError,
    GuardianRequiredError,
    NotAChildError,
    UnusablePhoneError,
)
from community.people.models import GivenBy, Purpose
from community.people.phones import UnreadablePhoneError, normal_phone
from foundation.clock import real_now
from foundation.web import Access, Call, Day, Input, Instant, LineText, Output, endpoint
from foundation.web.fields import refusal

Phone = Annotated[str, LineText(5, 20), Field(json_schema_extra={"examples": ["13800000413"]})]


class ConsentBody(Input):
    """One yes or no, to the text one has read."""

    purpose: Purpose
    version: Annotated[int, Field(ge=1, le=9999)]
    """The version of the text that was shown."""
    given: bool


class GuardianBody(Input):
    """Who speaks for a child under 14."""

    name: Annotated[str, LineText(1, 30)]
    phone: Phone


class ConsentsBody(Input):
    """What is agreed to or withdrawn; what is left out stays as it is."""

    items: Annotated[list[ConsentBody], Field(max_length=len(Purpose))] = []
    under_14_until: Day | None = None
    """For a child: the day they turn 14."""
    guardian: GuardianBody | None = None
    """Needed for every yes of a child under 14."""

    @model_validator(mode="after")
    def refuse_a_purpose_twice(self) -> Self:
        """Each purpose once."""
        if len({item.purpose for item in self.items}) != len(self.items):
            raise refusal("repeated", "同一项只能写一次")
        return self


class ConsentView(Output):
    """One purpose: its text, and how it stands."""

    purpose: Purpose
    title: str
    text: str
    version: int
    """Of this text; send it along with the answer."""
    state: Literal["not_asked", "given", "withdrawn"]
    asked_before_use: bool
    """Whether its own consent is needed before its first use here."""
    given_version: int | None
    """Of the text that was answered; an older one than `version` means that it should be asked again."""
    at: Instant | None
    given_by: GivenBy | None


class ConsentsView(Output):
    """Everything one may agree to."""

    items: list[ConsentView]
    under_14_until: Day | None
    """Set while a child is under 14."""


async def require_consent(call: Call, *purposes: Purpose) -> None:
    """Let the caller's data be used for these purposes.

    Raises:
        ConsentRequiredError: they have not agreed, or not any more.

    """
    await require(call.actor, *purposes, ask_first=call.ground.settings.asks_first, at=call.at)


@endpoint("GET", "/me/consents", access=Access.RESIDENT, summary="What I agreed to")
async def get_consents(call: Call) -> ConsentsView:
    """Show every purpose with its present text, and the newest word about it."""
    return _view(call, await standing_of(call.actor.id, at=call.at))


@endpoint(
    "PUT",
    "/me/consents",
    access=Access.RESIDENT,
    errors=(ConsentTextChangedError, GuardianRequiredError, NotAChildError, UnusablePhoneError),
    summary="Agree, or take it back",
)
async def put_consents(call: Call, body: ConsentsBody) -> ConsentsView:
    """Write one line of the ledger for each word that changes something; saying the same again writes nothing."""
    standing = await write_consents(
        call.actor,
        [ConsentDraft(item.purpose, item.version, item.given) for item in body.items],
        language=call.language,
        guardian=_guardian(body.guardian),
        under_14_until=body.under_14_until,
        vault=call.ground.vault,
        at=call.at,
        real_at=real_now(),
    )
    return _view(call, standing)


def _guardian(told: GuardianBody | None) -> Guardian | None:
    if told is None:
        return None
    try:
        return Guardian(told.name, normal_phone(told.phone))
    except UnreadablePhoneError:
        raise UnusablePhoneError(pointer="/guardian/phone") from None


def _view(call: Call, standing: Standing) -> ConsentsView:
    items = [_item(call, standing, purpose) for purpose in Purpose]
    return ConsentsView(items=items, under_14_until=standing.under_14_until)


def _item(call: Call, standing: Standing, purpose: Purpose) -> ConsentView:
    text, line = current_texts()[purpose], standing.newest.get(purpose)
    state: Literal["not_asked", "given", "withdrawn"] = "not_asked"
    if line is not None:
        state = "given" if line.given else "withdrawn"
    return ConsentView(
        purpose=purpose,
        title=text.title(call.language),
        text=text.text(call.language),
        version=text.version,
        state=state,
        asked_before_use=call.ground.settings.asks_first and purpose in ASKED_SEPARATELY,
        given_version=line.version if line else None,
        at=line.at if line else None,
        given_by=line.given_by if line else None,
    )
