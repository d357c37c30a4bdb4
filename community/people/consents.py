"""The ledger of consents: what a person agreed to, word by word, and whether a purpose may be served now.

Start at `require`: every door that uses data for a purpose of its own asks it. The newest line of a purpose
counts. What was withdrawn is refused everywhere; whether what was never asked is refused too, is the caller's
`ask_first` (decision 20).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from community.people.consent_texts import ConsentText, current_texts
from community.people.errors import (
    ConsentRequiredError,
    ConsentTextChangedError,
    GuardianRequiredError,
    NotAChildError,
)
from community.people.models import Consent, GivenBy, Home, Purpose, Resident
from community.people.sealed import GUARDIAN
from foundation.access import Actor
from foundation.clock import LOCAL_ZONE_NAME
from foundation.database import transaction
from foundation.errors import NotSignedInError
from foundation.vault import Vault

ASKED_SEPARATELY = frozenset({Purpose.EXACT_LOCATION, Purpose.VOICE, Purpose.SENSITIVE_DATA, Purpose.SMS})
"""What law wants asked by itself, before its first use."""


@dataclass(frozen=True, slots=True)
class ConsentDraft:
    """One word of a person: for what, to which text, yes or no."""

    purpose: Purpose
    version: int
    given: bool


@dataclass(frozen=True, slots=True)
class Guardian:
    """Who speaks for a child."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How all purposes of one person stand."""

    newest: Mapping[Purpose, Consent]
    today: date

    def given(self, purpose: Purpose) -> bool | None:
        """Say whether they agreed; None if they were never asked."""
        line = self.newest.get(purpose)
        return line.given if line else None

    @property
    def under_14_until(self) -> date | None:
        """The day a child turns 14, while it has not come."""
        line = self.newest.get(Purpose.GUARDIAN)
        day = line.under_14_until if line else None
        return day if day and self.today < day else None

    @property
    def lacks_guardian(self) -> bool:
        """Whether they are a child for whom nobody has spoken."""
        return self.under_14_until is not None and not self.given(Purpose.GUARDIAN)


async def standing_of(resident_id: int, *, at: datetime) -> Standing:
    """Read how a person's consents stand."""
    lines = await Consent.filter(resident_id=resident_id).order_by("id")
    return Standing({line.purpose: line for line in lines}, at.astimezone(ZoneInfo(LOCAL_ZONE_NAME)).date())


async def history_of(resident_id: int) -> list[Consent]:
    """List every line of a person, oldest first."""
    return await Consent.filter(resident_id=resident_id).order_by("id")


async def require(actor: Actor, *purposes: Purpose, ask_first: bool, at: datetime) -> None:
    """Let a resident's data be used for these purposes; who is no resident has none here.

    Raises:
        ConsentRequiredError: one was withdrawn, or must be asked first and was not; or a child has no guardian here.

    """
    if actor.kind != "resident" or not purposes:
        return
    standing = await standing_of(actor.id, at=at)
    if standing.lacks_guardian:
        raise ConsentRequiredError(Purpose.GUARDIAN)
    for purpose in purposes:
        given = standing.given(purpose)
        if given is False or (given is None and ask_first and purpose in ASKED_SEPARATELY):
            raise ConsentRequiredError(purpose)


async def hold_resident(actor: Actor) -> None:
    """Keep a resident from leaving until this transaction ends; call it before writing what is theirs.

    Raises:
        NotSignedInError: they have left.

    """
    async with transaction() as tx:
        rows = await tx.query("SELECT erased_at FROM resident WHERE id = %s FOR KEY SHARE", actor.id)
        if actor.kind == "resident" and (not rows or rows[0]["erased_at"] is not None):
            raise NotSignedInError


async def hold_served(actor: Actor, *, at: datetime) -> None:
    """Do the same for somebody who wants to be served: they have not taken that back, and no guardian is missing.

    One query, because filing waits for it.

    Raises:
        NotSignedInError: they have left.
        ConsentRequiredError: they took back the basic service, or are a child without a guardian's word.

    """
    if actor.kind != "resident":
        return
    async with transaction() as tx:
        rows = await tx.query(_SERVED, actor.id)
    if not rows or rows[0]["erased_at"] is not None:
        raise NotSignedInError
    until = rows[0]["under_14_until"]
    if until is not None and not rows[0]["guardian"] and at.astimezone(ZoneInfo(LOCAL_ZONE_NAME)).date() < until:
        raise ConsentRequiredError(Purpose.GUARDIAN)
    if rows[0]["basic"] is False:
        raise ConsentRequiredError(Purpose.BASIC_SERVICE)


