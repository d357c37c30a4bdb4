"""The texts people agree to, with their versions, as they stand in `consent_texts.toml`. PURE."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from community.people.models import Purpose
from foundation.words import LANGUAGES, SOURCE_LANGUAGE

FILE = Path(__file__).with_name("consent_texts.toml")


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One version of what is asked for one purpose."""

    purpose: Purpose
    version: int
    titles: Mapping[str, str]
    texts: Mapping[str, str]

    def title(self, language: str) -> str:
        """Give the heading, in Chinese where there is no better."""
        return self.titles.get(language, self.titles[SOURCE_LANGUAGE])

    def text(self, language: str) -> str:
        """Give the words, in Chinese where there are no better."""
        return self.texts.get(language, self.texts[SOURCE_LANGUAGE])

    def hash(self, language: str) -> bytes:
        """Give the proof of which words were read: SHA-256 over heading and text."""
        return hashlib.sha256(f"{self.title(language)}\n{self.text(language)}".encode()).digest()


@cache
def current_texts() -> Mapping[Purpose, ConsentText]:
    """Give the newest version for every purpose, in the order they are asked."""
    newest: dict[Purpose, ConsentText] = {}
    for text in all_texts():
        if text.purpose not in newest or text.version > newest[text.purpose].version:
            newest[text.purpose] = text
    return MappingProxyType({purpose: newest[purpose] for purpose in Purpose})


@cache
def all_texts() -> tuple[ConsentText, ...]:
    """Give every version that was ever published."""
    entries = tomllib.loads(FILE.read_text(encoding="utf-8"))["text"]
    return tuple(
        ConsentText(
            Purpose(entry["purpose"]),
            entry["version"],
            {language: entry[language]["title"] for language in LANGUAGES},
            {language: entry[language]["text"] for language in LANGUAGES},
        )
        for entry in entries
    )
