"""How leases are named and what may be changed of them."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from opentact.api.lease_bodies import Named
from support.numbers import FIRST

NAMED: TypeAdapter[Any] = TypeAdapter(Named)
UUID_TEXT = "018d2e5c-7a7e-7d3f-9c52-0d4f0a9b1c2d"


@pytest.mark.parametrize("text", [str(FIRST), f"+{FIRST}"])
def test_a_number_names_its_lease(text: str) -> None:
    assert NAMED.validate_python(text) == FIRST


@pytest.mark.parametrize("text", [UUID_TEXT, UUID_TEXT.upper()])
def test_a_uuid_names_a_lease(text: str) -> None:
    assert NAMED.validate_python(text) == UUID(UUID_TEXT)


@pytest.mark.parametrize("text", ["", "x", "9" * 400, "x" * 36, "\0", "1202555010", UUID_TEXT[1:]])
def test_anything_else_names_nothing(text: str) -> None:
    with pytest.raises(ValidationError):
        NAMED.validate_python(text)
