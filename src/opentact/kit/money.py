"""Dollars, exact to five decimals."""

from decimal import ROUND_HALF_UP, Decimal

UNIT = Decimal("0.00001")
ZERO = Decimal(0)


def dollars(value: Decimal | int | str) -> Decimal:
    """Round half up to five decimals, the finest amount the platform writes (spec/01)."""
    return Decimal(value).quantize(UNIT, ROUND_HALF_UP)


def to_units(amount: Decimal) -> int:
    """Count the amount in 0.00001 dollars, as the database keeps it."""
    return int((amount / UNIT).to_integral_value(ROUND_HALF_UP))


def from_units(units: int) -> Decimal:
    """Turn the database's count back into dollars."""
    return (Decimal(units) * UNIT).quantize(UNIT)
