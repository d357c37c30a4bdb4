"""Posts from files, CSV or XLSX: who of the staff holds which, and which units answer for a place, from when to when.

A line is one post of one person, or one unit of one place. Good lines go in, the others are reported with
line, column and rule; the same file twice changes nothing. Who is not in the file keeps their post: one is
ended by its last day (止), or by naming the next holder. Start at `import_people`; `terms.decide` says what a
line asks for.
"""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import phonenumbers

from community.people.models import RoleGrant, RoleName, Staff
from community.people.phones import HOME_REGION
from community.people.posts import PRODUCT, SHOWN_POSTS, StaffCard, appoint, employ, end_post
from community.people.terms import FIRST_DAY, LAST_DAY, Days, Step, decide
from community.places import actions as places
from community.places.errors import PostTakenError
from community.places.importing import find_place
from community.places.models import Place, Post, Responsibility
from community.places.sheets import ImportReport, LineError, Outcome, SheetLine, day_of, read_sheet, text_of
from community.places.tree import Tree
from foundation.database import transaction

PEOPLE_COLUMNS = {
    "name": ("姓名", "名称"),
    "role": ("岗位", "角色"),
    "place": ("地点", "负责地点"),
    "first": ("起", "起始日期", "任职日期"),
    "last": ("止", "截止日期", "离任日期"),
    "post": ("职务", "职务名称"),
    "subject": ("事项", "负责事项"),
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
UNIT_NAMES = frozenset({"责任单位", "单位", Post.UNIT.value})
UNIT_LENGTH = 40
EVERYWHERE_ROLES = frozenset({RoleName.AUDITOR})
"""Posts that may be held for the whole district by leaving the place empty."""
MOBILE_KINDS = frozenset({phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.PERSONAL_NUMBER})


@dataclass(frozen=True, slots=True)
class _Person:
    """A member of staff and the post they are to hold."""

    card: StaffCard
    role: RoleName
    post: str


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit that answers for a place; `subject` tells the units of one place apart."""

    name: str
    subject: str
    office_phone: str | None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A line that is right in itself and names a place that is there."""

    line: SheetLine
    who: _Person | _Unit
    place_id: int | None
    days: Days

    @property
    def in_order(self) -> tuple[date, int]:
        """Where it comes: by first day, so that holders follow one another; what has none is there before."""
        return self.days.first or date.min, self.line.number


async def import_people(path: Path, *, at: datetime) -> ImportReport:
    """Put the posts of a file in; those without a first day are held from `at` on.

    Raises:
        UnreadableSheetError, MissingColumnError: the file is no such table.

    """
    lines = read_sheet(path, PEOPLE_COLUMNS, needed=("name", "role", "place"))
    report = ImportReport()
    tree = await Tree.read()
    for each in sorted(_read_lines(tree, lines, report), key=lambda each: each.in_order):
        try:
            report.count(await _take(each, at))
        except LineError as error:
            report.refuse(each.line, error)
    return report


def _read_lines(tree: Tree, lines: list[SheetLine], report: ImportReport) -> list[_Wanted]:
    """Check each line by itself, and whether it was there before."""
    wanted = []
    taken: dict[object, int] = {}
    for line in lines:
        try:
            each = _read_line(tree, line)
            _require_first_of_its_post(each, taken)
            wanted.append(each)
        except LineError as error:
            report.refuse(line, error)
    return wanted


def _read_line(tree: Tree, line: SheetLine) -> _Wanted:
    word = line.get("role")
    if word in UNIT_NAMES:
        return _Wanted(line, _unit_of(line), _place_of(tree, line, needed=True), _days_of(line))
    role = ROLE_NAMES.get(word)
    if role is None:
        raise LineError("岗位", "unknown_role", "不认识的岗位“{value}”", value=word)
    card = StaffCard(
        name=text_of(line, "name", "姓名", longest=60),
        office_phone=_office_phone(line),
        wecom_userid=text_of(line, "wecom_userid", "企业微信账号", longest=64, needed=False) or None,
    )
    person = _Person(card, role, text_of(line, "post", "职务", longest=60, needed=False))
    return _Wanted(line, person, _place_of(tree, line, needed=role not in EVERYWHERE_ROLES), _days_of(line))


def _unit_of(line: SheetLine) -> _Unit:
    """Read a unit; one that names no subject answers for all, beside the others of its place."""
    name = text_of(line, "name", "姓名", longest=UNIT_LENGTH)
    subject = text_of(line, "subject", "事项", longest=UNIT_LENGTH, needed=False)
    return _Unit(name, subject or name, _office_phone(line) or None)


def _days_of(line: SheetLine) -> Days:
    first = day_of(line, "first", FIRST_DAY) if line.get("first") else None
    last = day_of(line, "last", LAST_DAY) if line.get("last") else None
    if first and last and last < first:
        raise LineError(LAST_DAY, "last_before_first", "不能早于“起”")
    return Days(first, last)


def _place_of(tree: Tree, line: SheetLine, *, needed: bool) -> int | None:
    words = text_of(line, "place", "地点", longest=400, needed=needed)
    return find_place(tree, words, column="地点").id if words else None


def _require_first_of_its_post(each: _Wanted, taken: dict[object, int]) -> None:
    """Refuse a second holder of a post of one holder, unless the days tell them apart."""
    post = each.who.subject if isinstance(each.who, _Unit) else each.who.role
    if isinstance(each.who, _Unit) or each.who.role in SHOWN_POSTS:
        first = taken.setdefault((post, each.place_id, each.days), each.line.number)
        if first != each.line.number:
            raise LineError("岗位", "repeated", "与第 {line} 行重复", line=first)


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
            if isinstance(wanted.who, _Unit):
                return await _take_unit(wanted.who, await Place.get(id=wanted.place_id), wanted.days, at)
            return await _take_person(wanted.who, wanted.place_id, wanted.days, at)
    except PostTakenError as error:
        raise LineError("岗位", "post_taken", error.message) from error


async def _take_person(person: _Person, place_id: int | None, days: Days, at: datetime) -> Outcome:
    card = person.card
    known = await Staff.get_or_none(wecom_userid=card.wecom_userid) if card.wecom_userid else None
    staff = await employ(card, at=at)
    held = await RoleGrant.filter(staff_id=staff.id, role=person.role, place_id=place_id)
    step, grant = decide(days, held, now=at)
    if step is Step.BEGIN:
        begins = days.from_at or at
        await appoint(
            PRODUCT, staff, person.role, place_id=place_id, post=person.post, at=begins, until=days.to_at
        )  # fmt: skip
        return Outcome.ADDED
    if step is Step.END and grant and days.to_at:
        await end_post(PRODUCT, grant.id, at=days.to_at)
        return Outcome.CHANGED
    renamed = known is not None and (known.name, known.office_phone) != (staff.name, staff.office_phone)
    return Outcome.CHANGED if renamed else Outcome.UNCHANGED


async def _take_unit(unit: _Unit, place: Place, days: Days, at: datetime) -> Outcome:
    shown = Responsibility.filter(place_id=place.id, post=Post.UNIT, subject=unit.subject, holder_name=unit.name)
    step, row = decide(days, await shown, now=at)
    if step is Step.BEGIN:
        holder = places.Holder(unit.name, unit.office_phone)
        begins = days.from_at or at
        await places.appoint(place, Post.UNIT, holder, from_at=begins, to_at=days.to_at, subject=unit.subject)
        return Outcome.ADDED
    if step is Step.END and days.to_at:
        await places.relieve(place, Post.UNIT, at=days.to_at, subject=unit.subject)
        return Outcome.CHANGED
    if row and unit.office_phone and row.office_phone != unit.office_phone:
        await Responsibility.filter(id=row.id).update(office_phone=unit.office_phone)
        return Outcome.CHANGED
    return Outcome.UNCHANGED
