"""The words that people read, in their language. Start at `say`.

The source strings in the code are Simplified Chinese and are the message ids themselves; the other
languages are catalogues in `locales/<language>.po`, read once and without a compile step. What has no
translation is said in the source language rather than not at all.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from babel.messages.pofile import read_po

from foundation.shipped import shipped

LANGUAGES = ("zh-Hans", "zh-Hant", "en")
SOURCE_LANGUAGE = "zh-Hans"
SUPPORTED = frozenset(LANGUAGES)

_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})


def say(text: str, language: str = SOURCE_LANGUAGE, **params: object) -> str:
    """Translate the source string, then fill its `{placeholders}`.

    Only names are filled: a value can neither bring its own placeholder nor reach into an object. A name
    without a value stays visible, so that a mistake shows and nothing crashes.
    """
    words = catalogue(language).get(text, text)
    return _PLACEHOLDER.sub(lambda found: str(params[found[1]]) if found[1] in params else found[0], words)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return what is translated into the language, by source string."""
    if language not in SUPPORTED or language == SOURCE_LANGUAGE:
        return MappingProxyType({})
    with (shipped("locales") / f"{language.replace('-', '_')}.po").open("rb") as file:
        messages = read_po(file, locale=language.replace("-", "_"))
    return MappingProxyType(
        {
            message.id: message.string
            for message in messages
            if isinstance(message.id, str) and isinstance(message.string, str)
            if message.id and message.string and not message.fuzzy
        }
    )


@lru_cache(maxsize=500)  # people's programs send few different ones; whoever invents some fills no memory
def preferred_language(accept_language: str | None) -> str:
    """Choose our language that suits an `Accept-Language` header best."""
    wishes = []
    for place, part in enumerate((accept_language or "").split(",")):
        tag, _, weight = part.strip().lower().partition(";")
        language = _ours(tag.strip())
        quality = _quality(weight)
        if language and quality > 0:
            wishes.append((-quality, place, language))
    return min(wishes)[2] if wishes else SOURCE_LANGUAGE


def _ours(tag: str) -> str | None:
    """Map a language tag to one of ours; a language that we do not have gives way to the next wish."""
    main, *rest = tag.replace("_", "-").split("-")
    if main == "zh":
        return "zh-Hant" if "hans" not in rest and _TRADITIONAL.intersection(rest) else "zh-Hans"
    return {"en": "en", "*": SOURCE_LANGUAGE}.get(main)


def _quality(weight: str) -> float:
    """Read `q=0.8`; nothing means 1, nonsense 0."""
    found = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", weight)
    if found:
        return float(found[1])
    return 0.0 if weight.strip() else 1.0
