"""Staff from the command line, in a process of its own as people run it."""

from pathlib import Path

import pytest

from community.people.models import RoleName, SignIn
from community.people.posts import PRODUCT, StaffCard, appoint, employ
from community.people.tokens import hash_of
from foundation.clock import real_now
from tests.community.people.lane import lay_out_lane
from tests.foundation.test_settings import PRODUCTION
from tests.processes.programs import Copy

pytestmark = pytest.mark.usefixtures("database")


async def test_a_printed_token_is_that_of_who_holds_the_post(copy: Copy) -> None:
    lane = await lay_out_lane()
    staff = await employ(StaffCard("王芳"), at=real_now())
    await appoint(PRODUCT, staff, RoleName.SECRETARY, place_id=lane["community"].id, at=real_now())

    answer = await copy.cold.run("staff", "sign-in", "--role", "secretary", "--place", str(lane["community"].id))

    assert answer.returncode == 0, answer.stderr
    token = answer.stdout.split()[-1]
    assert (await SignIn.get(token_hash=hash_of(token))).staff_id == staff.id


async def test_nobody_is_signed_in_for_a_post_that_nobody_holds(copy: Copy) -> None:
    answer = await copy.run("staff", "sign-in", "--role", "auditor")

    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr


async def test_production_prints_no_token(copy: Copy) -> None:
    own = {"LINLI_DATABASE_URL", "LINLI_REDIS_URL"}
    production = {name: value for name, value in PRODUCTION.items() if name not in own}

    answer = await copy.run("staff", "sign-in", "--role", "auditor", **production)

    assert (answer.returncode, answer.stdout) == (1, "")
    assert "正式环境" in answer.stderr


async def test_an_imported_file_is_reported_line_by_line(copy: Copy, tmp_path: Path) -> None:
    await lay_out_lane()
    path = tmp_path / "people.csv"
    path.write_text("姓名,岗位,地点\n王芳,书记,street/community\n李明,皇帝,street\n", encoding="utf-8")

    answer = await copy.cold.run("import", "people", str(path))

    assert answer.returncode == 1, answer.stderr
    assert "新增 1" in answer.stdout
    assert "皇帝" in answer.stdout
