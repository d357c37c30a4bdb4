"""The ready file: where everything is, for checks from outside. Start at `write_ready_file`."""

import json
import os
from pathlib import Path
from typing import Any

from sandbox.demo.opening import CALLBACKS, KEY_ID
from sandbox.demo.stage import Stage

CODES = 20


async def write_ready_file(stage: Stage, path: Path) -> None:
    """Write it, by rename and for our eyes only."""
    content = await _content(stage)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as opened:
        json.dump(content, opened, ensure_ascii=False, indent=1)
    draft.replace(path)


async def _content(stage: Stage) -> dict[str, Any]:
    codes = [(await stage.wechat.login_code(expires=False))["code"] for _ in range(CODES)]
    return {
        "api": stage.product.api,
        "live": stage.product.live(),
        "web": stage.product.webs[0],
        "dispatch_core": f"{stage.core.url}/open311/v2",
        "residents": [
            {"id": each.id, "token": each.token, "home_place_id": each.home_place_id} for each in stage.residents
        ],
        "wx_codes": codes,
        "staff": {role: {"token": post.token, "place_id": post.place_id} for role, post in stage.staff.items()},
        "callback_keys": {
            "dispatch": {
                "key_id": KEY_ID,
                "secret": stage.keys["callback"],
                "url": stage.product.webs[0] + CALLBACKS,
            },
            "open311_api_key": stage.keys["api"],
        },
        "env": stage.env,
    }
