"""Request fields that SIP connections, control apps and outbound voice profiles share.

Every spelling the platform's documents ever printed is read; answers use the right one
(spec/11 C8).
"""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AliasChoices, BaseModel, Field

from .fields import Flag, Line, Whole


class MediaType(StrEnum):
    """How media passes a trunk (spec/12, EClass4MediaType)."""

    BYPASS = "Bypass Media"
    TRANSCODE = "Proxy Media + Transcoding"
    PROXY = "Proxy Media"


class TrunkSettings(BaseModel):
    """Settings of a trunk."""

    media_type: MediaType = MediaType.PROXY


Product = Annotated[Whole, Field(ge=1, le=1024, description="id of a SIP product")]
Subdomain = Annotated[Line, Field(min_length=3)]
VerifyPolicy = Annotated[
    Whole,
    Field(
        ge=0,
        le=3,
        description="0 do not check, 1 block without identity, 2 block a bad one, 3 only report",
    ),
]
Ingress = Annotated[
    TrunkSettings,
    Field(
        validation_alias=AliasChoices(
            "class4_ingress_trunk_settings", "class4_ingress_trunk_stings"
        )
    ),
]
Egress = Annotated[
    TrunkSettings,
    Field(
        validation_alias=AliasChoices("class4_egress_trunk_settings", "class4_egress_trunk_stings")
    ),
]


class Columns(BaseModel):
    """A body whose fields are columns, some under another name."""

    renamed: ClassVar[dict[str, str]] = {"product": "product_id"}

    def columns(self, *, only_set: bool = False) -> dict[str, Any]:
        """Give the columns; `only_set` leaves out what the client did not send."""
        values = self.model_dump(exclude_unset=only_set, mode="python")
        return {self.renamed.get(name, name): value for name, value in values.items()}


class EndpointFields(Columns):
    """What connections and control apps have in common."""

    renamed: ClassVar[dict[str, str]] = {
        "product": "product_id",
        "outbound_voice_profile": "outbound_voice_profile_uuid",
    }

    is_active: Flag = True
    product: Product | None = None
    subdomain: Subdomain | None = None
    outbound_voice_profile: UUID | None = None
    class4_ingress_trunk_settings: Ingress = TrunkSettings()
    class4_egress_trunk_settings: Egress = TrunkSettings()
    shaken_verify_policy: Annotated[
        VerifyPolicy,
        Field(validation_alias=AliasChoices("shaken_verify_policy", "shake_verify_policy")),
    ] = 0
    shaken_minimum_accepted_attest_lvl: Literal["A", "B", "C"] = "C"
