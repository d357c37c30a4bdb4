"""How long the neighbourhood's tables are kept, why, and how they end; shown by `linli retention`."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from community.complaints.erasing import empty_outlived
from community.people.jobs import KEPT_AFTER_THE_END
from community.people.leaving import UNUSED, let_forgotten_go
from foundation.retention import Ending, Kept, no_person

if TYPE_CHECKING:
    from foundation.ground import Ground

WORDS_KEPT = timedelta(days=5 * 365)
"""How long words and photos of a complaint stay after its last step."""
UPDATES_KEPT = timedelta(days=180)
"""How long the raw updates of the core stay readable; their ids and hashes stay, to know a repeat."""
UNHANDLED_KEPT = timedelta(days=365)
"""How long what waits for a person stays readable: what nobody asked about in a year, nobody will."""
ACCOUNT_UNUSED = timedelta(days=3 * 365)
"""After so long without signing in an account ends as if its person had left."""
PROOF_KEPT = timedelta(days=3 * 365)
"""How long it can be shown that a person who left had agreed: the time within which one may sue."""

MINIMUM = "PIPL 19: the shortest time needed"
WITH_PERSON = "the person's leaving"
WITH_COMPLAINT = "the complaint's words"


async def _empty(ground: "Ground", before: datetime) -> int:
    return await empty_outlived(ground, before)


async def _let_go(ground: "Ground", before: datetime) -> int:
    return await let_forgotten_go(ground, before)


KEPT = (
    no_person("place", "the tree of places"),
    no_person("calendar_day", "working days and holidays"),
    no_person("calendar_version", "how often the calendar changed"),
    no_person("reconciliation_run", "when the core was asked, and how much was found"),
    no_person("comparison_run", "what differed from the core, by case number"),
    Kept(
        "responsibility",
        "who answers for a place: staff, by name and office phone",
        None,
        "residents must know whom to turn to, also for earlier days",
        Ending.NEVER,
        ends_with="nothing",
    ),
    Kept(
        "staff", "staff: name and office phone", None, "who did what, for the audit", Ending.NEVER, ends_with="nothing"
    ),
    Kept("role_grant", "posts, as intervals", None, "who could see what, and when", Ending.NEVER, ends_with="nothing"),
    Kept(
        "resident",
        "people: nickname, phone (sealed), language",
        ACCOUNT_UNUSED,
        MINIMUM,
        Ending.WITHOUT_IDENTITY,
        outlived=UNUSED,
        sweep=_let_go,
    ),
    Kept(
        "resident",
        "the numbers of people who left",
        PROOF_KEPT,
        "what points to them: the ledger and the audit",
        Ending.DELETED,
        outlived="erased_at < %s AND NOT EXISTS (SELECT FROM consent WHERE consent.resident_id = resident.id)"
        " AND NOT EXISTS (SELECT FROM role_grant WHERE role_grant.resident_id = resident.id)",
    ),
    Kept("wechat_account", "identifiers with WeChat", None, "signing in", Ending.DELETED, ends_with=WITH_PERSON),
    Kept("home", "homes, as intervals; rooms sealed", None, "PIPL 13, 29", Ending.DELETED, ends_with=WITH_PERSON),
    Kept(
        "consent",
        "what was agreed to and withdrawn",
        PROOF_KEPT,
        "PIPL 14, 55, 69: it must be possible to show that there was consent",
        Ending.DELETED,
        outlived="at < %s AND EXISTS (SELECT FROM resident WHERE resident.id = consent.resident_id"
        " AND resident.erased_at < clock_timestamp() - interval '1095 days')",
    ),
    Kept(
        "sign_in",
        "sign-ins that have ended",
        KEPT_AFTER_THE_END,
        "somebody asks what happened to their account",
        Ending.DELETED,
        outlived="expires_at < %s OR revoked_at < %s",
    ),
    Kept("sign_in_ticket", "one-time tickets", timedelta(), MINIMUM, Ending.DELETED, outlived="expires_at < %s"),
    Kept("page_session", "open pages", timedelta(), MINIMUM, Ending.DELETED, outlived="expires_at < %s"),
    Kept(
        "complaint",
        "complaints: words, pin, answers, for whom",
        WORDS_KEPT,
        "the district's archive of cases; statistics need no words",
        Ending.WITHOUT_IDENTITY,
        outlived="filed_at < %s AND status IN ('closed', 'withdrawn', 'not_accepted', 'merged')"
        " AND resident_id IN (SELECT id FROM resident WHERE NOT nobody)"
        " AND NOT EXISTS (SELECT FROM complaint_event e WHERE e.complaint_id = complaint.id AND e.received_at >= %s)",
        sweep=_empty,
    ),
    Kept("complaint_event", "steps and their words", None, "the story", Ending.BLANKED, ends_with=WITH_COMPLAINT),
    Kept("complaint_rating", "marks and words", None, "figures", Ending.BLANKED, ends_with=WITH_COMPLAINT),
    Kept("complaint_likeness", "pairs of characters", None, "similar ones", Ending.DELETED, ends_with=WITH_COMPLAINT),
    Kept("complaint_follow", "who follows what", None, "being told", Ending.DELETED, ends_with=WITH_PERSON),
    Kept(
        "complaint_deadline",
        "promises; why one was late",
        None,
        "figures",
        Ending.BLANKED,
        ends_with=WITH_COMPLAINT,
    ),
    no_person("complaint_responsibility", "which unit answered, and when"),
    Kept(
        "dispatch_message",
        "what is passed on to the core: numbers, and the last error",
        None,
        "order and repetition",
        Ending.BLANKED,
        ends_with=WITH_COMPLAINT,
    ),
    Kept(
        "dispatch_update",
        "updates of the core as they came",
        UPDATES_KEPT,
        "finding faults; " + MINIMUM,
        Ending.BLANKED,
        outlived="received_at < %s AND state IN ('done', 'noted') AND body <> '{}'",
        blank="body = '{}'",
    ),
    Kept(
        "dispatch_update",
        "updates that fitted nothing, and nobody handled",
        UNHANDLED_KEPT,
        "a person must find out what they are about; " + MINIMUM,
        Ending.BLANKED,
        outlived="received_at < %s AND state = 'parked'",
        blank="body = '{}', state = 'done', outcome = 'given up after a year: fitted nothing'",
    ),
    Kept(
        "dispatch_conflict",
        "conflicting updates, settled",
        UPDATES_KEPT,
        "finding faults; " + MINIMUM,
        Ending.BLANKED,
        outlived="settled_at < %s AND body <> '{}'",
        blank="body = '{}'",
    ),
    Kept(
        "dispatch_conflict",
        "conflicting updates that nobody settled",
        UNHANDLED_KEPT,
        "a person must ask the core which is right; " + MINIMUM,
        Ending.BLANKED,
        outlived="received_at < %s AND settled_at IS NULL",
        blank="body = '{}', settled_at = clock_timestamp()",
    ),
)
