"""What each viewer sees of an event, and its title in plain words; pure.

An event is numbered for everybody, so nobody's list has gaps; what one may not
see arrives as a note without words.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from community.complaints.access import Viewer
from community.complaints.models import ComplaintEvent, EventType, Source
from community.complaints.numbers import LOCAL
from foundation.media.models import MediaKind
from foundation.media.signing import Variant
from foundation.words import say

TITLES = {
    EventType.SUBMITTED: "交上来了",
    EventType.PUSHED: "区里收到了（受理）",
    EventType.SUPPLEMENTED: "补充了说明",
    EventType.URGED: "催了一次",
    EventType.RATED: "评价了",
    EventType.REDONE: "没解决，退回去重办",
    EventType.WITHDRAWN: "撤回了",
    EventType.DEADLINE_CHANGED: "放假安排变了，办结时限改到 {due}",
    EventType.ASSIGNED: "交给了{unit}（分拨）",
    EventType.ACCEPTED: "接下了（签收）",
    EventType.FEEDBACK: "有了第一次回话（反馈）",
    EventType.IN_PROGRESS: "正在办",
    EventType.NOTE: "有一条说明",
    EventType.RETURNED: "这家说不归他管，正在换一家（退回）",
    EventType.TRANSFERRED: "转给了{unit}",
    EventType.CO_HANDLER_ADDED: "{unit}来帮忙办（协办）",
    EventType.EXTENSION_REQUESTED: "申请多用几天（延期）",
    EventType.EXTENSION_GRANTED: "同意多用几天（延期）",
    EventType.EXTENSION_REFUSED: "没有同意延期",
    EventType.WAITING_FOR_RESIDENT: "先停表，等您补充",
    EventType.RESUMED: "接着计时",
    EventType.URGING_LETTER: "没按时接，发了催办函",
    EventType.REMINDER_LETTER: "快到点了，发了提醒函",
    EventType.SUPERVISION_LETTER: "还是没办，区里发了督办函",
    EventType.SPECIAL_REPORT: "写进了给区领导的专报",
    EventType.ANSWERED: "办结了，请您看结果",
    EventType.RETURN_VISITED: "打电话回访了",
    EventType.SUPERVISED: "两次不满意，已转督查",
    EventType.CLOSED: "结案了",
    EventType.NOT_ACCEPTED: "这件事不归区里管（不予受理）",
    EventType.MERGED: "和同一件事并到一起办",
    EventType.UNMERGED: "又分开办",
}
"""A title for each event; the words beside it are a community office's own in brackets."""

WITHOUT_UNIT = {
    EventType.ASSIGNED: "交给了办理单位（分拨）",
    EventType.TRANSFERRED: "转给了另一家单位",
    EventType.CO_HANDLER_ADDED: "有单位来帮忙办（协办）",
}

WITH_DUE = {
    EventType.EXTENSION_GRANTED: "要多用几天，改到 {due} 前办结（延期）",
}
"""Where the new instant is known, it is said."""

FOR_OTHERS = {
    EventType.WAITING_FOR_RESIDENT: "先停表，等补充",
    EventType.ANSWERED: "办结了",
}
"""What is said to the owner as "you" is not said to a neighbour."""

CLOSED_BECAUSE = {
    "rated": "您说解决了，结案",
    "not_rated": "七天没有评价，结案",
    "not_satisfied": "两次都不满意，如实记下，结案",
}

TURNS = (EventType.WITHDRAWN, EventType.REDONE)
"""What a resident does that others see happen, without the words; the rest of it they do not see at all."""


def words_are_for(viewer: Viewer, event: ComplaintEvent) -> bool:
    """Whether a viewer reads an event's words and sees its photos: neighbours only what the unit wrote for everybody."""
    if viewer is Viewer.OWNER or event.source is Source.SYSTEM:
        return True
    if event.type is EventType.RETURN_VISITED:  # what the resident said on the phone, whatever the core calls it
        return False
    return event.source is Source.CORE and event.detail.get("public") is True


MediaUrl = Callable[[UUID, Variant], str]
"""Gives the signed address of a photo or voice message."""


def show_event(event: ComplaintEvent, viewer: Viewer, language: str, url: MediaUrl) -> dict[str, Any]:
    """Give one event as a viewer sees it, ready for JSON."""
    readable = words_are_for(viewer, event)
    foreign = viewer is not Viewer.OWNER and event.source is Source.RESIDENT
    hidden = _is_hidden(event, viewer)
    return {
        "seq": event.seq,
        "type": EventType.NOTE.value if hidden else event.type.value,
        "at": event.occurred_at.isoformat().replace("+00:00", "Z"),
        "title": say(TITLES[EventType.NOTE], language) if hidden else title_of(event, viewer, language),
        "text": (event.text or None) if readable else None,
        "unit": None if foreign or hidden else event.unit,
        "media": [show_media(each, url) for each in event.media] if readable else [],
        "round": event.round,
        "reason_code": event.detail.get("reason_code") if readable else None,
    }


def _is_hidden(event: ComplaintEvent, viewer: Viewer) -> bool:
    """Whether a viewer does not even learn what kind of thing happened."""
    if viewer is Viewer.OWNER:
        return False
    return event.type is EventType.RETURN_VISITED or (event.source is Source.RESIDENT and event.type not in TURNS)


def show_media(named: Mapping[str, str], url: MediaUrl) -> dict[str, Any]:
    """Give one photo or voice message with its addresses; a voice message has no small picture."""
    media_id = UUID(named["id"])
    small = url(media_id, Variant.THUMBNAIL) if named["kind"] == MediaKind.IMAGE else None
    return {"id": named["id"], "kind": named["kind"], "url": url(media_id, Variant.FULL), "thumbnail_url": small}


def title_of(event: ComplaintEvent, viewer: Viewer, language: str) -> str:
    """Say in a few plain words what happened; why it was closed is the owner's judgement."""
    because = CLOSED_BECAUSE.get(str(event.detail.get("why"))) if event.type is EventType.CLOSED else None
    if because and viewer is Viewer.OWNER:
        return say(because, language)
    if not event.unit and event.type in WITHOUT_UNIT:
        return say(WITHOUT_UNIT[event.type], language)
    if viewer is not Viewer.OWNER and event.type in FOR_OTHERS:
        return say(FOR_OTHERS[event.type], language)
    due = f"{event.due_at.astimezone(LOCAL):%Y-%m-%d %H:%M}" if event.due_at else ""
    titles = TITLES | WITH_DUE if due else TITLES
    return say(titles[event.type], language, unit=event.unit or "", due=due)


def explain_deadline(kind: str, *, late: bool, reason: str | None, language: str) -> str:
    """Say how a promise is counted, and what the unit said if it was late."""
    rule = say(RULES[kind], language)
    if not late or not reason:
        return rule
    gap = " " if language == "en" else ""
    return f"{rule}{gap}{say('说明：{reason}', language, reason=reason)}"


RULES = {
    "accept": "从交给单位算起，30 分钟内要接下来。",
    "feedback": "从交给单位算起，24 小时内要有第一次回话。",
    "result": "从交给单位算起，按这一类事说好的工作日办结，周末和节假日不算。",
}
