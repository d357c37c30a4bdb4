"""Who is let in, how often, and what a refusal, a crash and the framework's own answers look like."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from foundation.ground import Ground
from foundation.parts import Part, Ping
from foundation.settings import WebSettings
from foundation.web import Access, Call, Input, Output, endpoint
from foundation.web.app import create_app
from foundation.web.endpoint import WiringError
from tests.foundation.web import sample
from tests.foundation.web.conftest import Api

Headers = Callable[..., dict[str, str]]


async def problem_of(answer: ClientResponse) -> dict[str, Any]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem: dict[str, Any] = json.loads(await answer.read())
    assert problem["status"] == answer.status
    return problem


async def test_nobody_is_told_to_sign_in(notes: Api) -> None:
    answer = await notes.get("/api/v1/notes")

    problem = await problem_of(answer)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert problem == {"type": "/problems/not-signed-in", "title": "请先登录", "status": 401, "detail": "请先登录"}


@pytest.mark.parametrize(
    ("kind", "method", "path"),
    [
        ("resident", "DELETE", "/notes/1"),
        ("machine", "DELETE", "/notes/1"),
        ("staff", "POST", "/notes"),
        ("machine", "GET", "/notes"),
        ("resident", "POST", "/callbacks/board"),
    ],
)
async def test_a_door_for_others_looks_like_no_door(
    notes: Api, signed_in: Headers, kind: str, method: str, path: str
) -> None:
    answer = await notes.request(method, f"/api/v1{path}", headers=signed_in(kind))

    assert answer.status == 404
    assert (await problem_of(answer))["type"] == "/problems/not-found"


async def test_who_may_not_come_in_is_refused_before_anything_is_read(notes: Api, signed_in: Headers) -> None:
    answer = await notes.post("/api/v1/notes", data=b"{", headers=signed_in("staff"))

    assert answer.status == 404


async def test_the_framework_s_own_refusals_are_problems_too(notes: Api) -> None:
    nowhere = await notes.get("/api/v1/nowhere")
    wrong_method = await notes.put("/api/v1/notes")

    assert (await problem_of(nowhere))["type"] == "/problems/not-found"
    assert (await problem_of(wrong_method))["type"] == "/problems/method-not-allowed"
    assert wrong_method.headers["Allow"] == "GET,POST"


@pytest.mark.parametrize("kind", ["pool", "lock"])
async def test_a_busy_database_asks_to_come_again(notes: Api, kind: str) -> None:
    answer = await notes.get(f"/api/v1/trouble?kind={kind}")

    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert (await problem_of(answer))["type"] == "/problems/busy"


async def test_a_crash_says_nothing_and_is_logged_with_the_request_s_id(notes: Api) -> None:
    with capture_logs() as lines:
        answer = await notes.get("/api/v1/trouble?kind=crash", headers={"X-Request-Id": "from-the-proxy-1"})

    assert answer.status == 500
    assert "13912345678" not in await answer.text()
    assert answer.headers["X-Request-Id"] == "from-the-proxy-1"
    assert [line["event"] for line in lines] == ["request_crashed", "request"]


async def test_the_access_line_names_the_route_and_nothing_that_was_asked(notes: Api, resident: dict[str, str]) -> None:
    with capture_logs() as lines:
        await notes.get("/api/v1/notes/77?phone=13912345678", headers=resident)

    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/v1/notes/{id}", 404)
    assert "77" not in json.dumps(line).replace(str(line["milliseconds"]), "")


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space in it", "<script>alert</script>"])
async def test_a_strange_request_id_is_replaced(notes: Api, given: str) -> None:
    answer = await notes.get("/healthz", headers={"X-Request-Id": given})

    assert answer.headers["X-Request-Id"] != given
    assert len(answer.headers["X-Request-Id"]) == 32


@pytest.mark.parametrize(
    ("header", "person", "title"),
    [("en-GB,en;q=0.9", "en", "Something was filled in wrongly"), ("en", "zh-Hant", "填寫的內容有誤")],
)
async def test_a_refusal_speaks_the_person_s_language(
    notes: Api, signed_in: Headers, header: str, person: str, title: str
) -> None:
    headers = signed_in(language=person, Accept_Language=header)

    answer = await notes.post("/api/v1/notes", json={}, headers=headers)

    assert (await problem_of(answer))["title"] == title
    assert answer.headers["Content-Language"] == person


async def test_nobody_s_refusal_speaks_the_header_s_language(notes: Api) -> None:
    answer = await notes.get("/api/v1/notes", headers={"Accept-Language": "zh-TW"})

    assert (await problem_of(answer))["title"] == "請先登入"


async def test_a_rule_s_refusal_names_its_field(notes: Api, resident: dict[str, str]) -> None:
    answer = await notes.post(
        "/api/v1/notes", json={"text": "楼道的灯", "place_id": "404"} | {"text": "楼道的灯坏了"}, headers=resident
    )

    problem = await problem_of(answer)
    assert problem["type"] == "/problems/unknown-place"
    assert problem["errors"] == [{"pointer": "/place_id", "code": "unknown_place", "message": "没有找到"}]


async def test_every_answer_carries_the_headers_that_protect_a_browser(notes: Api) -> None:
    for path in ("/healthz", "/api/v1/nowhere", "/web/look.js", "/"):
        answer = await notes.get(path, allow_redirects=False)

        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'; img-src 'self' blob: data:")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_a_cookie_is_out_of_reach_for_scripts_and_other_sites(notes: Api) -> None:
    answer = await notes.post("/api/v1/visits")

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("linli_session=s3cret; ")
    assert set(cookie.split("; ")[1:]) == {"HttpOnly", "Max-Age=60", "Path=/", "SameSite=Lax", "Secure"}


async def test_another_status_can_be_the_handler_s(notes: Api, signed_in: Headers) -> None:
    first = await notes.post("/api/v1/callbacks/board", json={"lng": 2, "lat": 2}, headers=signed_in("machine"))
    again = await notes.post("/api/v1/callbacks/board", json={"lng": 1, "lat": 2}, headers=signed_in("machine"))

    assert (first.status, again.status) == (202, 200)


async def test_a_handler_may_answer_with_its_own_response(notes: Api) -> None:
    answer = await notes.get("/api/v1/calendar")

    assert answer.content_type == "text/calendar"


def limited(ground: Ground, *, proxies: int = 0, **limits: str) -> Ground:
    settings = ground.settings.model_copy(
        update={
            "limits": ground.settings.limits.model_copy(update=limits),
            "web": WebSettings(trusted_proxies=proxies),
        }
    )
    return replace(ground, settings=settings)


async def test_who_asks_too_often_is_told_when_to_come_again(
    database: None, sample_ground: Ground, signed_in: Headers
) -> None:
    app = create_app(limited(sample_ground, reading="2/60s"), [sample.PART])
    async with TestClient(TestServer(app)) as api:
        answers = [await api.get("/api/v1/notes", headers=signed_in(number=1)) for _ in range(3)]
        other = await api.get("/api/v1/notes", headers=signed_in(number=2))

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert other.status == 200
    assert 0 < int(answers[2].headers["Retry-After"]) <= 60


@pytest.mark.parametrize(
    ("proxies", "forwarded", "statuses"),
    [
        (0, ["1.1.1.1", "2.2.2.2"], [200, 429]),
        (1, ["9.9.9.9, 1.1.1.1", "8.8.8.8, 1.1.1.1"], [200, 429]),
        (1, ["1.1.1.1, 3.3.3.3", "1.1.1.1, 4.4.4.4"], [200, 200]),
        (1, ["2001:db8:1:1::1", "2001:db8:1:1:ffff::1"], [200, 429]),
        (2, ["1.1.1.1, 5.5.5.5", "2.2.2.2, 5.5.5.5"], [200, 200]),
    ],
)
async def test_strangers_are_told_apart_by_the_address_our_own_proxies_saw(
    sample_ground: Ground, proxies: int, forwarded: list[str], statuses: list[int]
) -> None:
    app = create_app(limited(sample_ground, proxies=proxies, sessions="1/60s"), [sample.PART])
    async with TestClient(TestServer(app)) as api:
        answers = [await api.post("/api/v1/visits", headers={"X-Forwarded-For": given}) for given in forwarded]

    assert [answer.status for answer in answers] == statuses


async def test_the_process_is_ready_when_every_ping_answers(notes: Api) -> None:
    answer = await notes.get("/readyz")

    assert answer.status == 200
    assert await answer.json() == {"ready": True, "checks": {"postgres": "ok", "redis": "ok"}}
    assert (await notes.get("/healthz")).status == 200


async def test_the_process_is_not_ready_while_a_ping_fails(database: None, sample_ground: Ground) -> None:
    async def fail(_ground: Ground) -> None:
        raise ConnectionError

    part = replace(sample.PART, pings=(Ping("dispatch", fail),))
    async with TestClient(TestServer(create_app(sample_ground, [part]))) as api:
        answer = await api.get("/readyz")
        checks = (await answer.json())["checks"]

    assert answer.status == 503
    assert checks == {"postgres": "ok", "redis": "ok", "dispatch": "failed"}


async def test_requests_are_counted_by_route_and_nothing_invented_makes_a_new_number(notes: Api) -> None:
    await notes.get("/api/v1/calendar")
    await notes.get("/api/v1/nowhere/1")
    await notes.request("PROPFIND", "/api/v1/nowhere/2")

    numbers = await (await notes.get("/metrics")).text()
    assert 'linli_http_requests_total{method="GET",route="/api/v1/calendar",status="200"} 1.0' in numbers
    assert 'linli_http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in numbers
    assert 'linli_http_requests_total{method="OTHER",route="unmatched",status="404"} 1.0' in numbers
    assert "nowhere" not in numbers
    assert 'linli_http_request_seconds_count{method="GET",route="/api/v1/calendar"} 1.0' in numbers


async def test_pages_are_served_by_kind_and_asked_for_anew(notes: Api) -> None:
    page = await notes.get("/web/resident/home.html")
    script = await notes.get("/web/look.js")
    photo = await notes.get("/web/photo.webp")
    again = await notes.get("/web/look.js", headers={"If-None-Match": script.headers["ETag"]})

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["Cache-Control"] == "no-cache"
    assert "Last-Modified" in script.headers
    assert photo.headers["Content-Type"] == "image/webp"
    assert "max-age" in photo.headers["Cache-Control"]
    assert again.status == 304


@pytest.mark.parametrize(
    "path",
    ["notes.py", "..%2foutside.html", "%2e%2e/outside.html", "resident", "resident/", "%00", "x" * 3000, "none.html"],
)
async def test_what_is_no_page_does_not_exist(notes: Api, path: str) -> None:
    answer = await notes.get(f"/web/{path}")

    assert answer.status == 404
    assert (await problem_of(answer))["type"] == "/problems/not-found"


async def test_the_bare_address_leads_to_the_residents_first_page(notes: Api) -> None:
    answer = await notes.get("/", allow_redirects=False)
    icon = await notes.get("/favicon.ico")

    assert (answer.status, answer.headers["Location"]) == (302, "/web/resident/home.html")
    assert icon.content_type == "image/svg+xml"


async def test_pages_learn_what_differs_between_installations(notes: Api) -> None:
    answer = await notes.get("/web/settings.json")

    assert await answer.json() == {
        "api": "/api/v1",
        "live": "/api/v1/live",
        "environment": "test",
        "come_in_url": None,
    }


async def test_a_socket_carries_the_headers_too(sample_ground: Ground) -> None:
    async def live(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close()
        return socket

    part = Part(name="live", routes=(web.get("/api/v1/live", live),))
    async with (
        TestClient(TestServer(create_app(sample_ground, [part]))) as api,
        api.ws_connect("/api/v1/live", headers={"X-Request-Id": "from-the-phone"}) as socket,
    ):
        assert socket._response.headers["X-Request-Id"] == "from-the-phone"  # noqa: SLF001 - no other way to see it


class Shape(Output):
    text: str


class OtherPath(Input):
    number: int


async def handler(call: Call) -> Shape:
    return Shape(text="")


async def handler_with_path(call: Call, path: OtherPath) -> None: ...


async def handler_with_body(call: Call, body: OtherPath) -> None: ...


async def handler_with_more(call: Call, more: int) -> None: ...


async def handler_of_response(call: Call) -> web.Response:
    return web.Response()


@pytest.mark.parametrize(
    ("method", "path", "choice", "made_of"),
    [
        ("GET", "notes", {}, handler),
        ("GET", "/api/v1/notes", {}, handler),
        ("GET", "/notes/{id}", {}, handler),
        ("GET", "/notes/{id}", {}, handler_with_path),
        ("GET", "/notes", {}, handler_with_more),
        ("GET", "/notes", {}, handler_with_body),
        ("POST", "/notes", {"upload": True}, handler),
        ("POST", "/notes", {"idempotent": True}, handler),
        ("POST", "/notes", {"idempotent": True, "access": Access.STAFF}, handler_of_response),
        ("POST", "/notes", {"summary": ""}, handler),
        ("POST", "/notes", {"authenticate": sample.authenticate}, handler),
        ("POST", "/notes", {"described": {"body": dict}}, handler_with_body),
        ("POST", "/notes", {"described": {"query": dict}}, handler),
        ("GET", "/notes", {"described": {"body": dict}}, handler),
    ],
)
def test_an_endpoint_that_cannot_work_is_refused_at_import(
    method: Any, path: str, choice: dict[str, Any], made_of: Any
) -> None:
    with pytest.raises(WiringError):
        endpoint(method, path, **{"access": Access.ANYONE, "summary": "Try", **choice})(made_of)


def test_what_does_not_fit_together_is_refused_at_start(sample_ground: Ground) -> None:
    one = endpoint("GET", "/one", access=Access.ANYONE, summary="One")(handler)
    twin = endpoint("GET", "/one", access=Access.ANYONE, summary="One")(handler_of_response)
    same_name = endpoint("GET", "/two", access=Access.ANYONE, summary="Two")(handler)
    same_shape = endpoint("GET", "/three", access=Access.ANYONE, summary="Three")(handler_of_same_shape)
    no_limit = endpoint("GET", "/four", access=Access.ANYONE, limit="breathing", summary="Four")(handler)
    nobody_knows = endpoint("GET", "/five", access=Access.STAFF, summary="Five")(handler)

    for endpoints in ((one, twin), (one, same_name), (one, same_shape), (no_limit,), (nobody_knows,)):
        with pytest.raises(WiringError):
            create_app(sample_ground, [Part(name="wrong", endpoints=endpoints)])


async def handler_of_same_shape(call: Call) -> "elsewhere.Shape":
    return elsewhere.Shape(number=1)


class elsewhere:  # noqa: N801 - stands for another module
    class Shape(Output):
        number: int


elsewhere.Shape.__module__ = "somewhere.views"
