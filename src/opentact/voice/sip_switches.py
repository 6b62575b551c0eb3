"""SIP switches: machines that may send calls into a domain by where they stand (spec/05)."""

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.ownership import Owned
from opentact.kit.entities import Base


class SipSwitch(Owned, Base):
    """A switch known by `remote_ip` or `remote_domain` (a host name); one of them is there."""

    __tablename__ = "sip_switch"
    called = "SIP switch"

    sip_domain_uuid: Mapped[UUID] = mapped_column(
        ForeignKey("sip_domain.uuid", ondelete="CASCADE"), index=True
    )
    name: Mapped[str]
    description: Mapped[str | None] = mapped_column(default=None)
    remote_ip: Mapped[str | None] = mapped_column(default=None)
    remote_domain: Mapped[str | None] = mapped_column(default=None)
    is_active: Mapped[bool] = mapped_column(default=True)
