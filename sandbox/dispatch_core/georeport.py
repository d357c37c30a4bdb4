"""Open311 GeoReport v2: services, requests, tokens, discovery. Start at `add_routes`."""

import hmac
import logging
import re
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from aiohttp import web

from sandbox.control import STAND_IN, Handler
from sandbox.dispatch_core.core import Core
from sandbox.dispatch_core.courier import Courier
from sandbox.dispatch_core.records import Case
from sandbox.dispatch_core.services import Attribute, Service
from sandbox.dispatch_core.units import Units
from sandbox.dispatch_core.views import request_view
from sandbox.dispatch_core.wire import Form, Open311Error, answer, parse_when, read_form, refusal, stamp
from sandbox.faults import CALLBACK_FIRST
from sandbox.store import Bindable

BASE = "/open311/v2"
CORE = web.AppKey("core", Core)
UNITS = web.AppKey("units", Units)
COURIER = web.AppKey("courier", Courier)
MOST_ROWS, LAST_PAGE, LONGEST_TEXT = 1000, 1_000_000, 4000
LONGEST_SPAN = timedelta(days=90)
FORMAT = r"{fmt:xml|json}"
NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?", re.ASCII)
logger = logging.getLogger(__name__)


def add_routes(app: web.Application) -> None:
    """Put the standard's calls under its base."""
    for method, path, handler in (
        ("GET", "/services." + FORMAT, get_services),
        ("GET", r"/services/{code:.+}." + FORMAT, get_service),
        ("POST", "/requests." + FORMAT, post_request),
        ("GET", "/requests." + FORMAT, get_requests),
        ("GET", r"/requests/{id:[^/]+}." + FORMAT, get_request),
        ("GET", r"/tokens/{token:[^/]+}." + FORMAT, get_token),
        ("GET", "/discovery." + FORMAT, get_discovery),
    ):
        app.router.add_route(method, BASE + path, handler)
    # Outermost too: what cannot be received is refused while the journal reads it.
    app.middlewares.insert(0, _answer_errors)
    app.middlewares.append(_answer_errors)


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal under the base is an error list in the format asked for."""
    if not request.path.startswith(BASE) or request.app[STAND_IN].is_control(request.path):
        return await handler(request)
    fmt = "json" if request.path.endswith(".json") else "xml"
    try:
        return await handler(request)
    except Open311Error as refused:
        return refusal(fmt, refused.status, refused.description)
    except web.HTTPException as failed:
        if failed.status < 400:  # noqa: PLR2004
            raise
        words = {404: "没有这个地址", 405: "这个地址不支持这种请求方式", 413: "内容太大"}
        return refusal(fmt, failed.status, words.get(failed.status, failed.reason))
    except web.RequestPayloadError:
        return refusal(fmt, 400, "内容没有收全，或者压缩方式不对")
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        return refusal(fmt, 500, "分拨平台出错了，请稍后再试")


def check_jurisdiction(core: Core, form: Form) -> None:
    """Only our own jurisdiction is known, if one is configured."""
    asked, ours = form.get("jurisdiction_id"), core.rules.jurisdiction
    if ours and asked and asked != ours:
        raise Open311Error(404, f"没有这个辖区：{asked}")


def check_api_key(core: Core, form: Form) -> None:
    """Whoever writes needs a key."""
    given = form.get("api_key")
    if given is None:
        raise Open311Error(403, "缺少 api_key")
    if core.rules.api_key and not hmac.compare_digest(given.encode(), core.rules.api_key.encode()):
        raise Open311Error(403, "api_key 无效")


def needed(form: Form, name: str) -> str:
    """Give a required argument."""
    value = form.get(name)
    if value is None:
        raise Open311Error(400, f"缺少参数 {name}")
    return value


def comma_list(text: str | None) -> list[str]:
    """Give a comma separated argument."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def page_of(form: Form) -> tuple[int, int]:
    """How many rows, after how many."""
    try:
        size = min(int(form.get("page_size") or MOST_ROWS), MOST_ROWS)
        page = int(form.get("page") or 1)
    except ValueError:
        raise Open311Error(400, "page 和 page_size 应为数字") from None
    if size < 1 or page < 1:
        raise Open311Error(400, "page 和 page_size 从 1 开始")
    if page > LAST_PAGE:
        raise Open311Error(400, f"page 不能超过 {LAST_PAGE}")
    return size, (page - 1) * size


