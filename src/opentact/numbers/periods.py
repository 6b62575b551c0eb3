"""How long a lease lasts: calendar months, counted from the day it began (spec/11 B7).

A lease of January 31 ends on the last day of February and on March 31 again: the day it began
is remembered, not the day it last ended on.
"""

import calendar
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Period:
    """What one charge of `mrc` pays for."""

    months: int = 1

    def after(self, moment: datetime, *, anchor: int) -> datetime:
        """Tell when a period that begins at `moment` ends; `anchor` is the day of the month."""
        months = moment.year * 12 + moment.month - 1 + self.months
        year, month = months // 12, months % 12 + 1
        day = min(anchor, calendar.monthrange(year, month)[1])
        return moment.replace(year=year, month=month, day=day)
