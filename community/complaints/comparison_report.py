"""The report of a full comparison with the core in plain words, for `linli compare`."""

from collections.abc import Iterator

from community.complaints.dispatch.comparing import Kind
from community.complaints.dispatch_models import ComparisonRun

WORDS = {
    Kind.MISSING_THERE: "the core has no request {remote_id}, which it gave us for this complaint",
    Kind.MISSING_HERE: "the core has our request {remote_id}, and we have no such complaint",
    Kind.DOUBLED_THERE: "the core has a second request {remote_id} for this complaint, beside {ours}",
    Kind.ID_UNKNOWN_HERE: "the core has it as {remote_id}, and we do not know that",
    Kind.OTHER_STATUS: "it is {ours} here and {theirs} at the core ({remote_id})",
}
ADVICE = {
    Kind.MISSING_THERE: "Ask the core's operator what became of these requests.",
    Kind.MISSING_HERE: "Was a backup restored? Ask the core's operator for these requests' contents.",
    Kind.DOUBLED_THERE: "Ask the core's operator to close the second one.",
    Kind.ID_UNKNOWN_HERE: "Try `linli parked retry` with the case number.",
    Kind.OTHER_STATUS: "If it is still so tomorrow, an update was never told: ask the core's operator for it.",
}


def report(run: ComparisonRun | None) -> Iterator[str]:
    """Give the lines of the report."""
    if run is None:
        yield "Nothing has been compared yet; `linli compare --now` does it."
        return
    yield f"Compared at {run.started_at:%Y-%m-%d %H:%M} UTC, everything from {run.since:%Y-%m-%d} on."
    if run.ended_at is None:
        yield f"It broke off: {run.why or 'the process ended'}. What follows is not the whole."
    yield (
        f"Read: {run.requests} requests, {run.others} of them other clients', and {run.updates} updates;"
        f" {run.compared} complaints of ours should be there."
    )
    yield f"{run.healed} updates had been lost and were taken in." if run.healed else "No update had been lost."
    yield from _differences(run)


def _differences(run: ComparisonRun) -> Iterator[str]:
    if not run.differing:
        yield "Nothing else differs."
        return
    yield f"{run.differing} differences:"
    for each in run.differences:
        yield f"  {each['number']:<12} {WORDS[Kind(each['kind'])].format(**each)}"
    if run.differing > len(run.differences):
        yield f"  … and {run.differing - len(run.differences)} more"
    for kind in dict.fromkeys(Kind(each["kind"]) for each in run.differences):
        yield ADVICE[kind]
