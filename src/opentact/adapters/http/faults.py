"""What may go wrong when a customer's URL is asked; the codes all begin with `fetch_`.

Messages name scheme, host and path, never the query or the user: those may hold secrets, and
these sentences reach events and logs.
"""

from opentact.kit.faults import Fault


class FetchFault(Fault):
    """The address gave no usable answer."""

    code = "fetch_failed"
    status = 502


class FetchTimeout(FetchFault):
    """The address did not answer in time."""

    code = "fetch_timeout"
    status = 504


class FetchRefused(FetchFault):
    """The request is one we do not make: of a private address, or not well formed."""

    code = "fetch_refused"
    status = 400


class FetchUnreachable(FetchFault):
    """No connection, or one that broke before the answer was complete."""

    code = "fetch_unreachable"


class FetchStatus(FetchFault):
    """The address answered, but not with success; the answer's status is in `http_status`."""

    code = "fetch_status"

    def __init__(self, message: str, http_status: int) -> None:
        """`http_status` is what the address answered."""
        super().__init__(message)
        self.http_status = http_status


class FetchTooLarge(FetchFault):
    """The answer is larger than allowed."""

    code = "fetch_too_large"


class FetchRedirects(FetchFault):
    """The address redirects too often, or to where we do not follow."""

    code = "fetch_redirects"
