"""The three bodies an order has had: of 2020, 2021 and 2024 (spec/03; spec/11 B2)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema

from opentact.kit.faults import BadField, BadRequest
from opentact.numbers.features import Feature
from opentact.numbers.orders import MOST_ITEMS, Wish
from opentact.numbers.profiles import DEFAULT
from opentact.numbers.tn import parse_tn

from .fields import Flag, sound

Tn = Annotated[
    int,
    BeforeValidator(parse_tn),
    WithJsonSchema({"type": "integer", "minimum": 12002000000, "maximum": 19999999999}),
]
Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(sound)]


class ItemNew(BaseModel):
    """One number, as orders of today name it."""

    tn: Tn
    features: Annotated[list[Literal["voice", "sms"]], Field(max_length=2)]
    autorenew: Flag

    def wish(self) -> Wish:
        """Say it in our own words."""
        return Wish(self.tn, _in_order({Feature(name) for name in self.features}), self.autorenew)


class OrderNew(BaseModel):
    """An order of today (2024)."""

    items: Annotated[list[ItemNew], Field(min_length=1, max_length=MOST_ITEMS)]

    def wishes(self) -> list[Wish]:
        """Say them in our own words."""
        return [item.wish() for item in self.items]


class Switches(BaseModel):
    """Features as switches. Fax, mms and emergency are kept, cost nothing and do nothing (B11)."""

    voice: Flag = True
    sms: Flag = True
    mms: Flag = False
    fax: Flag = False
    emergency: Flag = False
    autorenew: Flag = True

    def switched_on(self) -> tuple[Feature, ...]:
        """Tell the features that are on."""
        return _in_order({feature for feature in Feature if getattr(self, feature.value)})


class OldItem(Switches):
    """One number, as orders of 2021 name it."""

    tn: Tn
    features: list[Literal["voice", "sms"]] | None = None
    profile: Name = DEFAULT

    def wish(self) -> Wish:
        """Say it in our own words."""
        if self.features is None:
            return Wish(self.tn, self.switched_on(), self.autorenew)
        return Wish(self.tn, _in_order({Feature(name) for name in self.features}), self.autorenew)


class OldOrder(Switches):
    """An order of 2020 (`tns` and switches for all) or of 2021 (`items` with their own)."""

    tns: Annotated[list[Tn], Field(max_length=MOST_ITEMS)] = []
    items: Annotated[list[OldItem], Field(max_length=MOST_ITEMS)] = []
    profile: Name = DEFAULT
    sip_connection: UUID | None = None
    sip_control_app: UUID | None = None

    def wishes(self) -> list[Wish]:
        """Say them in our own words; exactly one of `tns` and `items` must name numbers."""
        if bool(self.tns) == bool(self.items):
            what = "name numbers in tns or in items, not in both"
            raise BadRequest(
                f"Wrong value for: tns, items ({what})",
                fields={"params.tns": BadField(what), "params.items": BadField(what)},
            )
        if self.items:
            return [item.wish() for item in self.items]
        return [Wish(tn, self.switched_on(), self.autorenew) for tn in self.tns]

    def profiles(self) -> set[str]:
        """Tell every profile that is named."""
        return {self.profile, *(item.profile for item in self.items)}

    def request(self) -> dict[str, Any]:
        """Echo what was asked, with the usual values filled in."""
        return self.model_dump(mode="json", exclude_none=True, exclude=self._other())

    def _other(self) -> set[str]:
        if self.tns:
            return {"items"}
        return {"tns", "profile", *(set(Switches.model_fields))}


def _in_order(features: set[Feature]) -> tuple[Feature, ...]:
    return tuple(feature for feature in Feature if feature in features)
