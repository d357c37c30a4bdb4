"""What cannot work is refused at the start, in plain sentences without a secret, and with exit code 1."""

import json
import socket
from base64 import b64encode
from pathlib import Path

import pytest

from tests.processes.programs import copy_in

SECRET = "geheim-8f3a1c77"  # noqa: S105 - to be looked for

REASON = "Can't establish connection to database linli"
LEFT = [
    "LINLI_DISPATCH__CALLBACK_KEYS", "LINLI_MINIPROGRAM__APP_ID", "LINLI_MINIPROGRAM__SECRET",
    "LINLI_MEDIA__SIGNING_KEY", "LINLI_VAULT__KEYS", "LINLI_VAULT__INDEX_KEY",
]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "sentences"),
    [
        pytest.param(
            {
                "LINLI_WEB__PORT": "doors",
                "LINLI_LIMITS__FILING": "often",
                "LINLI_VAULT__KEYS": json.dumps({"key-1": b64encode(SECRET.encode()).decode()}),
                "LINLI_REDIS_URL": f"http://:{SECRET}@localhost",
                "LINLI_DATABASE_URL": f"{SECRET} {SECRET}",
                "LINLI_WEB__PROT": SECRET,
                "LINLI_MEDIA__STORE_URL": SECRET,
            },
            [
                "LINLI_DATABASE_URL: write it like postgresql://user@host/linli",
                "LINLI_REDIS_URL: write it like redis://host:6379/0 or unix:///run/redis.sock",
                "LINLI_WEB__PORT: Input should be a valid integer, unable to parse string as an integer",
                "LINLI_WEB__PROT: there is no such setting",
                "LINLI_MEDIA__STORE_URL: write it like file:, file:///srv/linli or s3://bucket/prefix",
                "LINLI_VAULT__KEYS: the key 'key-1' must be 32 bytes in base64",
                "LINLI_LIMITS__FILING: a limit is written like 20/60s",
            ],
            id="nonsense",
        ),
        pytest.param(
            {"LINLI_ENVIRONMENT": "production", "LINLI_DISPATCH__API_KEY": SECRET},
            [
                f"still the stand-in's value, or none: {', '.join(LEFT)}",
                "LINLI_DISPATCH__BASE_URL is not set: production needs the dispatch core's Open311 address",
                "LINLI_MINIPROGRAM__API_BASE is not set: production needs https://api.weixin.qq.com",
                "LINLI_WEB__PUBLIC_URL is not set: production needs the address phones and the core reach the doors under",
                "LINLI_DATABASE_URL is not set: production needs the address of the district's PostgreSQL",
                "LINLI_REDIS_URL is not set: production needs the address of the district's Redis",
            ],
            id="stand-ins in production",
        ),
        pytest.param(
            {
                "LINLI_DATABASE_URL": f"postgresql://postgres:{SECRET}@127.0.0.1:1/linli",
                "LINLI_DATABASE__WAIT_SECONDS": "0.5",
                "LINLI_REDIS_URL": "unix:///x",
            },
            [f"PostgreSQL does not answer; see LINLI_DATABASE_URL and `linli doctor`. ({REASON})"],
            id="no database",
        ),
    ],
)
async def test_a_program_that_cannot_work_says_why_and_ends(
    tmp_path: Path, settings: dict[str, str], sentences: list[str]
) -> None:
    async with copy_in(tmp_path) as copy:
        answer = await copy.run("serve", **settings)

    assert answer.returncode == 1
    assert answer.stderr.splitlines() == sentences
    assert SECRET not in answer.stdout + answer.stderr
    assert b64encode(SECRET.encode()).decode() not in answer.stderr


async def test_a_port_that_is_taken_is_named(tmp_path: Path, addresses: tuple[str, str]) -> None:
    own = {"LINLI_DATABASE_URL": addresses[0], "LINLI_REDIS_URL": addresses[1]}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with copy_in(tmp_path) as copy:
            answer = await copy.run("serve", LINLI_WEB__PORT=str(port), **own)

    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert answer.stderr.startswith(f"Nobody can listen on 127.0.0.1:{port} (")
    assert answer.stderr.endswith("already in use): set LINLI_WEB__HOST and LINLI_WEB__PORT to a free address.\n")
