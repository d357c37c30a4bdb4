"""The rules of complaints that may say no; one class for each."""

from foundation.errors import ConflictError, InvalidFieldError, NotFoundError


class UnknownCategoryError(InvalidFieldError):
    """The category's code is not in the tree."""

    code = "unknown_category"
    message = "没有这个类别"
    pointer = "/category"


class WhereIsMissingError(InvalidFieldError):
    """Neither a place nor a location was given, and the resident has no home on record."""

    code = "where_is_missing"
    message = "请选一下在哪里"
    pointer = "/place_id"


class AnswerDoesNotFitError(InvalidFieldError):
    """An answer to a category's question is missing or not one of those offered."""

    code = "answer_does_not_fit"
    message = "“{question}”需要回答"
    pointer = "/answers"


class ComplaintAlreadyClosedError(ConflictError):
    """The complaint has ended: nothing more can be added."""

    code = "complaint_already_closed"
    message = "这件事已经结束了"


class ComplaintAlreadyAnsweredError(ConflictError):
    """There is a result already: it can be rated, no longer withdrawn."""

    code = "complaint_already_answered"
    message = "已经办结了，不能撤回；您可以评价"


class NotAnsweredYetError(ConflictError):
    """Only a result can be rated."""

    code = "not_answered_yet"
    message = "还没有办结，现在不能评价"


class AlreadyRatedError(ConflictError):
    """The round was rated already."""

    code = "already_rated"
    message = "您已经评价过了"


class RedoUsedUpError(ConflictError):
    """A complaint is redone once."""

    code = "redo_used_up"
    message = "已经退回重办过一次，不能再退"


class UrgedTooSoonError(ConflictError):
    """A resident may urge every four hours."""

    code = "urged_too_soon"
    message = "{after} 以后可以再催"


class NothingToUrgeError(ConflictError):
    """The result is there: nothing is left to be urged."""

    code = "nothing_to_urge"
    message = "已经办结了，不用再催"


class OwnComplaintError(ConflictError):
    """Following is for other people's complaints."""

    code = "own_complaint"
    message = "这是您自己交的，不用跟"


class UnknownNumberError(NotFoundError):
    """No complaint has this number."""

    code = "unknown_number"
    message = "没有这个编号"


class UnknownUpdateError(NotFoundError):
    """No update has this id."""

    code = "unknown_update"
    message = "没有这个编号的更新"
