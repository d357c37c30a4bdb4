"""One call of an endpoint: what its handler gets beside the models it asks for."""

import ipaddress
from dataclasses import dataclass, field
from datetime import datetime
from http.cookies import SimpleCookie

from aiohttp import web
from multidict import CIMultiDict

from foundation.access import Actor
from foundation.errors import NotSignedInError
from foundation.ground import Ground
from foundation.web.keys import GROUND


@dataclass
class Call:
    """Who asks, when, in which language, and what the answer carries beside its body."""

    request: web.Request
    ground: Ground
    at: datetime
    """The domain's instant of this call, read once."""
    language: str
    visitor: Actor | None = None
    """Who asks, or None where anyone may ask."""
    status: int | None = None
    """Set by a handler whose answer has another status than the endpoint's usual one."""
    answer_headers: CIMultiDict[str] = field(default_factory=CIMultiDict)

    @property
    def actor(self) -> Actor:
        """Who asks, on an endpoint that is not for anyone."""
        if self.visitor is None:
            raise NotSignedInError
        return self.visitor

    @property
    def address(self) -> str:
        """From where it is asked."""
        return client_address(self.request)

    def set_cookie(self, name: str, value: str, *, max_age: int, http_only: bool = True) -> None:
        """Give the browser a cookie that only this site gets back, and only over TLS (or to this machine)."""
        self.answer_headers.add("Set-Cookie", _cookie(name, value, max_age=max_age, http_only=http_only))

    def drop_cookie(self, name: str) -> None:
        """Tell the browser to forget a cookie."""
        self.answer_headers.add("Set-Cookie", _cookie(name, "", max_age=0, http_only=True))


def _cookie(name: str, value: str, *, max_age: int, http_only: bool) -> str:
    cookie: SimpleCookie = SimpleCookie()
    cookie[name] = value
    cookie[name].update({"path": "/", "max-age": str(max_age), "samesite": "Lax"})
    cookie[name]["secure"] = "1"
    if http_only:  # a script that was smuggled in must not read the session
        cookie[name]["httponly"] = "1"
    return cookie[name].OutputString()


def client_address(request: web.Request) -> str:
    """Tell the address of the asking machine; of IPv6 only its network, as one machine has many addresses.

    Of `X-Forwarded-For` only the entries that our own proxies added are believed; the rest anybody can write.
    """
    proxies = request.app[GROUND].settings.web.trusted_proxies
    address = request.remote or "local"
    forwarded = [part.strip() for part in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")]
    if 0 < proxies <= len(forwarded):
        address = forwarded[-proxies] or address
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if known.version == 6:  # noqa: PLR2004 - the name of the protocol
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)