def window(core: Core, form: Form, column: str) -> list[tuple[str, Bindable]]:
    """Give the conditions of `start_date` and `end_date`: at most 90 days apart, the last 90 days by default."""
    start, end = form.get("start_date"), form.get("end_date")
    first = parse_when(start, "start_date") if start else None
    last = parse_when(end, "end_date") if end else None
    if first and last and last - first > LONGEST_SPAN:
        raise Open311Error(400, "start_date 与 end_date 相差不能超过 90 天")
    if first is None:
        first = (last or core.now()) - LONGEST_SPAN
    last = last or first + LONGEST_SPAN
    return [(f"{column} >= ?", stamp(_whole_millisecond(first))), (f"{column} <= ?", stamp(last))]


def updated_window(form: Form, column: str) -> list[tuple[str, Bindable]]:
    """Give the conditions of `updated_after` and `updated_before`."""
    after, before = form.get("updated_after"), form.get("updated_before")
    conditions: list[tuple[str, Bindable]] = []
    if after:
        conditions.append((f"{column} >= ?", stamp(_whole_millisecond(parse_when(after, "updated_after")))))
    if before:
        conditions.append((f"{column} <= ?", stamp(parse_when(before, "updated_before"))))
    return conditions


def _whole_millisecond(since: datetime) -> datetime:
    """Begin with the millisecond: times are told in them, so what happened within the asked one counts as after it."""
    return since.replace(microsecond=since.microsecond // 1000 * 1000)


def one_of(column: str, values: Iterable[str]) -> list[tuple[str, Bindable]]:
    """Give the condition that a column has one of some values, none when there are none."""
    listed = list(values)
    if not listed:
        return []
    # One bound text for all: char(31) cannot occur in an id, and none of the values can be mistaken for SQL.
    return [(f"instr(?, char(31) || {column} || char(31)) > 0", "\x1f" + "\x1f".join(listed) + "\x1f")]


async def get_services(request: web.Request) -> web.Response:
    """List the services."""
    core = request.app[CORE]
    check_jurisdiction(core, await read_form(request))
    return answer(request.match_info["fmt"], "services", [service.listed() for service in core.catalogue.all()])


async def get_service(request: web.Request) -> web.Response:
    """One service's attributes."""
    core = request.app[CORE]
    check_jurisdiction(core, await read_form(request))
    service = _service(core, request.match_info["code"])
    return answer(request.match_info["fmt"], "service_definition", service.defined())


async def post_request(request: web.Request) -> web.Response:
    """Take a request."""
    core, form, fmt = request.app[CORE], await read_form(request), request.match_info["fmt"]
    check_api_key(core, form)
    check_jurisdiction(core, form)
    service = _service(core, needed(form, "service_code"))
    _check_location(form)
    _check_words(form, service)
    case = core.file(form, service)
    await _perhaps_call_back_first(request, case)
    named = {"token": case.token} if case.token else {"service_request_id": case.id}
    notice = "已受理，将尽快分拨到承办单位。"
    content = {**named, "service_notice": notice, "account_id": form.get("account_id")}
    return answer(fmt, "service_requests", [content])


async def get_requests(request: web.Request) -> web.Response:
    """List requests by id, by external id, or by the filters."""
    core, form, fmt = request.app[CORE], await read_form(request), request.match_info["fmt"]
    check_jurisdiction(core, form)
    ids, external = comma_list(form.get("service_request_id")), form.get("external_id")
    order = "requested_at DESC, number DESC"
    if ids:
        conditions = one_of("id", ids)
    elif external:
        conditions = [("external_id = ?", external)]
    else:
        conditions = updated_window(form, "updated_at")
        if conditions:
            order = "updated_at, number"
        if not conditions or form.get("start_date") or form.get("end_date"):
            conditions += window(core, form, "requested_at")
        conditions += one_of("service_code", comma_list(form.get("service_code"))) + _status(form)
    size, skipped = page_of(form)
    where = " AND ".join(condition for condition, _ in conditions)
    values = [value for _, value in conditions]
    found = core.cases(f"WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?", *values, size, skipped)
    extensions = form.get("extensions") == "true"
    views = [request_view(core, case, extensions=extensions, with_external_id=bool(external)) for case in found]
    return answer(fmt, "service_requests", views)


async def get_request(request: web.Request) -> web.Response:
    """One request, still as a list."""
    core, form = request.app[CORE], await read_form(request)
    check_jurisdiction(core, form)
    case = core.find(request.match_info["id"])
    if case is None:
        raise Open311Error(404, f"没有这个编号：{request.match_info['id']}")
    view = request_view(core, case, extensions=form.get("extensions") == "true")
    return answer(request.match_info["fmt"], "service_requests", [view])


async def get_token(request: web.Request) -> web.Response:
    """Give the id that belongs to a token, empty as long as it is not yet known."""
    core, token = request.app[CORE], request.match_info["token"]
    check_jurisdiction(core, await read_form(request))
    found = core.cases("WHERE token = ?", token)
    if not found:
        raise Open311Error(404, "没有这个凭证")
    ready = time.time() >= (found[0].token_ready_at or 0)
    content = {"service_request_id": found[0].id if ready else None, "token": token}
    return answer(request.match_info["fmt"], "service_requests", [content])


async def get_discovery(request: web.Request) -> web.Response:
    """Where the interface is and which formats it speaks."""
    url = str(request.url.origin()) + BASE
    content = {
        "changeset": "2026-01-05T00:00:00+08:00",
        "contact": "分拨中心值班室 0755-00000000",
        "key_service": "请向分拨中心申请 api_key",
        "endpoints": [
            {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": url,
                "changeset": "2026-01-05T00:00:00+08:00",
                "type": "test",
                "formats": ["text/xml", "application/json"],
            },
        ],
    }
    return answer(request.match_info["fmt"], "discovery", content)


def _service(core: Core, code: str) -> Service:
    service = core.catalogue.find(code)
    if service is None:
        raise Open311Error(404, f"没有这个服务代码：{code}")
    return service


def _status(form: Form) -> list[tuple[str, Bindable]]:
    wanted = set(comma_list(form.get("status")))
    if not wanted <= {"open", "closed"}:
        raise Open311Error(400, "status 只能是 open 或 closed")
    if len(wanted) != 1:
        return []
    ended = "step IN ('closed', 'not_accepted', 'withdrawn', 'merged')"
    return [(f"({ended}) = ?", int(wanted == {"closed"}))]


def _check_location(form: Form) -> None:
    lat, long = form.get("lat"), form.get("long")
    if (lat is None) != (long is None):
        raise Open311Error(400, "lat 与 long 要一起给")
    if lat is None or long is None:
        if not (form.get("address_string") or form.get("address_id")):
            raise Open311Error(400, "缺少位置：请给 lat 和 long，或 address_string，或 address_id")
        return
    try:
        inside = abs(float(lat)) <= 90 and abs(float(long)) <= 180  # noqa: PLR2004
    except ValueError:
        inside = False
    if not inside:
        raise Open311Error(400, "lat 或 long 不是有效的坐标")


def _check_words(form: Form, service: Service) -> None:
    if len(form.get("description") or "") > LONGEST_TEXT:
        raise Open311Error(400, f"description 不能超过 {LONGEST_TEXT} 个字")
    given = form.attributes()
    for attribute in service.attributes:
        values = given.get(attribute.code, [])
        if attribute.required and not values:
            raise Open311Error(400, f"缺少 attribute[{attribute.code}]：{attribute.description}")
        allowed = {choice.key for choice in attribute.values}
        if allowed and not allowed.issuperset(values):
            raise Open311Error(400, f"attribute[{attribute.code}] 只能是 {'、'.join(sorted(allowed))}")
        for value in values:
            _check_datatype(attribute, value)


def _check_datatype(attribute: Attribute, value: str) -> None:
    """Refuse what is not a number or not an instant where the service asks for one."""
    name = f"attribute[{attribute.code}]"
    if attribute.datatype == "number" and not NUMBER.fullmatch(value):
        raise Open311Error(400, f"{name} 应为数字：{attribute.description}")
    if attribute.datatype == "datetime":
        parse_when(value, name)


async def _perhaps_call_back_first(request: web.Request, case: Case) -> None:
    """Be quicker than the own answer, as a core can be: under this fault the assignment is sent before it."""
    struck = request.app[STAND_IN].faults.strike("in", "POST", request.path, CALLBACK_FIRST)
    if struck:
        core = request.app[CORE]
        update = core.append(case, "assigned", {}, deliver=False)
        request.app[UNITS].played(case, "assigned")
        await request.app[COURIER].hand_over([update.update_id])
