"""What phones send about complaints."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from community.places.coordinates import Datum
from foundation.web import Id, Input, LineText, ParagraphText
from foundation.web.fields import refusal

MOST_MEDIA = 9


class LocationBody(Input):
    """A pin; its datum is named because phones and maps differ by about 600 m."""

    lng: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    datum: Literal[Datum.GCJ02, Datum.WGS84]


class OnBehalfOfBody(Input):
    """For whom the resident speaks."""

    name: Annotated[str, LineText(1, 30)]
    phone: Annotated[str, LineText(5, 20), Field(json_schema_extra={"examples": ["13800000413"]})]


MediaIds = Annotated[list[UUID], Field(max_length=MOST_MEDIA)]


class FileComplaintBody(Input):
    """What the phone sends."""

    text: Annotated[str, ParagraphText(5, 4000)]
    category: Annotated[str, LineText(1, 16)] | None = None
    place_id: Id | None = None
    location: LocationBody | None = None
    media_ids: MediaIds = []
    confidential: bool = False
    """The unit does not learn who it was."""
    anonymous: bool = False
    """The public does not learn who it was."""
    on_behalf_of: OnBehalfOfBody | None = None
    answers: dict[str, Annotated[str, LineText(1, 200)]] = Field(default_factory=dict, max_length=20)

    @model_validator(mode="after")
    def refuse_one_photo_twice(self) -> Self:
        """Each photo once."""
        _refuse_twice(self.media_ids)
        return self


class SupplementBody(Input):
    """More words, more photos."""

    text: Annotated[str, ParagraphText(1, 4000)]
    media_ids: MediaIds = []

    @model_validator(mode="after")
    def refuse_one_photo_twice(self) -> Self:
        """Each photo once."""
        _refuse_twice(self.media_ids)
        return self


def _refuse_twice(media_ids: list[UUID]) -> None:
    if len(set(media_ids)) != len(media_ids):
        raise refusal("repeated", "同一张照片只能用一次")


class ReasonBody(Input):
    """Why."""

    reason: Annotated[str, ParagraphText(1, 500)]


Mark = Annotated[int, Field(ge=1, le=5)]


class RatingBody(Input):
    """Solved or not, and four marks from 1 to 5."""

    solved: bool
    speed: Mark
    result: Mark
    service: Mark
    answer: Mark
    text: Annotated[str, ParagraphText(1, 1000)] | None = None
