"""Types of request fields that more than one resource has.

They refuse what JSON lets through but no column should hold: NUL (PostgreSQL stores none), half
of a surrogate pair, a boolean where a number is meant. Strings "true" and "false" pass for
booleans, because the platform's own documents print them so.
"""

from ipaddress import ip_address
from typing import Annotated, Any, TypeGuard
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from opentact.numbers.countries import countries

MOST_INT = 2**31 - 1  # what an integer column holds
MOST_MONEY = 10**9
_NO_NUL = {"pattern": r"^[^\u0000]*$"}


def sound(text: str) -> str:
    """Refuse characters that cannot be stored or sent."""
    if "\0" in text:
        raise ValueError("holds the character U+0000, which cannot be stored")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a surrogate pair, which is no character") from None
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(sound(text))
        told = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        told = None
    if not told or any(c.isspace() or ord(c) < ord(" ") for c in text):
        raise ValueError("expected a URL such as https://example.com/path")
    return text


def _flag(value: object) -> object:
    if isinstance(value, bool):
        return value
    words: dict[object, bool] = {"true": True, "false": False}
    if isinstance(value, str) and value in words:
        return words[value]
    raise ValueError("expected true or false")


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: object) -> object:
    if _is_number(value):
        return value
    raise ValueError("expected a number")


def _whole(value: object) -> object:
    if _is_number(value) and not value % 1:
        return value
    raise ValueError("expected a whole number")


def _ip(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError("expected an IP address such as 192.0.2.7") from None


_Flag: dict[str, Any] = {
    "anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["true", "false"]}]
}

Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema(_Flag)]
Whole = Annotated[int, BeforeValidator(_whole)]
Count = Annotated[Whole, Field(ge=0, le=MOST_INT)]
Pace = Annotated[Whole, Field(ge=1, le=MOST_INT)]
Amount = Annotated[float, BeforeValidator(_number), Field(ge=0, le=MOST_MONEY)]
Line = Annotated[str, Field(max_length=255, json_schema_extra=_NO_NUL), AfterValidator(sound)]
Name = Annotated[Line, Field(min_length=1)]
WebUrl = Annotated[str, Field(min_length=10, max_length=2048), AfterValidator(_url)]
ShortWebUrl = Annotated[str, Field(min_length=10, max_length=255), AfterValidator(_url)]
IpAddress = Annotated[str, Field(min_length=2, max_length=45), AfterValidator(_ip)]
Hostname = Annotated[
    str,
    Field(
        max_length=253,
        pattern=r"^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$",
    ),
]


def _country(code: str) -> str:
    code = code.upper()
    if code not in countries():
        raise ValueError("expected a country's two letters, such as US")
    return code


def _dialling(prefix: str) -> str:
    digits = prefix.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS):
        raise ValueError("expected the first digits of numbers, such as 88216")
    return digits


MOST_DIGITS = 15  # ITU-T E.164 6
Country = Annotated[str, AfterValidator(_country)]
Countries = Annotated[list[Country], Field(max_length=300)]
OpenPrefixes = Annotated[list[Annotated[str, AfterValidator(_dialling)]], Field(max_length=100)]


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


class Changes(BaseModel):
    """The base of PATCH bodies: what is left out stays, whatever its default elsewhere."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)


class TnLeasesAssign(BaseModel):
    """Numbers to point here and numbers to point nowhere, by the uuids of their leases."""

    add: Annotated[list[UUID], Field(max_length=1000)] = []
    remove: Annotated[list[UUID], Field(max_length=1000)] = []
