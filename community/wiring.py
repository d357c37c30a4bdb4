"""What the neighbourhood's rules add to a process."""

from datetime import timedelta

from community.complaints.dispatch.client import DispatchClient, open_dispatch_client
from community.complaints.dispatch.comparing import count_differences
from community.complaints.dispatch.inbound import clear_inbox, serve_inbox
from community.complaints.exporting import HOLDINGS as COMPLAINT_HOLDINGS
from community.complaints.jobs import (
    close_what_nobody_rated,
    compare_everything,
    mark_late,
    pass_on,
    reconcile_with_dispatch,
)
from community.complaints.live_topic import COMPLAINT_TOPIC
from community.complaints.parked import count_parked, count_unknown_words, count_unread, count_unsent
from community.complaints.reactions import count_results_anew, push_to_dispatch, tell_dispatch
from community.complaints.sealed import SEALED as COMPLAINT_COLUMNS
from community.people.jobs import clear_ended_sign_ins
from community.people.leaving import HOLDINGS as PEOPLE_HOLDINGS
from community.people.sealed import SEALED as PEOPLE_COLUMNS
from community.retention import KEPT
from foundation.parts import Desk, Gauge, Part, Ping, Schedule, Sweep

PART = Part(
    name="community",
    models=(
        "community.places.models",
        "community.calendar.models",
        "community.people.models",
        "community.complaints.models",
        "community.complaints.dispatch_models",
    ),
    migrations="community.migrations",
    reactions=(push_to_dispatch, tell_dispatch, count_results_anew),
    jobs=(pass_on, reconcile_with_dispatch, compare_everything, clear_ended_sign_ins),
    schedules=(
        Schedule(clear_ended_sign_ins, lambda _: timedelta(hours=1)),
        Schedule(reconcile_with_dispatch, lambda settings: timedelta(minutes=settings.dispatch.reconcile_minutes)),
        Schedule(compare_everything, lambda _: timedelta(minutes=20)),  # it looks by itself whether it is night
    ),
    sweeps=(
        Sweep("complaints.mark_late", mark_late),
        Sweep("complaints.close_what_nobody_rated", close_what_nobody_rated),
    ),
    desks=(Desk("complaints.inbox", serve_inbox, clear_inbox),),
    topics=(COMPLAINT_TOPIC,),
    pings=(
        Ping(
            "dispatch core",
            lambda ground: ground.get(DispatchClient).ping(),
            "see LINLI_DISPATCH__BASE_URL, or call the core's operator; complaints wait and are passed on later",
            needed=False,
        ),
    ),
    gauges=(
        Gauge(
            "linli_dispatch_parked",
            "What waits for a person: refused messages, unfit or conflicting updates",
            count_parked,
        ),
        Gauge("linli_dispatch_unsent", "Messages the dispatch core has not been told yet", count_unsent),
        Gauge("linli_dispatch_unread", "Updates of the core that are stored and not yet applied", count_unread),
        Gauge(
            "linli_dispatch_unknown_words",
            "Updates shown as a note because nobody knows their word",
            count_unknown_words,
        ),
        Gauge(
            "linli_dispatch_differences", "What differed from the core at the last full comparison", count_differences
        ),
    ),
    opens=(open_dispatch_client,),
    sealed=(*PEOPLE_COLUMNS, *COMPLAINT_COLUMNS),
    holdings=(*PEOPLE_HOLDINGS, *COMPLAINT_HOLDINGS),
    kept=KEPT,
)
