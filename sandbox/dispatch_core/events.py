"""What may happen to a request and what it means. Start at `EVENTS`."""

from dataclasses import dataclass

RANK = {"pushed": 0, "assigned": 1, "accepted": 2, "in_progress": 3, "answered": 4}
ENDED = frozenset({"closed", "not_accepted", "withdrawn", "merged"})
STEP_WORDS = {
    "pushed": "已受理，等待分拨",
    "assigned": "已分拨，等待签收",
    "accepted": "已签收",
    "in_progress": "办理中",
    "answered": "已办结，等待评价",
    "closed": "已结案",
    "not_accepted": "不予受理",
    "withdrawn": "已撤回",
    "merged": "已并案",
}


@dataclass(frozen=True)
class Kind:
    """One kind of event: its word, the step afterwards (None leaves it), its mySociety status, a plain sentence."""

    word: str
    step: str | None
    status: str
    sentence: str


EVENTS: dict[str, Kind] = {
    "assigned": Kind("分拨", "assigned", "OPEN", "已分拨到承办单位，请等待签收。"),
    "accepted": Kind("签收", "accepted", "INVESTIGATING", "承办单位已签收。"),
    "feedback": Kind("反馈", "in_progress", "ACTION_SCHEDULED", "承办单位已联系了解情况，正在安排处理。"),
    "in_progress": Kind("办理", "in_progress", "IN_PROGRESS", "正在办理。"),
    "note": Kind("说明", None, "UNCHANGED", "补充一条办理说明。"),
    "returned": Kind("退回", "pushed", "FOR_TRIAGE", "承办单位认为不属于本单位职责，退回重新分拨。"),
    "transferred": Kind("转办", None, "INTERNAL_REFERRAL", "已转由其他单位办理。"),
    "co_handler_added": Kind("协办", None, "INTERNAL_REFERRAL", "已增加协办单位。"),
    "extension_requested": Kind("申请延期", None, "UNCHANGED", "承办单位申请延长办理时间。"),
    "extension_granted": Kind("同意延期", None, "UNCHANGED", "已同意延期。"),
    "extension_refused": Kind("不同意延期", None, "UNCHANGED", "不同意延期，请按原时限办结。"),
    "waiting_for_resident": Kind("等待居民补充", None, "UNCHANGED", "需要您补充情况，收到后继续办理。"),
    "resumed": Kind("继续办理", None, "UNCHANGED", "已继续办理。"),
    "urging_letter": Kind("催办函", None, "UNCHANGED", "超过三十分钟未签收，已发催办函。"),
    "reminder_letter": Kind("提醒函", None, "UNCHANGED", "时限将到或刚过，已发提醒函。"),
    "supervision_letter": Kind("督办函", None, "UNCHANGED", "仍未按时办理，已发督办函。"),
    "special_report": Kind("专报", None, "UNCHANGED", "已写入专报，报送督查部门。"),
    "answered": Kind("办结", "answered", "FIXED", "已办结，请您评价。"),
    "return_visited": Kind("回访", None, "UNCHANGED", "已电话回访。"),
    "supervised": Kind("督办", None, "UNCHANGED", "两次不满意，已转督办。"),
    "closed": Kind("结案", "closed", "CLOSED", "已结案。"),
    "not_accepted": Kind("不予受理", "not_accepted", "NOT_COUNCILS_RESPONSIBILITY", "不属于受理范围。"),
    "merged": Kind("并案", "merged", "DUPLICATE", "与已有诉求是同一件事，合并办理。"),
    "unmerged": Kind("取消并案", None, "REOPEN", "恢复单独办理。"),
}
# What the words of a client that knows no `event` mean.
BY_STATUS = {"CANCELLED": "withdrawn", "REOPEN": "redone"}
OUR_WORDS = {
    "supplemented": "居民补充",
    "urged": "居民催办",
    "withdrawn": "居民撤回",
    "rated": "居民评价",
    "redone": "不满意重办",
}


def step_after(event: str, before: str, step_before_merge: str | None) -> str:
    """Give the step a request stands at after an event of the core; what has ended stays ended."""
    if event == "unmerged":
        return step_before_merge or "pushed" if before == "merged" else before
    after = EVENTS[event].step if event in EVENTS else None
    if after is None or before in ENDED:
        return before
    if event != "returned" and after in RANK and RANK[after] < RANK.get(before, 0):
        return before
    return after
