"""The category tree: what kinds of complaints there are, their questions and their promised working days.

Facts as data: `facts/categories.csv` (three levels), `promises.csv` (working
days to the result, by first level), `questions.csv` and `keywords.csv` (ours),
`category_names.csv` (ours: names, questions and choices in the other languages).
The same tree feeds the form and the services of the dispatch core.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from community.complaints.errors import AnswerDoesNotFitError, UnknownCategoryError

SHORTEST_TELLING_NAME = 3
DEFAULT_DAYS = 10
"""Working days where nobody has chosen a category yet."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something more to ask in a category."""

    code: str
    text: str
    required: bool
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """A leaf of the tree."""

    code: str
    path: tuple[str, ...]
    result_days: int
    questions: tuple[Question, ...]
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its own name, the last of the path."""
        return self.path[-1]


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (resources.files("community.complaints") / "facts" / name).read_text(encoding="utf-8")
    yield from csv.DictReader(io.StringIO(text, newline=""))


@cache
def categories() -> Mapping[str, Category]:
    """Give all categories by code, in the tree's order."""
    days = {row["level1"]: int(row["working_days"]) for row in _rows("promises.csv")}
    words = {row["code"]: tuple(row["words"].split()) for row in _rows("keywords.csv")}
    questions: dict[str, list[Question]] = {}
    for row in _rows("questions.csv"):
        question = Question(row["question_code"], row["text"], row["required"] == "yes", tuple(row["choices"].split()))
        questions.setdefault(row["code"], []).append(question)
    return {
        row["code"]: Category(
            code=row["code"],
            path=(row["level1"], row["level2"], row["level3"]),
            result_days=days.get(row["level1"], DEFAULT_DAYS),
            questions=tuple(questions.get(row["code"], ())),
            words=words.get(row["code"], ()),
        )
        for row in _rows("categories.csv")
    }


@cache
def _names(language: str) -> Mapping[str, str]:
    return {row["name"]: row[language] for row in _rows("category_names.csv") if row.get(language)}


def named(name: str, language: str) -> str:
    """Give a name, question or choice of the tree in a reader's language."""
    return _names(language).get(name, name)


def category_of(code: str) -> Category:
    """Find a category.

    Raises:
        UnknownCategoryError: there is none with this code.

    """
    found = categories().get(code)
    if found is None:
        raise UnknownCategoryError
    return found


def check_answers(category: Category | None, answers: Mapping[str, str]) -> None:
    """See that each answer is to a question of the category, and one of its choices.

    Raises:
        AnswerDoesNotFitError: one is not, or a required one is missing.

    """
    questions = {question.code: question for question in category.questions} if category else {}
    for code, answer in answers.items():
        if code not in questions or (questions[code].choices and answer not in questions[code].choices):
            raise AnswerDoesNotFitError(pointer=f"/answers/{code}", question=code)
    for question in questions.values():
        if question.required and question.code not in answers:
            raise AnswerDoesNotFitError(pointer=f"/answers/{question.code}", question=question.text)


def result_days(code: str | None) -> int:
    """Give the working days promised to the result."""
    return category_of(code).result_days if code else DEFAULT_DAYS


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category a text seems to belong to; confidence from 0 to 1."""

    category: Category
    confidence: float


def suggest(text: str, *, most: int = 3) -> list[Suggestion]:
    """Guess the categories of a text from everyday words, best first; empty when nothing speaks for one.

    A longer word says more than a short one; confidence is the share of all
    evidence, held back while there is little of it.
    """
    weights = {code: _evidence(text, category) for code, category in categories().items()}
    total = sum(weights.values())
    if not total:
        return []
    best = sorted((code for code in weights if weights[code]), key=lambda code: (-weights[code], code))[:most]
    trust = 1 - math.exp(-total / 2)
    return [Suggestion(category_of(code), round(trust * weights[code] / total, 2)) for code in best]


def _evidence(text: str, category: Category) -> float:
    tells = len(category.name) >= SHORTEST_TELLING_NAME and category.name != "其他"
    words = (*category.words, category.name) if tells else category.words
    return sum(math.sqrt(len(word)) * min(3, text.count(word)) for word in words)
