"""What every stored entity shares: the mapped base, and columns that lose nothing.

SQLite has neither exact decimals nor time zones; these types keep both the same on SQLite and
PostgreSQL. Entities are mapped dataclasses, defined once in their domain package (design, 2).
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, MetaData, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from .clock import whole_ms
from .ids import new_id
from .money import from_units, to_units

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Json = dict[str, Any]
Entity = TypeVar("Entity", bound="Base")


class Money(TypeDecorator[Decimal]):
    """Dollars, kept as an integer count of 0.00001."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        del dialect
        return None if value is None else to_units(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        del dialect
        return None if value is None else from_units(value)


class Utc(TypeDecorator[datetime]):
    """A moment in UTC to the millisecond: `timestamptz(3)`, or Unix milliseconds on SQLite."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a stored moment needs a time zone: {value!r}")
        if dialect.name == "postgresql":
            return whole_ms(value)
        return round((value - EPOCH).total_seconds() * 1000)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "postgresql":
            return whole_ms(value.astimezone(UTC))
        return datetime.fromtimestamp(value / 1000, UTC)


JsonColumn = JSON().with_variant(JSONB(), "postgresql")


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True, eq=False):
    """The mapped base. Compared by identity: two loads of one row are two objects."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this very name
        Decimal: Money,
        datetime: Utc,
        UUID: Uuid(as_uuid=True),
        dict[str, Any]: JsonColumn,
        list[str]: JsonColumn,
    }


def fresh(kind: type[Entity], **members: Any) -> Entity:
    """Make an entity that no session is going to follow; all members without a default are given.

    It costs a tenth of what the constructor does, which notes every member for a session.
    """
    made: Entity = kind.__mapper__.class_manager.new_instance()
    vars(made).update(members)
    return made


class Stamped(MappedAsDataclass, kw_only=True, eq=False):
    """An entity with an id of its own and the two times every object of the API shows."""

    uuid: Mapped[UUID] = mapped_column(primary_key=True, default_factory=new_id)
    created_on: Mapped[datetime]
    modified_on: Mapped[datetime]
