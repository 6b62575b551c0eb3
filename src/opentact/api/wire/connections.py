"""SIP connections as the wire spells them, with the state of their targets and registration."""

from opentact.voice.connections import SipConnection
from opentact.voice.trunk_rows import targets_of

from .sip import Around, ConnectionOut, connection_out
from .trunks import RegistrationOut, TargetOut, TrunkBoard, registration_out, targets_out


class TrunkConnectionOut(ConnectionOut):
    """A connection as a trunk. `state` is up while any target may be called."""

    transport: str
    targets: list[TargetOut]
    state: str
    username: str | None
    has_password: bool
    register: bool
    expires: int
    options_interval_s: int
    registration: RegistrationOut | None
    inbound_ips: list[str]
    inbound_username: str | None
    has_inbound_password: bool


def trunk_connection_out(
    connection: SipConnection, around: Around, board: TrunkBoard
) -> TrunkConnectionOut:
    """Write a connection."""
    targets = targets_of(connection)
    usable = [board.health(connection.uuid, each).usable for each in targets]
    return {
        **connection_out(connection, around),
        "transport": connection.transport,
        "targets": targets_out(board, connection.uuid, targets),
        "state": _state(connection, usable=any(usable)),
        "username": connection.username,
        "has_password": bool(connection.password),
        "register": connection.register,
        "expires": connection.expires,
        "options_interval_s": connection.options_interval_s,
        "registration": registration_out(board, connection.uuid),
        "inbound_ips": connection.inbound_ips,
        "inbound_username": connection.inbound_username,
        "has_inbound_password": bool(connection.inbound_password),
    }


def _state(connection: SipConnection, *, usable: bool) -> str:
    if not connection.is_active:
        return "inactive"
    return "up" if usable else "down"
