"""A carrier as it is asked for, and what of it must fit together."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from opentact.kit.faults import BadField, BadRequest
from opentact.voice.carriers import Carrier
from opentact.voice.trunk_ways import USUAL_PRIORITY

from .fields import Changes, Flag, Name, Whole
from .trunk_fields import (
    MOST_NETWORKS,
    AnyNetwork,
    Expires,
    Interval,
    Password,
    Rank,
    SipLogin,
    Targets,
    stored,
)


class RouteFields(BaseModel):
    """Numbers that the carrier carries: with this prefix, of this product or of any."""

    prefix: Annotated[str, Field(pattern=r"^[0-9]{0,15}$")] = ""
    priority: Rank = USUAL_PRIORITY
    product: Annotated[Whole, Field(ge=1, le=1024)] | None = None


class CarrierFields(BaseModel):
    """A carrier's fields. Null takes a login away."""

    targets: Targets = []
    networks: Annotated[list[AnyNetwork], Field(max_length=MOST_NETWORKS)] = []
    routes: Annotated[list[RouteFields], Field(max_length=1000)] = []
    username: SipLogin | None = None
    password: Password | None = None
    register_: Annotated[Flag, Field(alias="register")] = False
    expires: Expires = 3600
    options_interval_s: Interval = 30
    is_active: Flag = True

    def columns(self, *, only_set: bool = False) -> dict[str, Any]:
        """Give the columns; `only_set` leaves out what the client did not send."""
        return stored(self.model_dump(exclude_unset=only_set, by_alias=True))


class CarrierNew(CarrierFields):
    """A new carrier. Without routes it carries nothing, and only delivers."""

    name: Name


class CarrierUpdate(CarrierFields, Changes):
    """What to change of a carrier."""

    name: Name = ""


def check(carrier: Carrier) -> None:
    """Refuse what does not fit together, naming every field."""
    fields: dict[str, BadField] = {}
    if carrier.routes and not carrier.targets:
        fields["params.targets"] = BadField("required: routes lead to them")
    if carrier.register and not carrier.targets:
        fields["params.targets"] = BadField("required: registrations go to them")
    if (carrier.register or carrier.password) and not carrier.username:
        fields["params.username"] = BadField("required with register or password")
    if carrier.username and not carrier.password:
        fields["params.password"] = BadField("required with username")
    if fields:
        names = ", ".join(name.removeprefix("params.") for name in fields)
        raise BadRequest(f"The carrier needs also: {names}", fields=fields)
