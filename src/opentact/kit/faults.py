"""The one base of every refusal we make on purpose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class BadField:
    """What is wrong with one field, and what was sent."""

    message: str
    value: object = None


class Fault(Exception):  # noqa: N818 - a fault is what a customer reads; an error is what we log
    """Something we would not or could not do, said so that a customer may read it.

    One subclass per cause. The class is the catalogue entry: its docstring is the help page,
    `code` is what programs match on, `status` is how HTTP says it (spec/01, envelopes).
    """

    code: ClassVar[str] = "fault"
    status: ClassVar[int] = 400

    def __init__(
        self,
        message: str | None = None,
        *,
        meta: str | None = None,
        fields: Mapping[str, BadField] | None = None,
    ) -> None:
        """Say `message`, or the first line of the class's own docstring."""
        super().__init__(message or (type(self).__doc__ or "").split("\n", 1)[0])
        self.meta = meta
        self.fields = dict(fields or {})


class BadRequest(Fault):
    """The request has fields that cannot be accepted; each is named in `fields`."""

    code = "bad_request"
    status = 400


class Unauthorized(Fault):
    """Unauthorized: no valid credentials came with the request."""

    code = "unauthorized"
    status = 401

    def __init__(self, message: str = "Unauthorized", *, meta: str | None = None) -> None:
        """Say `Unauthorized` unless told better (spec/11 A5)."""
        super().__init__(message, meta=meta)


class Forbidden(Fault):
    """Forbidden: the credentials are good, but not for this.

    Answered with 401 as the platform always has (spec/11 A5); the message tells the two apart.
    """

    code = "forbidden"
    status = 401

    def __init__(self, message: str = "Forbidden", *, meta: str | None = None) -> None:
        """Say `Forbidden` unless told better."""
        super().__init__(message, meta=meta)


class NotFound(Fault):
    """There is no such thing, or it is not yours to see."""

    code = "not_found"
    status = 404


class Conflict(Fault):
    """What is there already stands in the way."""

    code = "conflict"
    status = 409


class TooLarge(Fault):
    """The request body is larger than this route takes."""

    code = "too_large"
    status = 413


class TooManyRequests(Fault):
    """Too many requests: wait, then try again."""

    code = "too_many_requests"
    status = 429

    def __init__(self, message: str | None = None, *, retry_after: int = 1) -> None:
        """`retry_after` is in seconds, and is sent as the header of that name."""
        super().__init__(message)
        self.retry_after = retry_after
