"""Groups of SIP users: what users of a domain make of each other in their application (spec/05)."""

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base, Stamped


class SipGroup(Stamped, Base):
    """A named group that `owner_uuid`, a SIP user, made; its members are of the same domain."""

    __tablename__ = "sip_group"

    owner_uuid: Mapped[UUID] = mapped_column(
        ForeignKey("sip_user.uuid", ondelete="CASCADE"), index=True
    )
    name: Mapped[str]


class SipGroupMember(Base):
    """A SIP user in a group."""

    __tablename__ = "sip_group_member"

    group_uuid: Mapped[UUID] = mapped_column(
        ForeignKey("sip_group.uuid", ondelete="CASCADE"), primary_key=True
    )
    user_uuid: Mapped[UUID] = mapped_column(
        ForeignKey("sip_user.uuid", ondelete="CASCADE"), primary_key=True, index=True
    )
