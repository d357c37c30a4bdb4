"""What the rules of the house say no with.

Every refusal is a subclass of `LinliError` named after the rule. It carries no finished sentence but a
source string and its values, so that the door puts it into the reader's language. Start at `LinliError`;
`foundation/web/problems.py` makes the answer of it.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from foundation.words import say


@dataclass(frozen=True)
class FieldProblem:
    """One field of a request that breaks a rule."""

    pointer: str
    """JSON pointer to the field (RFC 6901), such as `/photos/2`; empty for the whole."""
    code: str
    message: str
    params: dict[str, object] = field(default_factory=dict)


class LinliError(Exception):
    """A rule that said no.

    `code` is part of the doors' contract and never changes; `message` is a Simplified Chinese source string
    (`foundation.words`) whose `{placeholders}` are filled from the keyword arguments.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    message: ClassVar[str] = "现在不能这样做"
    title: ClassVar[str] = ""
    """A shorter heading; left empty, the message is also the heading."""
    retry_after: int | None = None
    """After how many seconds asking again makes sense."""

    def __init__(self, **params: object) -> None:
        super().__init__(self.code)
        self.params = params

    @classmethod
    def problem_type(cls) -> str:
        """Name the problem for machines, such as `/problems/complaint-already-closed`."""
        return "/problems/" + cls.code.replace("_", "-")

    def heading(self, language: str) -> str:
        """Say in a few words what is wrong."""
        return say(self.title or self.message, language, **self.params)

    def sentence(self, language: str) -> str:
        """Say to a person what is wrong."""
        return say(self.message, language, **self.params)

    @property
    def fields(self) -> tuple[FieldProblem, ...]:
        """The fields at fault, if it is about fields."""
        return ()


class UnreadableRequestError(LinliError):
    """The request cannot be read at all: broken JSON, broken characters, a broken form."""

    code = "unreadable_request"
    status = 400
    message = "请求的内容无法读取"


class NotSignedInError(LinliError):
    """Nobody, or nobody whom we know, is asking."""

    code = "not_signed_in"
    status = 401
    message = "请先登录"


class NotFoundError(LinliError):
    """It does not exist, or this person may not see it; both answer the same."""

    code = "not_found"
    status = 404
    message = "没有找到"


class MethodNotAllowedError(LinliError):
    """The address exists, but not with this method."""

    code = "method_not_allowed"
    status = 405
    message = "这个地址不支持这种操作"


class ConflictError(LinliError):
    """The present state of things does not allow it."""

    code = "conflict"


class TooSlowError(LinliError):
    """What was announced did not arrive in time."""

    code = "too_slow"
    status = 408
    message = "内容没有及时传完，请再试一次"


class TooLargeError(LinliError):
    """More was sent than we take."""

    code = "too_large"
    status = 413
    message = "内容太大"


class UnsupportedContentError(LinliError):
    """The content is of a kind that this address does not take."""

    code = "unsupported_content_type"
    status = 415
    message = "不支持这种内容类型"


class RangeNotSatisfiableError(LinliError):
    """A part of a file is asked for that lies behind its end."""

    code = "range_not_satisfiable"
    status = 416
    message = "文件没有这一段"


class InvalidFieldsError(LinliError):
    """Well-formed, but some fields break a rule."""

    code = "invalid_fields"
    status = 422
    message = "填写的内容有误"

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__()
        self.problems = problems

    @property
    def fields(self) -> tuple[FieldProblem, ...]:
        """Every field at fault."""
        return self.problems


class InvalidFieldError(LinliError):
    """One field breaks a rule which only a look at the world could tell; subclass it per rule."""

    code = "invalid_field"
    status = 422
    message = "填写的内容有误"
    pointer: str = ""

    def __init__(self, *, pointer: str | None = None, **params: object) -> None:
        super().__init__(**params)
        if pointer is not None:
            self.pointer = pointer

    @property
    def fields(self) -> tuple[FieldProblem, ...]:
        """The one field, with the rule's own code and sentence."""
        return (FieldProblem(self.pointer, self.code, self.message, self.params),)


class TooManyRequestsError(LinliError):
    """The same person or address asked too often."""

    code = "too_many_requests"
    status = 429
    message = "操作太频繁，请稍后再试"

    def __init__(self, *, retry_after: int = 60) -> None:
        super().__init__()
        self.retry_after = retry_after


class BusyError(LinliError):
    """The system cannot do it just now; asking again soon is right."""

    code = "busy"
    status = 503
    message = "系统正忙，请稍后再试"
    retry_after = 2
