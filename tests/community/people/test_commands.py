"""Staff from the command line, in a process of its own as people run it."""

import asyncio
import base64
import json
import os
import sys
from pathlib import Path

import pytest

from community.people.models import RoleName, SignIn
from community.people.posts import PRODUCT, StaffCard, appoint, employ
from community.people.tokens import hash_of
from foundation.clock import real_now
from foundation.settings import Settings
from tests.community.people.lane import lay_out_lane

pytestmark = pytest.mark.usefixtures("database")
PROGRAM = """
import typer
from community.people.commands import IMPORTS, STAFF
app = typer.Typer()
app.add_typer(STAFF)
app.add_typer(IMPORTS)
app()
"""
PRODUCTION = {
    "LINLI_ENVIRONMENT": "production",
    "LINLI_WEB__PUBLIC_URL": "https://linli.example",
    "LINLI_DISPATCH__BASE_URL": "https://core.example/v2",
    "LINLI_DISPATCH__API_KEY": "k",
    "LINLI_DISPATCH__CALLBACK_KEYS": json.dumps({"one": "s"}),
    "LINLI_MINIPROGRAM__API_BASE": "https://api.weixin.qq.com",
    "LINLI_MINIPROGRAM__APP_ID": "wx1",
    "LINLI_MINIPROGRAM__SECRET": "s",
    "LINLI_MEDIA__SIGNING_KEY": "s",
    "LINLI_VAULT__KEYS": json.dumps({"one": base64.b64encode(bytes(32)).decode()}),
    "LINLI_VAULT__CURRENT": "one",
    "LINLI_VAULT__INDEX_KEY": "s",
}


async def linli(settings: Settings, root: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run a command; give its exit code and what it wrote."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LINLI_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, *arguments,
        cwd=root, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={
            **inherited,
            "LINLI_DATABASE_URL": settings.database_url or "",
            "LINLI_REDIS_URL": settings.redis_url or "",
            "LINLI_VAR": str(settings.var),
            **environment,
        },
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_a_printed_token_is_that_of_who_holds_the_post(settings: Settings, root: Path) -> None:
    lane = await lay_out_lane()
    staff = await employ(StaffCard("王芳"), at=real_now())
    await appoint(PRODUCT, staff, RoleName.SECRETARY, place_id=lane["community"].id, at=real_now())

    code, out, err = await linli(
        settings, root, "staff", "sign-in", "--role", "secretary", "--place", str(lane["community"].id)
    )

    assert code == 0, err
    token = out.split()[-1]
    assert (await SignIn.get(token_hash=hash_of(token))).staff_id == staff.id


async def test_nobody_is_signed_in_for_a_post_that_nobody_holds(settings: Settings, root: Path) -> None:
    code, _, err = await linli(settings, root, "staff", "sign-in", "--role", "auditor")

    assert code == 1
    assert "Traceback" not in err


async def test_production_prints_no_token(settings: Settings, root: Path) -> None:
    code, out, err = await linli(settings, root, "staff", "sign-in", "--role", "auditor", **PRODUCTION)

    assert (code, out) == (1, "")
    assert "正式环境" in err


async def test_an_imported_file_is_reported_line_by_line(settings: Settings, root: Path, tmp_path: Path) -> None:
    await lay_out_lane()
    path = tmp_path / "people.csv"
    path.write_text("姓名,岗位,地点\n王芳,书记,street/community\n李明,皇帝,street\n", encoding="utf-8")

    code, out, err = await linli(settings, root, "import", "people", str(path))

    assert code == 1, err
    assert "新增 1" in out
    assert "皇帝" in out
