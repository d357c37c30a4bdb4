"""What the ground itself adds to a process."""


from foundation.media.jobs import delete_objects
from foundation.media.serve import ROUTES as MEDIA_ROUTES
from foundation.parts import Part

PART = Part(
    name="foundation",
    models=("foundation.models", "foundation.idempotency", "foundation.media.models", "foundation.audit"),
    migrations="foundation.migrations",
    routes=(*MEDIA_ROUTES,),
    jobs=(delete_objects,),
)
