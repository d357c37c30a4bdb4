"""The operator's page: what lies in the core and a button for every event. Start at `add_routes`."""

from datetime import datetime
from html import escape

from aiohttp import web

from sandbox.control import FASTEST, STAND_IN
from sandbox.dispatch_core.core import Core
from sandbox.dispatch_core.events import ENDED, EVENTS, OUR_WORDS, STEP_WORDS
from sandbox.dispatch_core.georeport import CORE, COURIER, UNITS
from sandbox.dispatch_core.records import Case, Update
from sandbox.dispatch_core.wire import SHENZHEN
from sandbox.page import page, shown

TONES = {"pushed": "wait", "assigned": "run", "accepted": "run", "in_progress": "run", "answered": "met"}
USUAL = ("assigned", "accepted", "feedback", "in_progress", "answered")


def add_routes(app: web.Application) -> None:
    """Serve the list, one request, and the two forms."""
    app.router.add_get("/operator", get_list)
    app.router.add_get("/operator/journal", get_journal)
    app.router.add_post("/operator/units", post_units)
    app.router.add_get("/operator/requests/{id}", get_case)
    app.router.add_post("/operator/requests/{id}/events", post_event)


async def get_list(request: web.Request) -> web.Response:
    """All requests, newest first."""
    core, units = request.app[CORE], request.app[UNITS]
    cases = core.cases("ORDER BY number DESC LIMIT 100")
    rows = "".join(
        f'<tr><td><a href="/operator/requests/{escape(case.id)}">{escape(case.id)}</a></td>'
        f"<td>{escape(case.service_name)}<small>{escape((case.description or '')[:42])}</small></td>"
        f"<td>{_step(case)}</td><td>{escape(case.unit or '待分拨')}</td>"
        f"<td>{_time(case.requested_at)}</td><td>{_time(case.updated_at)}</td></tr>"
        for case in cases
    )
    table = (
        "<table><thead><tr><th>编号</th><th>事项</th><th>环节</th><th>承办单位</th><th>收到</th><th>更新</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
        if cases
        else '<p class="quiet">还没有收到诉求。</p>'
    )
    speeds = "".join(
        f'<button name="speed" value="{speed}" aria-pressed="{str(units.speed == speed).lower()}">{word}</button>'
        for speed, word in ((0, "停下"), (1, "真人速度"), (60, "快 60 倍"), (1440, "一分钟一天"))
    )
    body = (
        f'<section><h2>时间</h2><p>分拨平台现在是 <b>{_time(core.now())}</b></p><form method="post" '
        f'action="/operator/units"><p>承办单位</p>{speeds}</form></section><section><h2>诉求</h2>{table}</section>'
    )
    return shown(page("分拨平台值班台", body, refresh=5, back=("/operator/journal", "收发记录")))


async def get_case(request: web.Request) -> web.Response:
    """One request with its history and the buttons."""
    core, case = request.app[CORE], _case(request)
    history = core.updates("AND case_number = ? ORDER BY number DESC", case.number)
    facts = "".join(
        f"<dt>{name}</dt><dd>{escape(value)}</dd>"
        for name, value in (
            ("事项", case.service_name),
            ("内容", case.description or "（无）"),
            ("地点", case.address or f"{case.lat}, {case.long}"),
            ("承办单位", f"{case.unit or '待分拨'} {case.unit_phone or ''}"),
            ("收到", _time(case.requested_at)),
            ("轮次", f"第 {case.round} 轮"),
        )
    )
    log = "".join(f"<li>{_entry(core, update)}</li>" for update in history) or "<li>还没有动静。</li>"
    body = (
        f"<section><h2>{escape(case.id)} {_step(case)}</h2><dl>{facts}</dl></section>"
        f'<section><h2>发一条进展</h2><form method="post" action="/operator/requests/{escape(case.id)}/events">'
        f'<label for="text">写给居民的话（不写就用平常的话）</label><textarea id="text" name="text" rows="2"></textarea>'
        f"<p>{_buttons(USUAL, 'solid')}</p><p>{_buttons([name for name in EVENTS if name not in USUAL], 'edge')}</p>"
        f"</form></section><section><h2>经过</h2><ol>{log}</ol></section>"
    )
    return shown(page(f"诉求 {case.id}", body, back=("/operator", "全部诉求")))


