"""What the form is shown before a complaint is filed."""

from typing import Annotated

from pydantic import Field

from foundation.web import Output
from miniprogram_api.complaint_views import PublicComplaintView


class QuestionView(Output):
    """Something more to ask in a category."""

    code: str
    text: str
    required: bool
    choices: list[str]
    """What is sent as the answer."""
    choice_names: list[str]
    """The same choices as the reader is shown them."""


class CategoryView(Output):
    """A node of the category tree."""

    code: str | None
    """Only the leaves can be chosen; the levels above have none."""
    name: str
    questions: list[QuestionView]
    children: list["CategoryView"]


class SuggestionView(Output):
    """A category a text seems to belong to."""

    code: str
    path: list[str]
    confidence: Annotated[float, Field(ge=0, le=1)]


class SimilarView(Output):
    """A complaint that may be about the same thing."""

    complaint: PublicComplaintView
    likeness: Annotated[float, Field(ge=0, le=1)]


class SimilarListView(Output):
    """The most similar ones, best first."""

    items: list[SimilarView]


class SuggestionListView(Output):
    """The best guesses, best first; empty when nothing speaks for one."""

    items: list[SuggestionView]


class EmergencyNumberView(Output):
    """A number to call."""

    number: str
    name: str


class EmergencyView(Output):
    """Whether what is written asks for a telephone rather than a form."""

    emergency: bool
    numbers: list[EmergencyNumberView]
    advice: str


class CategoryTreeView(Output):
    """The whole tree."""

    items: list[CategoryView]
