"""Photos and voice on the phone: taken in, made anew without their metadata, given back by signed addresses."""

from typing import Annotated
from uuid import UUID

from community.people.errors import ConsentRequiredError
from community.people.models import Purpose
from foundation.access import Access
from foundation.clock import real_now
from foundation.media.errors import (
    BrokenMediaError,
    MediaStoreBusyError,
    MediaTooLargeError,
    TooManyPixelsError,
    UnsupportedMediaError,
    VoiceTooLongError,
)
from foundation.media.models import MediaKind
from foundation.media.receiving import receive
from foundation.web import Call, Output, Upload, endpoint
from miniprogram_api.consents import require_consent


class UploadedMediaView(Output):
    """What was stored, with addresses that are good for a while."""

    id: UUID
    kind: MediaKind
    url: str
    thumbnail_url: str | None
    seconds: Annotated[int | None, "of a voice message"]


@endpoint(
    "POST",
    "/media",
    access=Access.SIGNED_IN,
    status=201,
    upload=True,
    idempotent=True,
    limit="media",
    errors=(
        ConsentRequiredError,
        MediaTooLargeError,
        UnsupportedMediaError,
        BrokenMediaError,
        TooManyPixelsError,
        VoiceTooLongError,
        MediaStoreBusyError,
    ),
    summary="Upload a photo or voice message",
)
async def post_media(call: Call, upload: Upload) -> UploadedMediaView:
    """JPEG, PNG, WebP, HEIC up to 10 MB and 50 megapixels; AMR, MP3, M4A up to 60 seconds."""

    async def admit(kind: MediaKind) -> None:
        if kind is MediaKind.VOICE:
            await require_consent(call, Purpose.VOICE)

    stored = await receive(call.actor, upload.content, store=call.ground.media, at=real_now(), admit=admit)
    return UploadedMediaView(
        id=stored.id, kind=stored.kind, url=stored.url, thumbnail_url=stored.thumbnail_url, seconds=stored.seconds
    )