_SERVED = """
SELECT resident.erased_at, basic.given AS basic, child.given AS guardian, child.under_14_until
FROM resident
LEFT JOIN LATERAL (SELECT given FROM consent WHERE resident_id = resident.id AND purpose = 'basic_service'
    ORDER BY id DESC LIMIT 1) AS basic ON true
LEFT JOIN LATERAL (SELECT given, under_14_until FROM consent WHERE resident_id = resident.id AND purpose = 'guardian'
    ORDER BY id DESC LIMIT 1) AS child ON true
WHERE resident.id = %s FOR KEY SHARE OF resident
"""


async def write_consents(
    actor: Actor,
    drafts: Sequence[ConsentDraft],
    *,
    language: str,
    guardian: Guardian | None,
    under_14_until: date | None,
    vault: Vault,
    at: datetime,
    real_at: datetime,
) -> Standing:
    """Write what a person says into the ledger; what stands so already is not written twice.

    Raises:
        ConsentTextChangedError: they read another version than the present one.
        GuardianRequiredError: a child says yes and no guardian speaks with it.
        NotAChildError: a guardian speaks for somebody who is 14.

    """
    async with transaction():
        await hold_resident(actor)
        resident = await Resident.select_for_update(no_key=True).get(id=actor.id)
        before = await standing_of(resident.id, at=at)
        child_until = _child_until(before, under_14_until)
        _check(drafts, guardian, child_until=child_until)
        sealed = vault.seal(json.dumps(vars_of(guardian), ensure_ascii=False), context=GUARDIAN) if guardian else None
        drafts = _with_age(drafts, before, under_14_until)
        for draft in drafts:
            if not _stands_so(before, draft, child_until):
                await _write(
                    resident.id,
                    draft,
                    language=language,
                    guardian_sealed=sealed,
                    child_until=child_until,
                    real_at=real_at,
                )
        if any(draft.purpose is Purpose.SENSITIVE_DATA and not draft.given for draft in drafts):
            await Home.filter(resident_id=resident.id).update(room_sealed=None)
        return await standing_of(resident.id, at=at)


def _child_until(before: Standing, told: date | None) -> date | None:
    return told if told and before.today < told else before.under_14_until


def vars_of(guardian: Guardian) -> dict[str, str]:
    """Give a guardian as the ledger seals them."""
    return {"name": guardian.name, "phone": guardian.phone}


def _check(drafts: Sequence[ConsentDraft], guardian: Guardian | None, *, child_until: date | None) -> None:
    for place, draft in enumerate(drafts):
        if draft.given and draft.version != current_texts()[draft.purpose].version:
            raise ConsentTextChangedError(pointer=f"/items/{place}/version")
        if child_until is None and draft.purpose is Purpose.GUARDIAN:
            raise NotAChildError(pointer=f"/items/{place}/purpose")
        if child_until is not None and draft.given and guardian is None:
            raise GuardianRequiredError


def _with_age(drafts: Sequence[ConsentDraft], before: Standing, told: date | None) -> list[ConsentDraft]:
    """Note a child's age on a line of its own where the guardian says nothing with it."""
    said = list(drafts)
    if told and before.today < told != before.under_14_until and not any(d.purpose is Purpose.GUARDIAN for d in said):
        said.append(ConsentDraft(Purpose.GUARDIAN, current_texts()[Purpose.GUARDIAN].version, given=False))
    return said


def _stands_so(before: Standing, draft: ConsentDraft, child_until: date | None) -> bool:
    line = before.newest.get(draft.purpose)
    same_age = draft.purpose is not Purpose.GUARDIAN or (line is not None and line.under_14_until == child_until)
    return line is not None and same_age and line.given is draft.given and line.version == draft.version


async def _write(
    resident_id: int,
    draft: ConsentDraft,
    *,
    language: str,
    guardian_sealed: bytes | None,
    child_until: date | None,
    real_at: datetime,
) -> None:
    text: ConsentText = current_texts()[draft.purpose]
    await Consent.create(
        resident_id=resident_id,
        purpose=draft.purpose,
        version=draft.version,
        text_hash=text.hash(language),
        language=language,
        given=draft.given,
        at=real_at,
        given_by=GivenBy.GUARDIAN if guardian_sealed else GivenBy.SELF,
        guardian_sealed=guardian_sealed,
        under_14_until=child_until if draft.purpose is Purpose.GUARDIAN else None,
    )
