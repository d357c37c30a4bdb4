"""What the phone's door adds to a process."""

from foundation.parts import Part, endpoints_of
from miniprogram_api import (
    audit,
    complaint_form,
    complaints,
    consents,
    live,
    me,
    media,
    my_data,
    pages,
    places,
    sessions,
)
from miniprogram_api.callbacks import dispatch
from miniprogram_api.identity import authenticate, authenticate_token, check_sessions

PART = Part(
    name="miniprogram_api",
    endpoints=endpoints_of(
        sessions, me, consents, my_data, pages, places, media, complaint_form, complaints, audit, dispatch
    ),
    routes=live.routes,
    authenticate=authenticate,
    authenticate_token=authenticate_token,
    check_sessions=check_sessions,
    opens=(dispatch.open_inbox,),
)
