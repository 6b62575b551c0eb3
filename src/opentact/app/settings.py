"""Every setting of the server, in one table: `OPENTACT_*` variables, then `opentact.toml`.

The same table makes the page docs/operating/settings.md. A wrong value is one sentence that
says which setting, what it was, and what it may be.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from opentact.kit.faults import Fault

PREFIX = "OPENTACT_"
_DATA = Path("data")
FILE = "opentact.toml"
_BASE = re.compile(r"[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*")
_LOOPBACK = ("127.0.0.0/8", "::1/128")
DATABASES = ("sqlite+aiosqlite", "postgresql+asyncpg")


class BadSetting(Fault):
    """A setting has a value that cannot be used; the sentence says which, and what it may be."""

    code = "bad_setting"


def _setting(default: Any, about: str) -> Any:
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force."""

    data: Path = _setting(_DATA, "Folder for the database, recordings and caches")
    http: str = _setting("127.0.0.1:8080", "Where HTTP and websockets listen, HOST:PORT")
    sip: str = _setting("127.0.0.1:5060", "Where SIP listens (UDP), HOST:PORT")
    sip_tcp: str = _setting(
        "", "Where SIP listens (TCP), HOST:PORT; where UDP does if empty; off for nowhere"
    )
    sip_tls: str = _setting("", "Where SIP listens (TLS), like 127.0.0.1:5061; nowhere if empty")
    sip_ws: str = _setting("", "Where SIP listens (WebSocket), HOST:PORT; nowhere if empty")
    sip_wss: str = _setting("", "Where SIP listens (secure WebSocket); nowhere if empty")
    sip_tls_certificate: str = _setting("", "File (PEM) with the certificate chain for TLS")
    sip_tls_key: str = _setting("", "File (PEM) with the key of that certificate")
    sip_tls_ca: str = _setting(
        "", "File (PEM) with the CAs that SIP peers must be signed by; the system's if empty"
    )
    sip_connections: int = _setting(10_000, "SIP connections taken at once, of all sources")
    sip_connections_per_source: int = _setting(1_000, "SIP connections taken of one address")
    sip_dns: str = _setting("", "Name server for SIP domains, HOST:PORT; the system's if empty")
    sip_advertise: str = _setting("", "Host that SIP and SDP name, when it is not the one bound")
    sip_base: str = _setting(
        "sip.localhost", "What the names of SIP domains end with: acme.sip.localhost"
    )
    sip_md5_agents: str = _setting(
        "baresip v0.,baresip v1.",
        "Beginnings of User-Agents (comma separated) that are asked for MD5 digests alone,"
        " as they give up when SHA-256 is offered beside it",
    )
    rtp_host: str = _setting("", "Address that media binds; the SIP host if empty")
    rtp_ports: str = _setting("20000-29999", "UDP ports for media, FIRST-LAST")
    rtp_timeout: int = _setting(60, "Seconds without RTP after which a call is ended")
    database_url: str = _setting("", "SQLAlchemy URL; a SQLite file in the data folder if empty")
    public_url: str = _setting("", "URL under which customers reach HTTP; made of `http` if empty")
    carriers: str = _setting(
        "",
        "Networks (CIDR, comma separated) that may deliver calls;"
        " the loopback if empty and SIP listens there",
    )
    dev_carrier: str = _setting(
        "",
        "Where the simulated carrier takes calls, HOST:PORT; off for nowhere;"
        " a free port of the loopback if empty and SIP listens there",
    )
    fetch_networks: str = _setting(
        "127.0.0.0/8,::1/128", "Private networks that customers' URLs may point into"
    )
    sip_networks: str = _setting(
        "",
        "Private networks (CIDR, comma separated) that customers' SIP connections may lead into;"
        " the loopback if empty and SIP listens there",
    )
    media: str = _setting("process", "process (a child of its own) or inline (same process)")
    sign_up: bool = _setting(True, "Whether anybody may sign up by POST /rest/user")  # noqa: FBT003
    rate_limit: int = _setting(
        200, "Requests a second of one API token, twice as many at once; 0 for no limit"
    )
    open_countries: str = _setting(
        "US,CA", "Countries (ISO 3166, comma separated) that calls may go to unless told otherwise"
    )
    account_channels: int = _setting(0, "Calls at once of an account without a limit; 0 for none")
    account_calls_per_second: int = _setting(
        0, "New calls a second of an account without a limit; 0 for none"
    )
    user_calls_per_minute: int = _setting(
        60, "Calls a SIP user may place to the telephone network in a minute; 0 for no limit"
    )
    guard_rate: int = _setting(
        100, "SIP messages a second that a stranger's address may send; 0 for no limit"
    )
    guard_spared: str = _setting(
        "", "Networks (CIDR, comma separated) that the guard of SIP never bans, beside carriers"
    )
    guard_loopback: bool = _setting(
        False,  # noqa: FBT003 - a default
        "Whether the guard may ban this machine's own addresses; they are always counted",
    )
    event_days: int = _setting(30, "Days that events are kept for replay")
    places_file: str = _setting(
        "", "A CSV with npa, nxx and county (perhaps state), for Geo; states are known without"
    )
    recording_days: int = _setting(0, "Days that recordings are kept; 0 for ever")
    transcription_model: str = _setting(
        "", "Folder of a Whisper model (CTranslate2) for transcripts; the installed one if empty"
    )
    park_seconds: int = _setting(30, "Seconds a call waits for a call flow to be posted")
    log_level: str = _setting("info", "debug, info, warning or error")

    @property
    def http_address(self) -> tuple[str, int]:
        """Where HTTP listens."""
        return _address("http", self.http)

    @property
    def sip_address(self) -> tuple[str, int]:
        """Where SIP listens."""
        return _address("sip", self.sip)

    @property
    def sip_tcp_address(self) -> tuple[str, int] | None:
        """Where SIP listens by TCP: unless told otherwise, at the port of UDP."""
        if self.sip_tcp == "off":
            return None
        return self.sip_place("sip_tcp") or self.sip_address

    def sip_place(self, name: str) -> tuple[str, int] | None:
        """Where SIP listens by the transport of the setting with this name; None if nowhere."""
        text = getattr(self, name)
        return _address(name, text) if text else None

    @property
    def url(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data.absolute() / 'opentact.db'}"

    @property
    def port_range(self) -> tuple[int, int]:
        """The first and last media port."""
        first, dash, last = self.rtp_ports.partition("-")
        if not (dash and first.isdigit() and last.isdigit() and int(first) < int(last) < 65536):  # noqa: PLR2004
            raise _bad("rtp_ports", self.rtp_ports, "two ports like 20000-29999")
        return int(first), int(last)

    @property
    def md5_agents(self) -> tuple[str, ...]:
        """What the User-Agents begin with that know nothing but MD5."""
        return tuple(each.strip() for each in self.sip_md5_agents.split(",") if each.strip())

    @property
    def carrier_networks(self) -> tuple[str, ...]:
        """Who may deliver calls: by default nobody, but for this machine while SIP is local."""
        if self.carriers:
            return _networks("carriers", self.carriers)
        host = self.sip_address[0]
        return _LOOPBACK if _is_loopback(host) else ()

    @property
    def spared_networks(self) -> tuple[str, ...]:
        """Whom the guard never bans, beside carriers."""
        return _networks("guard_spared", self.guard_spared)

    @property
    def reachable_networks(self) -> tuple[str, ...]:
        """Which private networks customers' trunks may lead into; by default this machine."""
        if self.sip_networks:
            return _networks("sip_networks", self.sip_networks)
        return _LOOPBACK if _is_loopback(self.sip_address[0]) else ()

    @property
    def dev_carrier_address(self) -> tuple[str, int] | None:
        """Where the simulated carrier takes calls: by default only while SIP is local."""
        if self.dev_carrier == "off":
            return None
        if self.dev_carrier:
            return _address("dev_carrier", self.dev_carrier)
        return ("127.0.0.1", 0) if _is_loopback(self.sip_address[0]) else None

    def checked(self) -> "Settings":
        """Look at every value that is read later, so that a wrong one is said at the start."""
        _ = (self.http_address, self.sip_address, self.port_range, self.carrier_networks)
        _ = (
            self.sip_tcp_address,
            *map(self.sip_place, ("sip_tls", "sip_ws", "sip_wss", "sip_dns")),
        )
        _networks("fetch_networks", self.fetch_networks)
        _networks("guard_spared", self.guard_spared)
        _ = (self.dev_carrier_address, self.reachable_networks)
        _check_database(self.database_url)
        if not _BASE.fullmatch(self.sip_base):
            raise _bad("sip_base", self.sip_base, "a name in lower case, like sip.example.com")
        if self.public_url and not self.public_url.startswith(("http://", "https://")):
            raise _bad("public_url", self.public_url, "a URL like https://voice.example.com")
        for name in (
            *("rtp_timeout", "event_days", "park_seconds"),
            *("sip_connections", "sip_connections_per_source"),
        ):
            if not getattr(self, name):
                raise _bad(name, getattr(self, name), "1 or more")
        if self.media not in {"process", "inline"}:
            raise _bad("media", self.media, "process or inline")
        if self.log_level not in {"debug", "info", "warning", "error"}:
            raise _bad("log_level", self.log_level, "debug, info, warning or error")
        return self