async def post_event(request: web.Request) -> web.Response:
    """Let an event happen, as the unit or the core would."""
    case, posted = _case(request), await request.post()
    event, text = str(posted.get("event", "")), str(posted.get("text", "")).strip()
    if event not in EVENTS:
        raise web.HTTPBadRequest(text="没有这种进展")
    core = request.app[CORE]
    update = core.append(case, event, {"description": text, "public_text": text} if text else {})
    request.app[UNITS].played(case, event)
    if core.target.url:
        await request.app[COURIER].attempted(update, 1.0)
    raise web.HTTPSeeOther(f"/operator/requests/{case.id}")


async def post_units(request: web.Request) -> web.Response:
    """Change how fast the units work."""
    posted = await request.post()
    try:
        request.app[UNITS].work_at(min(max(0.0, float(str(posted.get("speed", "0")))), FASTEST))
    except ValueError:
        raise web.HTTPBadRequest(text="速度应为数字") from None
    raise web.HTTPSeeOther("/operator")


async def get_journal(request: web.Request) -> web.Response:
    """Show the last messages in and out."""
    stand_in = request.app[STAND_IN]
    row = stand_in.store.row("SELECT max(number) AS last FROM journal")
    last = (row["last"] if row else 0) or 0
    rows = "".join(
        f"<tr><td>{entry['number']}</td><td>{'收' if entry['direction'] == 'in' else '发'}</td>"
        f"<td>{escape(str(entry['method']))} {escape(str(entry['path']))}</td><td>{entry['status'] or ''}</td>"
        f"<td>{escape('、'.join(map(str, _list(entry['faults']))))} {escape(str(entry['error'] or ''))}</td></tr>"
        for entry in reversed(stand_in.journal.after(max(0, last - 200)))
    )
    head = "<thead><tr><th>序号</th><th>方向</th><th>地址</th><th>状态</th><th>故障</th></tr></thead>"
    body = f"<section><h2>收发记录</h2><table>{head}<tbody>{rows}</tbody></table></section>"
    return shown(page("收发记录", body, back=("/operator", "全部诉求")))


def _case(request: web.Request) -> Case:
    case = request.app[CORE].find(request.match_info["id"])
    if case is None:
        raise web.HTTPNotFound(text="没有这个编号")
    return case


def _buttons(names: list[str] | tuple[str, ...], style: str) -> str:
    return "".join(
        f'<button class="{style}" name="event" value="{name}">{EVENTS[name].word}</button>' for name in names
    )


def _entry(core: Core, update: Update) -> str:
    fields = update.fields
    word = EVENTS[update.event].word if update.event in EVENTS else OUR_WORDS.get(update.event, update.event)
    delivery = core.store.row("SELECT * FROM deliveries WHERE update_number = ?", update.number)
    state = ""
    if delivery is not None:
        words = {"waiting": "等待送达", "held": "未发送", "done": "已送达", "conflict": "对方说内容冲突"}
        state = f"<small>{words[delivery['state']]}，试过 {delivery['attempts']} 次</small>"
    text = fields.get("public_text") or fields.get("description") or fields.get("text") or ""
    return f"<time>{_time(update.at)}</time> <b>{escape(word)}</b> {escape(str(text))}{state}"


def _step(case: Case) -> str:
    tone = "pause" if case.step in ENDED else TONES.get(case.step, "run")
    return f'<span class="tag" data-tone="{tone}">{STEP_WORDS[case.step]}</span>'


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _time(instant: datetime) -> str:
    return instant.astimezone(SHENZHEN).strftime("%m-%d %H:%M:%S")
