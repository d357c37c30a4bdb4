"""The platform's text check. Start at `TextCheck`; which words it minds can be set."""

import secrets
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from sandbox.control import StandIn

Suggest = Literal["pass", "review", "risky"]
LABELS = {100, 10001, 20001, 20002, 20003, 20006, 20008, 20012, 20013, 21000}


class TextRule(BaseModel):
    """A word and what the platform thinks of it."""

    model_config = ConfigDict(extra="forbid")
    word: str = Field(min_length=1)
    suggest: Suggest = "risky"
    label: int = 21000


RULES = TypeAdapter(list[TextRule])
BUILT_IN = [
    TextRule(word="代开发票", label=10001),
    TextRule(word="刷单返利", label=20008),
    TextRule(word="博彩", label=20006),
    TextRule(word="裸聊", label=20002),
    TextRule(word="去死吧", label=20003),
    TextRule(word="加微信", suggest="review", label=10001),
    TextRule(word="滚蛋", suggest="review", label=20003),
]


class TextCheck:
    """Judges words by a list of rules."""

    def __init__(self, stand_in: StandIn) -> None:
        """Start with the built-in rules."""
        self.store = stand_in.store
        stand_in.on_reset.append(lambda: self.store.keep("text_rules", None))

    def replace(self, rules: list[TextRule]) -> None:
        """Mind other words."""
        self.store.keep("text_rules", RULES.dump_python(rules))

    def rules(self) -> list[TextRule]:
        """List the words minded now."""
        kept = self.store.kept("text_rules")
        return BUILT_IN if kept is None else RULES.validate_python(kept)

    def worst(self, text: str) -> TextRule | None:
        """Find the gravest rule a text breaks."""
        hit = [rule for rule in self.rules() if rule.word in text and rule.suggest != "pass"]
        return max(hit, key=lambda rule: rule.suggest == "risky", default=None)

    def judged(self, text: str) -> dict[str, object]:
        """Make the whole answer of version 2."""
        rule = self.worst(text)
        suggest, label = (rule.suggest, rule.label) if rule else ("pass", 100)
        details: list[dict[str, object]] = [
            {"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90},
        ]
        if rule:
            keyword = {"strategy": "keyword", "errcode": 0, "suggest": suggest, "label": label, "level": 20}
            details.append({**keyword, "keyword": rule.word})
        return {
            "errcode": 0,
            "errmsg": "ok",
            "detail": details,
            "trace_id": f"{secrets.token_hex(4)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}",
            "result": {"suggest": suggest, "label": label},
        }
