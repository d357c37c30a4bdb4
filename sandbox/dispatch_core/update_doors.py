"""The `servicerequestupdates` extension, both ways. Start at `add_routes`."""

from aiohttp import web

from sandbox.dispatch_core.georeport import (
    BASE,
    CORE,
    FORMAT,
    check_api_key,
    check_jurisdiction,
    comma_list,
    needed,
    one_of,
    page_of,
    updated_window,
    window,
)
from sandbox.dispatch_core.views import update_view
from sandbox.dispatch_core.wire import Open311Error, answer, read_form
from sandbox.store import Bindable


def add_routes(app: web.Application) -> None:
    """Let the core's updates be read and ours be handed in."""
    app.router.add_get(BASE + "/servicerequestupdates." + FORMAT, get_updates)
    app.router.add_post(BASE + "/servicerequestupdates." + FORMAT, post_update)


async def get_updates(request: web.Request) -> web.Response:
    """Tell what the core did, oldest first; what Linli itself handed in is not told back."""
    core, form = request.app[CORE], await read_form(request)
    check_jurisdiction(core, form)
    if (form.get("start_date") is None) != (form.get("end_date") is None):
        raise Open311Error(400, "start_date 与 end_date 要么都给，要么都不给")
    conditions: list[tuple[str, Bindable]] = updated_window(form, "at")
    numbers: list[int] = []
    if ids := comma_list(form.get("service_request_id")):
        numbers = [case.number for case in map(core.find, ids) if case]
    elif external := form.get("external_id"):
        numbers = [case.number for case in core.cases("WHERE external_id = ?", external)]
    if ids or form.get("external_id"):
        conditions += one_of("case_number", map(str, numbers or [-1]))
    if form.get("start_date") or not conditions:
        conditions += window(core, form, "at")
    size, skipped = page_of(form)
    where = " AND ".join(["origin = 'core'", *(condition for condition, _ in conditions)])
    values = [value for _, value in conditions]
    found = core.updates(f"AND {where} ORDER BY at, number LIMIT ? OFFSET ?", *values, size, skipped)
    return answer(request.match_info["fmt"], "service_request_updates", [update_view(update) for update in found])


async def post_update(request: web.Request) -> web.Response:
    """Take what Linli has to say about a request; a repeated `update_id` is answered with the first result."""
    core, form = request.app[CORE], await read_form(request)
    check_api_key(core, form)
    check_jurisdiction(core, form)
    for name in ("update_id", "updated_datetime", "status"):
        needed(form, name)
    case = core.find(needed(form, "service_request_id"))
    if case is None:
        raise Open311Error(404, "没有这个编号")
    if len(form.get("description") or "") > 4000:  # noqa: PLR2004
        raise Open311Error(400, "description 不能超过 4000 个字")
    ours = core.hear(case, form)
    return answer(request.match_info["fmt"], "service_request_updates", [{"update_id": ours}])
