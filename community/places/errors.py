"""What the rules of places say no with."""

from foundation.errors import ConflictError, InvalidFieldError, NotFoundError


class PlaceNotFoundError(NotFoundError):
    """There is no place of this id."""

    code = "place_not_found"
    message = "没有这个地方"


class UnknownPlaceError(InvalidFieldError):
    """A field names a place that is not there, or that is no place any more."""

    code = "unknown_place"
    message = "没有这个地方"
    pointer = "/place_id"


class OutsideDistrictError(InvalidFieldError):
    """A location lies outside the district that is served."""

    code = "location_outside_district"
    message = "这个位置不在{district}范围内"
    pointer = "/location"


class NoDistrictError(ConflictError):
    """The places have not been imported yet."""

    code = "no_district"
    message = "地点资料还没有导入"


class WrongParentError(ConflictError):
    """A place of this kind cannot lie there."""

    code = "wrong_parent"
    message = "{name}不能放在{parent}下面"


class PlaceExistsError(ConflictError):
    """There is already one of this kind and name there, or of this code."""

    code = "place_exists"
    message = "{name}已经存在"


class PostTakenError(ConflictError):
    """Somebody else holds the post in that time."""

    code = "post_taken"
    message = "这段时间已经有人负责"
