"""Pages in a browser: ticket, cookie, CSRF token."""

import asyncio
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from community.people.models import PageSession, SignIn, Ticket
from foundation.clock import real_now
from foundation.database import query
from foundation.web import SESSION_COOKIE
from tests.miniprogram_api.signing_in import (  # noqa: F401 - fixtures
    API,
    Person,
    problem_code,
    resident_named,
    settings,
    wechat,
)

Api = TestClient[Any, Any]
pytestmark = pytest.mark.usefixtures("wechat")


async def exchange(api: Api, ticket: str) -> ClientResponse:
    return await api.post(f"{API}/page-sessions", json={"ticket": ticket})


def cookie_of(answer: ClientResponse) -> Any:
    return SimpleCookie(answer.headers["Set-Cookie"])[SESSION_COOKIE]


async def open_page(person: Person) -> tuple[dict[str, str], str]:
    """Open a page; give the headers a browser sends, and the CSRF token."""
    ticket = (await person.told("POST", "/page-tickets"))["ticket"]
    answer = await exchange(person.api, ticket)
    told = await answer.json()
    assert answer.status == 201, told
    return {"Cookie": f"{SESSION_COOKIE}={cookie_of(answer).value}"}, told["csrf_token"]


async def test_a_ticket_becomes_a_cookie_that_scripts_cannot_read(api: Api) -> None:
    hua = await resident_named(api, "hua")
    ticket = (await hua.told("POST", "/page-tickets"))["ticket"]

    answer = await exchange(api, ticket)

    told, cookie = await answer.json(), cookie_of(answer)
    assert answer.status == 201
    assert told["resident"]["id"] == str(hua.id)
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"], cookie["path"]) == (True, True, "Lax", "/")
    assert cookie.value not in str(told)
    assert cookie.value not in str(await query("SELECT * FROM page_session"))


async def test_a_page_reads_without_and_changes_only_with_its_csrf_token(api: Api) -> None:
    browser, csrf = await open_page(await resident_named(api, "hua"))
    change = {"nickname": "阿华"}

    assert (await api.get(f"{API}/me", headers=browser)).status == 200
    bare = await api.patch(f"{API}/me", json=change, headers=browser)
    wrong = await api.patch(f"{API}/me", json=change, headers={**browser, "X-CSRF-Token": f"{csrf}x"})
    right = await api.patch(f"{API}/me", json=change, headers={**browser, "X-CSRF-Token": csrf})

    assert (bare.status, await problem_code(bare)) == (401, "csrf-token-missing")
    assert wrong.status == 401
    assert (await right.json())["nickname"] == "阿华"


async def test_the_csrf_token_of_another_page_does_not_fit(api: Api) -> None:
    hua = await resident_named(api, "hua")
    browser, _ = await open_page(hua)
    _, other_csrf = await open_page(hua)

    answer = await api.patch(f"{API}/me", json={}, headers={**browser, "X-CSRF-Token": other_csrf})

    assert answer.status == 401


async def test_a_reloaded_page_is_told_the_same_again(api: Api) -> None:
    browser, csrf = await open_page(await resident_named(api, "hua"))

    told = await (await api.get(f"{API}/page-sessions/current", headers=browser)).json()

    assert told["csrf_token"] == csrf


async def test_a_tab_without_a_page_session_is_told_to_come_in(api: Api) -> None:
    hua = await resident_named(api, "hua")

    by_nobody = await api.get(f"{API}/page-sessions/current")
    by_token = await hua.ask("GET", "/page-sessions/current")

    assert by_nobody.status == 401
    assert (by_token.status, await problem_code(by_token)) == (401, "no-page-session")


async def test_a_ticket_used_twice_at_once_opens_one_page(api: Api) -> None:
    ticket = (await (await resident_named(api, "hua")).told("POST", "/page-tickets"))["ticket"]

    answers = await asyncio.gather(*(exchange(api, ticket) for _ in range(5)))

    assert sorted(answer.status for answer in answers) == [201, 422, 422, 422, 422]
    assert await PageSession.all().count() == 1


async def test_unknown_used_expired_and_live_tickets_answer_alike(api: Api) -> None:
    hua = await resident_named(api, "hua")
    used, expired = [(await hua.told("POST", "/page-tickets"))["ticket"] for _ in range(2)]
    await exchange(api, used)
    await Ticket.filter(used_at__isnull=True).update(expires_at=real_now() - timedelta(seconds=1))
    live = (await hua.told("POST", "/live-tickets"))["ticket"]

    answers = [await exchange(api, ticket) for ticket in ("unknown", used, expired, live)]

    assert {answer.status for answer in answers} == {422}
    assert len({await answer.text() for answer in answers}) == 1
    assert {await problem_code(answer) for answer in answers} == {"invalid-ticket"}


async def test_a_page_dies_with_the_sign_in_it_was_opened_from(api: Api) -> None:
    hua = await resident_named(api, "hua")
    browser, _ = await open_page(hua)
    assert (await api.get(f"{API}/me", headers=browser)).status == 200

    await hua.ask("DELETE", "/sessions/current")

    assert (await api.get(f"{API}/me", headers=browser)).status == 401


async def test_closing_a_page_leaves_the_phone_signed_in(api: Api) -> None:
    hua = await resident_named(api, "hua")
    browser, csrf = await open_page(hua)

    closed = await api.delete(f"{API}/page-sessions/current", headers={**browser, "X-CSRF-Token": csrf})

    assert closed.status == 204
    assert cookie_of(closed)["max-age"] == "0"
    assert (await api.get(f"{API}/me", headers=browser)).status == 401
    assert (await hua.ask("GET", "/me")).status == 200


async def test_an_expired_page_opens_nothing(api: Api) -> None:
    browser, _ = await open_page(await resident_named(api, "hua"))
    await PageSession.all().update(expires_at=real_now() - timedelta(seconds=1))

    assert (await api.get(f"{API}/me", headers=browser)).status == 401
    assert await SignIn.filter(revoked_at__isnull=True).count() == 1
