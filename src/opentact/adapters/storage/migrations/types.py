"""The types that revisions state, as the databases keep them.

They never change: a revision must mean the same when the entities have long moved on. A new
way to keep something gets a new name here.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

DOLLARS = sa.BigInteger()  # a count of 0.00001
MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
