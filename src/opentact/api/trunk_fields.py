"""Request fields that SIP connections and carriers share: targets, logins, networks."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError, model_validator

from opentact.voice.sip.routing import DEFAULT_PORTS
from opentact.voice.trunk_places import is_address
from opentact.voice.trunk_ways import USUAL_PRIORITY, USUAL_WEIGHT, Transport

from .fields import Hostname, IpAddress, Whole, sound

MOST_TARGETS = 20
MOST_NETWORKS = 100
# What a customer may call its own: wider networks hold other people's machines.
WIDEST = {4: 24, 6: 48}

_HOSTNAME: TypeAdapter[str] = TypeAdapter(Hostname)
_ADDRESS: TypeAdapter[str] = TypeAdapter(IpAddress)


def _host(text: str) -> str:
    try:
        return (_ADDRESS if is_address(text) else _HOSTNAME).validate_python(text)
    except ValidationError:
        raise ValueError("expected an address or a host name") from None


def _network(widest: dict[int, int] | None) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            raise ValueError("expected an address or a network such as 192.0.2.0/24") from None
        least = widest[network.version] if widest else 1
        if network.prefixlen < least:
            raise ValueError(f"is too wide: give at least /{least}")
        return str(network)

    return read


def _secret(text: str) -> str:
    if any(ord(char) < ord(" ") for char in sound(text)):
        raise ValueError("holds a control character")
    return text


Host = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_host)]
Port = Annotated[Whole, Field(ge=1, le=65535)]
Rank = Annotated[Whole, Field(ge=0, le=65535)]
SipLogin = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~+*=-]{1,64}$")]
Password = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_secret)]
Expires = Annotated[Whole, Field(ge=60, le=86400, description="seconds")]
Interval = Annotated[
    Whole, Field(ge=0, le=3600, description="seconds between two OPTIONS; 0: none are sent")
]
OwnNetwork = Annotated[str, Field(max_length=64), AfterValidator(_network(WIDEST))]
AnyNetwork = Annotated[str, Field(max_length=64), AfterValidator(_network(None))]


class TargetFields(BaseModel):
    """A place that calls go to. A lower priority goes first; equals share by weight."""

    host: Host
    port: Annotated[
        Port | None,
        Field(description="without one, DNS names the servers of the host (RFC 3263)"),
    ] = None
    transport: Transport = Transport.UDP
    priority: Rank = USUAL_PRIORITY
    weight: Rank = USUAL_WEIGHT

    @model_validator(mode="after")
    def _with_port(self) -> Self:
        """Give an address its usual port: it has no servers to be looked up."""
        if self.port is None and is_address(self.host):
            self.port = DEFAULT_PORTS[self.transport.value]
        return self


Targets = Annotated[list[TargetFields], Field(max_length=MOST_TARGETS)]


def stored(values: dict[str, Any]) -> dict[str, Any]:
    """Give the values as rows keep them: enums by their words."""
    kept = dict(values)
    if kept.get("targets") is not None:
        kept["targets"] = [
            {**target, "transport": Transport(target["transport"]).value}
            for target in kept["targets"]
        ]
    if "transport" in kept:
        kept["transport"] = Transport(kept["transport"]).value
    return kept
