"""What requests about leases say: how a lease is named, searched, changed and released."""

from typing import Annotated
from uuid import UUID

from fastapi import Path
from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, WithJsonSchema
from sqlalchemy import String, cast

from opentact.numbers.leases import Lease
from opentact.numbers.tn import parse_tn

from .fields import Changes, Flag
from .search import Filter, SearchSpec, equal, masked

UUID_LENGTH = 36


def _name(value: object) -> object:
    """Read a lease's uuid or its number; 36 characters are a uuid (spec/11 B8)."""
    if isinstance(value, str) and len(value) == UUID_LENGTH:
        return UUID(value)
    return value if isinstance(value, UUID) else parse_tn(value)


Named = Annotated[
    UUID | int,
    BeforeValidator(_name),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "uuid"},
                {"type": "string", "pattern": "^1[0-9]{10}$"},
            ]
        }
    ),
]
InPath = Annotated[Named, Path(description="the lease's uuid, or its number")]

SEARCH = SearchSpec(
    "TNLeaseSearch",
    {
        "tn": Filter(
            Annotated[str, BeforeValidator(lambda v: str(v) if type(v) is int else v)],
            lambda text: masked(cast(Lease.tn, String), text),
        ),
        "autorenew": equal(Lease.autorenew, Flag),
        "sip_connection": equal(Lease.sip_connection_uuid, UUID),
        "sip_connections": equal(Lease.sip_connection_uuid, UUID),
        "sip_control_app": equal(Lease.sip_control_app_uuid, UUID),
        "sip_control_apps": equal(Lease.sip_control_app_uuid, UUID),
        "messaging_profile": equal(Lease.messaging_profile_uuid, UUID),
        "tn_profile": equal(Lease.tn_profile_uuid, UUID),
    },
    {"tn": Lease.tn, "created_on": Lease.created_on, "modified_on": Lease.modified_on},
    Lease.uuid,
)


class LeaseUpdate(Changes):
    """What to change; `null` takes a connection, an app or a profile away."""

    voice: Flag | None = None
    sms: Flag | None = None
    mms: Flag | None = None
    fax: Flag | None = None
    emergency: Flag | None = None
    autorenew: Flag | None = None
    messaging_profile: UUID | None = Field(
        None, validation_alias=AliasChoices("messaging_profile", "messaging_profile_uuid")
    )
    sip_connection: UUID | None = None
    sip_control_app: UUID | None = Field(
        None, validation_alias=AliasChoices("sip_control_app", "sipcontrol_app")
    )
    tn_profile: UUID | None = None


class BulkRelease(BaseModel):
    """Leases to release: uuids or numbers, one or many."""

    item: Annotated[list[Named], Field(min_length=1, max_length=1_000)] | Named = Field(
        validation_alias=AliasChoices("item", "items")
    )
