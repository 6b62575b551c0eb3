"""Where SIP listens, by which transport: from the settings to bound sockets."""

from pathlib import Path

from opentact.adapters.sip.sockets import Listening
from opentact.adapters.sip.tls import TlsFiles, client_context, server_context

from .settings import BadSetting, Settings


def listening_of(settings: Settings) -> Listening:
    """Read where to listen beside UDP. Raises BadSetting when the TLS files are no good."""
    listening = Listening(
        tcp=settings.sip_tcp_address,
        tls=settings.sip_place("sip_tls"),
        ws=settings.sip_place("sip_ws"),
        wss=settings.sip_place("sip_wss"),
        files=TlsFiles(
            _file(settings.sip_tls_certificate),
            _file(settings.sip_tls_key),
            _file(settings.sip_tls_ca),
        ),
        dns=settings.sip_place("sip_dns"),
        max_connections=settings.sip_connections,
        max_per_source=settings.sip_connections_per_source,
    )
    try:
        if listening.tls or listening.wss:
            server_context(listening.files)
        client_context(listening.files)
    except ValueError as error:
        raise BadSetting(f"SIP over TLS cannot start: {error}") from None
    return listening


def places_of(settings: Settings) -> str:
    """Name every place where SIP listens, for the message when one of them is taken."""
    others = {
        "TCP": settings.sip_tcp_address,
        "TLS": settings.sip_place("sip_tls"),
        "WebSocket": settings.sip_place("sip_ws"),
        "secure WebSocket": settings.sip_place("sip_wss"),
    }
    named = [f"{place[0]}:{place[1]} ({name})" for name, place in others.items() if place]
    return ", ".join([f"{settings.sip} (UDP)", *named])


def _file(text: str) -> Path | None:
    return Path(text) if text else None
