"""What the ground itself adds to a process."""

from datetime import timedelta

from foundation.clock import real_now
from foundation.given_up import count_given_up
from foundation.ground import Ground
from foundation.holdings import HOLDINGS
from foundation.idempotency import KEPT_FOR, sweep_idempotency_keys
from foundation.jobs import job
from foundation.media.jobs import delete_objects, sweep_unattached
from foundation.media.serve import ROUTES as MEDIA_ROUTES
from foundation.parts import Gauge, Part, Ping, Schedule
from foundation.retention import KEPT, sweep_outlived
from foundation.wechat.miniprogram import MiniProgram, open_miniprogram

HOURLY = timedelta(hours=1)
WECHAT = Ping(
    "WeChat",
    lambda ground: ground.get(MiniProgram).stable_token(),
    "see LINLI_MINIPROGRAM__API_BASE, __APP_ID and __SECRET; until then nobody new can sign in",
    needed=False,
)


@job("foundation.forget_old_answers", attempts=3)
async def forget_old_answers(_: Ground) -> None:
    """Forget the answers kept for repeated requests after their seven days."""
    await sweep_idempotency_keys(real_now() - KEPT_FOR)


PART = Part(
    name="foundation",
    models=("foundation.models", "foundation.idempotency", "foundation.media.models", "foundation.audit"),
    migrations="foundation.migrations",
    routes=MEDIA_ROUTES,
    jobs=(delete_objects, sweep_unattached, forget_old_answers, sweep_outlived),
    schedules=(
        Schedule(sweep_unattached, lambda _: HOURLY),
        Schedule(forget_old_answers, lambda _: HOURLY),
        Schedule(sweep_outlived, lambda _: timedelta(days=1)),
    ),
    pings=(WECHAT,),
    gauges=(Gauge("linli_jobs_given_up", "Jobs that failed to the last of their tries", count_given_up),),
    opens=(open_miniprogram,),
    holdings=HOLDINGS,
    kept=KEPT,
)
