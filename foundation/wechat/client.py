"""wechatpy's client on our transport: every method of its API classes gives something to await.

    await client.post("cgi-bin/message/subscribe/send", api_base_url=OFFICIAL_BASE, data={...})
    await client.wxa.get_wxa_code_unlimited("r7f3", page="pages/group")

Of wechatpy's own client only the building of requests is left. Its transport is synchronous, retries without
end, fetches tokens without a time-out, and puts a piece of the secret into the name under which it keeps them.
"""

from collections.abc import Mapping
from typing import Any, Never

from wechatpy import WeChatClient

from foundation.wechat.errors import TOKEN_REFUSED, WeChatCredentialError, WeChatUnavailableError
from foundation.wechat.tokens import TokenBroker
from foundation.wechat.transport import OFFICIAL_BASE, Binary, Fields, Files, Transport


class MiniProgramClient(WeChatClient):  # type: ignore[misc]
    """Calls WeChat's interface for one mini-program."""

    def __init__(self, transport: Transport, broker: TokenBroker, *, app_id: str) -> None:
        super().__init__(app_id, secret="", auto_retry=False)
        del self._http  # so that nothing can call out synchronously
        self.transport = transport
        self.broker = broker

    @property
    def access_token(self) -> Never:
        """Not here: a token is awaited from the broker."""
        raise AttributeError("await client.broker.token()")

    def fetch_access_token(self) -> Never:
        """Not here either."""
        raise AttributeError("await client.broker.token()")

    async def _request(self, method: str, url_or_endpoint: str, **given: Any) -> Any:
        """Send what an API class has built; called by wechatpy's `get` and `post`."""
        base = given.pop("api_base_url", self.API_BASE_URL)
        address = url_or_endpoint if "://" in url_or_endpoint else f"{base}{url_or_endpoint}"
        process = given.pop("result_processor", None)
        given.pop("timeout", None)  # the transport's holds for all
        params, body = dict(given.pop("params", None) or {}), given.pop("data", None)
        files = _files(given.pop("files", None))
        if given:
            raise TypeError(f"not understood: {', '.join(given)}")
        answer = await self._ask(method, address, params, body, files)
        if process is None or isinstance(answer, Binary):
            return answer
        try:
            return process(answer)
        except (KeyError, TypeError):
            raise WeChatUnavailableError("unreadable answer") from None

    async def _ask(
        self, method: str, address: str, params: dict[str, Any], body: object, files: Files | None
    ) -> Fields | Binary:
        """Send it with the shared token, and once more if WeChat refuses that."""
        if "access_token" in params:
            return await self.transport.ask(method, address, params=params, body=body, files=files)
        token = await self.broker.token()
        try:
            return await self.transport.ask(
                method, address, params={**params, "access_token": token}, body=body, files=files
            )
        except WeChatCredentialError as error:
            if error.errcode not in TOKEN_REFUSED:
                raise
        token = await self.broker.replace(token)
        return await self.transport.ask(
            method, address, params={**params, "access_token": token}, body=body, files=files
        )

    async def ask(self, method: str, path: str, *, body: object = None) -> Fields:
        """Call an endpoint that wechatpy does not know, by its path such as `wxa/msg_sec_check`."""
        answer: Fields = await self._request(method, f"{OFFICIAL_BASE}{path}", data=body)
        return answer


def _files(given: Mapping[str, Any] | None) -> Files | None:
    """Read files whole, as a second try must send them again."""
    if not given:
        return None
    files = {}
    for field, value in given.items():
        name, content = (value[0], value[1]) if isinstance(value, tuple) else (field, value)
        files[field] = (name, content.read() if hasattr(content, "read") else content)
    return files
