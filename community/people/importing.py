"""Staff and their posts from files, CSV or XLSX. Start at `import_people`.

A line is one post of one person. Good lines go in, the others are reported with line, column and rule; the
same file twice changes nothing. People who are not in the file keep their posts: a post is ended by naming
its next holder, or by `posts.end_post`.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import phonenumbers

from community.people.models import RoleGrant, RoleName, Staff
from community.people.phones import HOME_REGION
from community.people.posts import PRODUCT, SHOWN_POSTS, StaffCard, appoint, employ
from community.people.queries import open_at
from community.places.errors import PostTakenError
from community.places.importing import find_place
from community.places.sheets import ImportReport, LineError, Outcome, SheetLine, read_sheet, text_of
from community.places.tree import Tree
from foundation.database import transaction

PEOPLE_COLUMNS = {
    "name": ("姓名",),
    "role": ("岗位", "角色"),
    "place": ("地点", "负责地点"),
    "post": ("职务", "职务名称"),
    "office_phone": ("办公电话", "电话"),
    "wecom_userid": ("企业微信账号", "企业微信"),
}
ROLE_NAMES = {
    "书记": RoleName.SECRETARY,
    "社区书记": RoleName.SECRETARY,
    "街道书记": RoleName.SECRETARY,
    "副书记": RoleName.DEPUTY,
    "网格长": RoleName.GRID_CHIEF,
    "网格员": RoleName.GRID_WORKER,
    "楼栋长": RoleName.BUILDING_LEADER,
    "楼长": RoleName.BUILDING_LEADER,
    "值班员": RoleName.DUTY_OFFICER,
    "审计员": RoleName.AUDITOR,
} | {role.value: role for role in RoleName}
EVERYWHERE_ROLES = frozenset({RoleName.AUDITOR})
"""Posts that may be held for the whole district by leaving the place empty."""
MOBILE_KINDS = frozenset({phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.PERSONAL_NUMBER})


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A line that is right in itself and names a place that is there."""

    card: StaffCard
    role: RoleName
    place_id: int | None
    post: str


async def import_people(path: Path, *, at: datetime) -> ImportReport:
    """Put the staff of a file to their posts, from `at` on.

    Raises:
        UnreadableSheetError, MissingColumnError: the file is no such table.

    """
    lines = read_sheet(path, PEOPLE_COLUMNS, needed=("name", "role", "place"))
    report = ImportReport()
    async with transaction():
        tree = await Tree.load(room=0)
    taken: dict[tuple[RoleName, int | None], int] = {}
    for line in lines:
        try:
            report.count(await _take(_read_line(tree, line, taken), at))
        except LineError as error:
            report.refuse(line, error)
    return report


def _read_line(tree: Tree, line: SheetLine, taken: dict[tuple[RoleName, int | None], int]) -> _Wanted:
    role = ROLE_NAMES.get(line.get("role"))
    if role is None:
        raise LineError("岗位", "unknown_role", "不认识的岗位“{value}”", value=line.get("role"))
    card = StaffCard(
        name=text_of(line, "name", "姓名", longest=60),
        office_phone=_office_phone(line),
        wecom_userid=text_of(line, "wecom_userid", "企业微信账号", longest=64, needed=False) or None,
    )
    place_id = _place_of(tree, line, role)
    if role in SHOWN_POSTS:
        first = taken.setdefault((role, place_id), line.number)
        if first != line.number:
            raise LineError("岗位", "repeated", "与第 {line} 行重复", line=first)
    return _Wanted(card, role, place_id, text_of(line, "post", "职务", longest=60, needed=False))


def _place_of(tree: Tree, line: SheetLine, role: RoleName) -> int | None:
    words = text_of(line, "place", "地点", longest=400, needed=role not in EVERYWHERE_ROLES)
    return find_place(tree, words, column="地点").id if words else None


def _office_phone(line: SheetLine) -> str:
    """Give the office's number; a mobile is somebody's own, and this one is shown to everybody."""
    text = text_of(line, "office_phone", "办公电话", longest=32, needed=False)
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException:
        return text  # an extension such as “内线 8021” is none, and is shown as it is
    if phonenumbers.number_type(number) in MOBILE_KINDS:
        raise LineError("办公电话", "private_phone", "这里要填办公电话，不能填手机号码")
    return text


async def _take(wanted: _Wanted, at: datetime) -> Outcome:
    """Put one line in, as a whole or not at all."""
    try:
        async with transaction():
            known = await Staff.get_or_none(wecom_userid=wanted.card.wecom_userid) if wanted.card.wecom_userid else None
            staff = await employ(wanted.card, at=at)
            held = await RoleGrant.exists(open_at(at), staff_id=staff.id, role=wanted.role, place_id=wanted.place_id)
            await appoint(PRODUCT, staff, wanted.role, place_id=wanted.place_id, post=wanted.post, at=at)
    except PostTakenError as error:
        raise LineError("岗位", "post_taken", error.message) from error
    if not held:
        return Outcome.ADDED
    renamed = known is not None and (known.name, known.office_phone) != (staff.name, staff.office_phone)
    return Outcome.CHANGED if renamed else Outcome.UNCHANGED
