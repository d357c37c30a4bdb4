"""An Open311 client as somebody else would write it from the standard alone: XML, the standard library, no extensions.

It knows nothing of ours, shares no code with us, and blocks: call it from another thread.
"""

from dataclasses import dataclass
from typing import NoReturn
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen
from xml.etree import ElementTree as ET


class Refused(Exception):  # noqa: N818 - not an error of ours
    """The server answered with its list of errors."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.status, self.code, self.description = status, code, description


@dataclass(frozen=True)
class ReferenceClient:
    """Speaks GeoReport v2 with one server."""

    base: str
    api_key: str

    @classmethod
    def discovered(cls, discovery: str, api_key: str) -> "ReferenceClient":
        """Find the server's address the way the standard has it: through its discovery document."""
        tree = _read(Request(discovery))  # noqa: S310 - a test's own server
        for endpoint in tree.iter("endpoint"):
            if endpoint.findtext("specification", "").endswith("GeoReport_v2"):
                return cls(endpoint.findtext("url", ""), api_key)
        raise LookupError(discovery)

    def services(self) -> dict[str, str]:
        """Give codes and names."""
        tree = self._get("services")
        return {
            each.findtext("service_code", ""): each.findtext("service_name", "") for each in tree.findall("service")
        }

    def required_questions(self, code: str) -> list[str]:
        """Give the codes of the attributes that must be answered."""
        tree = self._get(f"services/{quote(code)}")
        return [
            each.findtext("code", "")
            for each in tree.findall("attributes/attribute")
            if each.findtext("required") == "true"
        ]

    def file(self, code: str, **fields: str) -> str:
        """File a request; give its id, for which a token is exchanged if need be."""
        form = urlencode({"api_key": self.api_key, "service_code": code, **fields}).encode()
        tree = _read(Request(f"{self.base}/requests.xml", data=form))  # noqa: S310 - a test's own server
        if number := tree.findtext("request/service_request_id"):
            return number
        return self._get(f"tokens/{tree.findtext('request/token', '')}").findtext("request/service_request_id", "")

    def status(self, number: str) -> str:
        """Give `open` or `closed`."""
        return self._get(f"requests/{number}").findtext("request/status", "")

    def numbers(self, **filters: str) -> list[str]:
        """Give the ids of the requests that fit."""
        tree = self._get("requests", **filters)
        return [each.findtext("service_request_id", "") for each in tree.findall("request")]

    def _get(self, path: str, **query: str) -> ET.Element:
        return _read(Request(f"{self.base}/{path}.xml?{urlencode(query)}"))  # noqa: S310


def _read(request: Request) -> ET.Element:
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310
            return ET.fromstring(answer.read())  # noqa: S314
    except HTTPError as error:
        _refuse(error)


def _refuse(error: HTTPError) -> NoReturn:
    with error:
        tree = ET.fromstring(error.read())  # noqa: S314
    raise Refused(error.code, tree.findtext("error/code", ""), tree.findtext("error/description", "")) from None
