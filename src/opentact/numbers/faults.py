"""What can go wrong with numbers."""

from opentact.kit.faults import Conflict, Fault, NotFound


class NumberRefused(Fault):
    """Error buying a number: the provider refused it. The message says why."""

    code = "number_refused"
    status = 409


class ProfileNotFound(NotFound):
    """Profile not found: there is no TN profile of this name."""

    code = "profile_not_found"


class LeaseNotFound(NotFound):
    """TNLease not found: the account has no lease of this number."""

    code = "lease_not_found"


class OrderNotFound(NotFound):
    """Order not found."""

    code = "order_not_found"


class SpecialPricesNotFound(NotFound):
    """Special prices not found: the account pays the prices of the TN profiles."""

    code = "special_prices_not_found"


class ProfileInUse(Conflict):
    """TN profile in use: take it off its numbers first."""

    code = "profile_in_use"
