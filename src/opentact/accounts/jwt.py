"""The JWT that a login hands out: HS256, `{uuid, role, domain, iat, exp}`, one day (spec/01)."""

from datetime import datetime
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

LIFE_S = 86_400
DOMAIN = "opentact.org"


class JwtIssuer:
    """Signs and reads login tokens with the platform's secret."""

    def __init__(self, secret: bytes) -> None:
        """`secret` has at least 32 bytes and is the same on every node."""
        self._key = OctKey.import_key(secret)

    def issue(self, user: UUID, role: str, now: datetime) -> str:
        """Make a token for the user that lives a day from `now`."""
        issued = int(now.timestamp())
        claims = {
            "uuid": str(user),
            "role": role,
            "domain": DOMAIN,
            "iat": issued,
            "exp": issued + LIFE_S,
        }
        return jwt.encode({"alg": "HS256"}, claims, self._key)

    def read(self, token: str, now: datetime) -> UUID | None:
        """Tell whose token it is; None if it is not ours, was altered, or is over."""
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
            if int(claims["exp"]) <= now.timestamp():
                return None
            return UUID(str(claims["uuid"]))
        except (JoseError, KeyError, ValueError, TypeError):
            return None
