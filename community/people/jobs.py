"""What is done later for people: clearing away sign-ins, tickets and pages that have ended."""

from datetime import timedelta

from community.people.models import PageSession, SignIn, Ticket
from foundation.clock import real_now
from foundation.database import transaction
from foundation.ground import Ground
from foundation.jobs import job

KEPT_AFTER_THE_END = timedelta(days=7)
"""Ended sign-ins stay a week, for somebody who asks what happened to their account."""


@job("people.clear_ended_sign_ins", attempts=3)
async def clear_ended_sign_ins(ground: Ground) -> None:  # noqa: ARG001 - the shape of every job
    """Remove sign-ins, tickets and pages that have ended a while ago."""
    now = real_now()
    async with transaction():
        await Ticket.filter(expires_at__lt=now).delete()
        await PageSession.filter(expires_at__lt=now).delete()
        await SignIn.filter(expires_at__lt=now - KEPT_AFTER_THE_END).delete()
        await SignIn.filter(revoked_at__lt=now - KEPT_AFTER_THE_END).delete()
