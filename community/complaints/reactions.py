"""What follows from what residents do: the dispatch core is told."""

from community.calendar.events import CalendarChanged
from community.complaints.dispatch.outbound import pass_on_message
from community.complaints.events import ComplaintAddedTo, ComplaintFiled
from community.complaints.recounting import recount_results
from foundation.events import reaction
from foundation.ground import Ground


@reaction(ComplaintFiled, "complaints.push_to_dispatch", lock=lambda event: f"complaint:{event.complaint_id}")
async def push_to_dispatch(ground: Ground, event: ComplaintFiled) -> None:
    """Pass a new complaint on to the dispatch core."""
    await pass_on_message(ground, event.complaint_id, 1)


@reaction(CalendarChanged, "complaints.recount_results", lock=lambda _: "calendar")
async def count_results_anew(ground: Ground, _: CalendarChanged) -> None:
    """Count the promised results anew that the changed days touch."""
    await recount_results(ground)


@reaction(ComplaintAddedTo, "complaints.tell_dispatch", lock=lambda event: f"complaint:{event.complaint_id}")
async def tell_dispatch(ground: Ground, event: ComplaintAddedTo) -> None:
    """Tell the dispatch core what the resident added."""
    await pass_on_message(ground, event.complaint_id, event.seq)