def load(
    given: Mapping[str, Any], *, environ: Mapping[str, str] | None = None, file: Path | None = None
) -> Settings:
    """Read the settings: what is `given` wins over the environment, that over the file."""
    environ = os.environ if environ is None else environ
    from_file = _read_file(file or Path(environ.get(f"{PREFIX}CONFIG", FILE)))
    known = {each.name: each for each in fields(Settings)}
    for name in from_file:
        if name not in known:
            raise BadSetting(f"{FILE} has no setting named {name!r}; known: {', '.join(known)}")
    values: dict[str, Any] = {}
    for name, each in known.items():
        text = environ.get(f"{PREFIX}{name.upper()}")
        value = given.get(name)
        value = text if value is None else value
        value = from_file.get(name) if value is None else value
        if value is not None:
            values[name] = _read(name, value, each.default)
    return Settings(**values).checked()


def _read_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} is not valid TOML: {error}") from None


def _read(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, bool):
        if str(value).lower() in {"1", "true", "yes", "on"}:
            return True
        if str(value).lower() in {"0", "false", "no", "off"}:
            return False
        raise _bad(name, value, "true or false")
    if isinstance(default, int):
        if not str(value).isdecimal():
            raise _bad(name, value, "a whole number")
        return int(value)
    return Path(value) if isinstance(default, Path) else str(value)


def _address(name: str, text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdigit() and int(port) < 65536):  # noqa: PLR2004
        raise _bad(name, text, "HOST:PORT, like 127.0.0.1:8080")
    return host.strip("[]"), int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _networks(name: str, text: str) -> tuple[str, ...]:
    networks = tuple(part.strip() for part in text.split(",") if part.strip())
    for network in networks:
        try:
            ip_network(network)
        except ValueError:
            raise _bad(name, network, "networks like 10.0.0.0/8") from None
    return networks


def _check_database(url: str) -> None:
    scheme = url.partition("://")[0]
    if url and scheme not in DATABASES:
        raise _bad("database_url", url, " or ".join(f"{each}://…" for each in DATABASES))


def _bad(name: str, value: object, may_be: str) -> BadSetting:
    shown = str(value) if isinstance(value, int) else value
    return BadSetting(f"Setting {name} ({PREFIX}{name.upper()}) is {shown!r}; give {may_be}")
