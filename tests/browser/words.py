"""The sentences of the pages, read out of their modules."""

import json
import re
from functools import cache
from pathlib import Path

WEB = Path(__file__).parents[2] / "web"
LANGUAGES = ("zh-Hans", "zh-Hant", "en")


@cache
def words_of(language: str) -> dict[str, str]:
    """Give all sentences of a language. A module is a comment, `export default`, and JSON."""
    text = (WEB / "words" / f"{language}.js").read_text(encoding="utf-8")
    words: dict[str, str] = json.loads(re.sub(r"^.*?export default", "", text, flags=re.DOTALL).rstrip().rstrip(";"))
    return words
