"""The Open311 client: speaks the core's protocol. Whether and when to repeat is the job's decision."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
import structlog
from pydantic import ValidationError

from community.complaints.dispatch.protocol import CoreRequest, CoreUpdate
from foundation.breaker import Breaker
from foundation.ground import Ground
from foundation.settings import DispatchSettings

log = structlog.get_logger(__name__)
TOKEN_TRIES = 5
TOKEN_PAUSE_SECONDS = 2.0
PAGE_SIZE = 200
FORM = "application/x-www-form-urlencoded; charset=utf-8"
"""Said aloud: some receivers take a form without it for Latin-1."""
Fields = list[tuple[str, str]]


class DispatchError(Exception):
    """The core did not do what it was asked."""


class DispatchUnavailableError(DispatchError):
    """Not now: it is down, slow, busy, or our key is refused. The outcome may be unknown; trying again may work."""


class DispatchRejectedError(DispatchError):
    """Never: it understood and said no. Trying the same again is noise."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(f"HTTP {status}" if status else code)
        self.said = f"{status} {code}: {description}"[:180]
        """Its own words: for operators' eyes, never for a log, as they may repeat what the resident wrote."""
        self.status = status
        self.description = description


@dataclass(frozen=True)
class DispatchClient:
    """Speaks Open311 GeoReport v2 with `servicerequestupdates` to one core."""

    session: aiohttp.ClientSession
    settings: DispatchSettings
    reads: Breaker = field(compare=False)
    writes: Breaker = field(compare=False)
    """Apart, as a core may answer questions while it takes nothing in, and asking comes before telling."""

    async def create_request(self, fields: Fields) -> str:
        """File a request and give the core's id; a batch service's token is turned into the id.

        Raises:
            BreakerOpenError, DispatchUnavailableError, DispatchRejectedError

        """
        answer = _first(await self._call("POST", "requests.json", form=fields))
        if answer.get("service_request_id"):
            return str(answer["service_request_id"])
        if answer.get("token"):
            return await self._id_for(str(answer["token"]))
        raise DispatchUnavailableError("neither an id nor a token came back")

    async def find_request(self, external_id: str) -> str | None:
        """Ask whether the core has our complaint already: before creating it again after an unknown outcome."""
        rows = _rows(await self._call("GET", "requests.json", query={"external_id": external_id}))
        # A core that does not know the argument lists everybody's requests: only what names ours is ours.
        ours = [row for row in rows if row.get("external_id") == external_id and row.get("service_request_id")]
        return str(ours[0]["service_request_id"]) if ours else None

    async def send_update(self, fields: Fields) -> str:
        """Tell of a later event; the same `update_id` twice is one update. Gives the core's word for it."""
        answer = await self._call("POST", "servicerequestupdates.json", form=fields)
        return str(_first(answer).get("update_id") or "")

    async def updates_between(self, since: datetime, until: datetime) -> AsyncIterator[CoreUpdate]:
        """Give every update the core knows from a window, page by page; one it garbled is logged and passed over."""
        window = {"start_date": since.isoformat(), "end_date": until.isoformat()}
        async for rows in self._pages("servicerequestupdates.json", window, id_field="update_id"):
            for row in rows:
                try:
                    yield CoreUpdate.model_validate(row)
                except ValidationError as error:
                    log.warning("update_unreadable", faults=error.error_count())

    async def requests_between(self, since: datetime, until: datetime) -> AsyncIterator[list[CoreRequest]]:
        """Give every request the core took in a window, anybody's, a page at a time."""
        window = {"start_date": since.isoformat(), "end_date": until.isoformat(), "extensions": "true"}
        async for rows in self._pages("requests.json", window, id_field="service_request_id"):
            yield [request for row in rows if (request := CoreRequest.read(row))]

    async def requests_named(self, remote_ids: Sequence[str]) -> list[CoreRequest]:
        """Give those of some requests that the core has; a core that knows no lists of ids is believed by the id."""
        query = {"service_request_id": ",".join(remote_ids), "extensions": "true"}
        rows = _rows(await self._call("GET", "requests.json", query=query))
        found = [request for row in rows if (request := CoreRequest.read(row))]
        return [request for request in found if request.remote_id in remote_ids]

    async def _pages(
        self, path: str, query: Mapping[str, str], *, id_field: str
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """Read page by page what was not read yet."""
        seen: set[str] = set()
        for page in itertools.count(1):
            paging = {"page": str(page), "page_size": str(PAGE_SIZE)}
            rows = _rows(await self._call("GET", path, query={**query, **paging}))
            # The end is a page with nothing new: a core may make its pages smaller, or know of none at all.
            fresh = {str(row.get(id_field)): row for row in rows if str(row.get(id_field)) not in seen}
            if not fresh:
                return
            seen.update(fresh)
            yield list(fresh.values())

    async def ping(self) -> None:
        """See that it answers at all."""
        await self._call("GET", "services.json")

    async def _id_for(self, token: str) -> str:
        for _ in range(TOKEN_TRIES):
            answer = _first(await self._call("GET", f"tokens/{token}.json"))
            if answer.get("service_request_id"):
                return str(answer["service_request_id"])
            await asyncio.sleep(TOKEN_PAUSE_SECONDS)
        raise DispatchUnavailableError("the token has not become an id yet")

    async def _call(
        self, method: str, path: str, *, form: Fields | None = None, query: Mapping[str, str] | None = None
    ) -> Any:
        """Make one call and give its JSON; every failure is one of the two kinds, and the breaker learns of it."""
        breaker = self.reads if method == "GET" else self.writes
        breaker.ask()
        try:
            answer = await self._exchange(method, path, form=form, query=query)
        except DispatchUnavailableError:
            breaker.failed()
            raise
        except DispatchRejectedError:
            breaker.succeeded()  # it answers
            raise
        breaker.succeeded()
        return answer

    async def _exchange(self, method: str, path: str, *, form: Fields | None, query: Mapping[str, str] | None) -> Any:
        key = self.settings.api_key.get_secret_value()
        common = {"jurisdiction_id": self.settings.jurisdiction} if self.settings.jurisdiction else {}
        params = {**common, **query, "api_key": key} if query is not None else None
        fields = [*common.items(), ("api_key", key), *form] if form is not None else None
        try:
            async with self.session.request(
                method,
                f"{self.settings.base_url}/{path}",
                params=params,
                data=urlencode(fields).encode() if fields is not None else None,
                headers={"Content-Type": FORM} if fields is not None else None,
                timeout=aiohttp.ClientTimeout(total=self.settings.timeout_seconds, connect=3),
                allow_redirects=False,
            ) as response:
                return _judge(response.status, await response.read())
        except (TimeoutError, aiohttp.ClientError) as error:
            raise DispatchUnavailableError(type(error).__name__) from error


def _judge(status: int, body: bytes) -> Any:
    """Tell an answer from a "later" and a "never"."""
    if status in (401, 403, 408, 425, 429) or status >= 500:  # noqa: PLR2004
        raise DispatchUnavailableError(f"HTTP {status}")
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        # Done but unreadable: ask again with the same id rather than lose or double it.
        raise DispatchUnavailableError(f"HTTP {status}, unreadable") from error
    if status >= 300:  # noqa: PLR2004
        fault = _first(answer)
        raise DispatchRejectedError(status, str(fault.get("code", status)), str(fault.get("description", "")))
    return answer


def _first(answer: Any) -> dict[str, Any]:
    """Give the first element of a list, or the object itself; wrapped lists are unwrapped."""
    rows = _rows(answer)
    return rows[0] if rows else {}


def _rows(answer: Any) -> list[dict[str, Any]]:
    if isinstance(answer, dict):
        inner = next((value for value in answer.values() if isinstance(value, list | dict)), None)
        return _rows(inner) if inner is not None else [answer]
    return [row for row in answer if isinstance(row, dict)] if isinstance(answer, list) else []


async def open_dispatch_client(ground: Ground) -> AsyncIterator[DispatchClient]:
    """Open the client for a process; its connections are its own, so a slow core holds up nothing else."""
    settings = ground.settings.dispatch
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=20)) as session:
        reads, writes = (Breaker(settings.breaker_failures, settings.breaker_seconds) for _ in range(2))
        yield DispatchClient(session, settings, reads, writes)
