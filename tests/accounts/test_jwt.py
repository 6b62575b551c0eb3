"""Login tokens: ours, whole and young, or nobody's."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from opentact.accounts.jwt import LIFE_S, JwtIssuer

NOON = datetime(2024, 1, 16, 12, tzinfo=UTC)
SECRET = b"0123456789abcdef0123456789abcdef"
ANN = UUID(int=7)
ISSUER = JwtIssuer(SECRET)
TOKEN = ISSUER.issue(ANN, "User", NOON)


def test_it_tells_whose_it_is_for_a_day() -> None:
    assert ISSUER.read(TOKEN, NOON + timedelta(seconds=LIFE_S - 1)) == ANN
    assert ISSUER.read(TOKEN, NOON + timedelta(seconds=LIFE_S)) is None


def test_another_platforms_token_is_nobodys() -> None:
    assert JwtIssuer(b"x" * 32).read(TOKEN, NOON) is None


@pytest.mark.parametrize("part", [0, 1, 2])
def test_an_altered_one_is_nobodys(part: int) -> None:
    parts = TOKEN.split(".")
    parts[part] = parts[part][:-2] + ("AA" if parts[part][-2:] != "AA" else "BB")
    assert ISSUER.read(".".join(parts), NOON) is None


def test_one_that_is_not_signed_is_nobodys() -> None:
    header = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    assert ISSUER.read(f"{header}.{TOKEN.split('.')[1]}.", NOON) is None


@pytest.mark.parametrize(
    "claims", [{}, {"exp": 9e9}, {"exp": "soon", "uuid": str(ANN)}, {"exp": 9e9, "uuid": "ann"}]
)
def test_ours_with_claims_that_are_not_is_nobodys(claims: dict[str, object]) -> None:
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
    assert ISSUER.read(token, NOON) is None


@given(st.text())
def test_any_text_is_read_or_nobodys(text: str) -> None:
    assert ISSUER.read(text, NOON) is None
    assert ISSUER.read(f"{text}.{text}.{text}", NOON) is None
