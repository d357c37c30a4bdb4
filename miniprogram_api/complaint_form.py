"""What the form asks before a complaint is filed: categories, guesses, similar ones, and whether to phone instead."""

from typing import Annotated

from community.complaints.categories import Category, categories, named, suggest
from community.complaints.emergency import AMBULANCE, FIRE, POLICE, numbers_to_call
from community.complaints.queries import community_above, similar_complaints
from community.people.queries import home_of
from community.places.errors import UnknownPlaceError
from community.places.queries import settled_place
from foundation.access import Access
from foundation.web import Call, Id, Input, ParagraphText, endpoint
from foundation.words import say
from miniprogram_api.complaint_form_views import (
    CategoryTreeView,
    CategoryView,
    EmergencyNumberView,
    EmergencyView,
    QuestionView,
    SimilarListView,
    SimilarView,
    SuggestionListView,
    SuggestionView,
)
from miniprogram_api.complaint_views import PublicComplaintView

ADVICE = "如果现在有危险，请先打电话，不要等。"
CALM_ADVICE = "着火、受伤、被抢，先打电话。"


class TextQuery(Input):
    """What was typed so far."""

    text: Annotated[str, ParagraphText(1, 800)]


class SimilarQuery(TextQuery):
    """What was typed so far, and where; left out, the caller's home."""

    place_id: Id | None = None


@endpoint("GET", "/complaint-categories", access=Access.ANYONE, summary="The category tree", tag="complaints")
async def get_complaint_categories(call: Call) -> CategoryTreeView:
    """Give three levels in the reader's language; the leaves have codes and questions."""
    return CategoryTreeView(items=_level(list(categories().values()), 0, call.language))


def _level(under: list[Category], depth: int, language: str) -> list[CategoryView]:
    """Build the nodes of one level out of the categories under the same node above."""
    names = dict.fromkeys(category.path[depth] for category in under)
    last = len(under[0].path) - 1 if under else 0
    if depth == last:
        return [_leaf(category, language) for category in under]
    return [
        CategoryView(
            code=None,
            name=named(name, language),
            questions=[],
            children=_level([category for category in under if category.path[depth] == name], depth + 1, language),
        )
        for name in names
    ]


def _leaf(category: Category, language: str) -> CategoryView:
    questions = [
        QuestionView(
            code=each.code,
            text=named(each.text, language),
            required=each.required,
            choices=list(each.choices),
            choice_names=[named(choice, language) for choice in each.choices],
        )
        for each in category.questions
    ]
    return CategoryView(code=category.code, name=named(category.name, language), questions=questions, children=[])


@endpoint(
    "GET", "/complaint-categories/suggestion", access=Access.SIGNED_IN, summary="Guess the category", tag="complaints"
)
async def get_category_suggestion(call: Call, query: TextQuery) -> SuggestionListView:
    """Give up to three, best first; empty when nothing speaks for one."""
    return SuggestionListView(
        items=[
            SuggestionView(
                code=each.category.code,
                path=[named(name, call.language) for name in each.category.path],
                confidence=each.confidence,
            )
            for each in suggest(query.text)
        ]
    )


@endpoint(
    "GET",
    "/complaints/similar",
    access=Access.RESIDENT,
    errors=(UnknownPlaceError,),
    summary="Find similar complaints nearby",
)
async def get_similar_complaints(call: Call, query: SimilarQuery) -> SimilarListView:
    """Show what neighbours filed about the same thing, so that one can follow it instead."""
    place_id = query.place_id
    if place_id is not None:
        await settled_place(place_id)
    elif home := await home_of(call.actor.id):
        place_id = home.place_id
    community = await community_above(place_id) if place_id is not None else None
    found = await similar_complaints(query.text, community, actor=call.actor, at=call.at)
    return SimilarListView(
        items=[
            SimilarView(complaint=PublicComplaintView.of(each.picture, call.language), likeness=each.likeness)
            for each in found
        ]
    )


@endpoint("GET", "/complaints/emergency", access=Access.SIGNED_IN, summary="Whether to phone instead")
async def get_emergency(call: Call, query: TextQuery) -> EmergencyView:
    """Look for words of danger before the form; what is found never keeps anybody from filing."""
    found = numbers_to_call(query.text)
    shown = found or (FIRE, AMBULANCE, POLICE)
    return EmergencyView(
        emergency=bool(found),
        numbers=[EmergencyNumberView(number=each.number, name=say(each.name, call.language)) for each in shown],
        advice=say(ADVICE if found else CALM_ADVICE, call.language),
    )
