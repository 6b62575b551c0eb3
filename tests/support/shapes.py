"""What the wire's shapes document, and what never goes out whatever the shape."""

import json
from typing import Any

SECRETS = ("password", "token", "hash", "secret")


def members(shape: Any) -> set[str]:
    """Tell the members of a TypedDict, inherited ones too."""
    return set(shape.__annotations__)


def tells_a_secret(written: object, *, but: tuple[str, ...] = ()) -> list[str]:
    """List the names that sound like a secret anywhere in what is written."""
    names: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names.extend(name for name, _ in pairs)
        return dict(pairs)

    json.loads(json.dumps(written), object_pairs_hook=note)
    return [n for n in names if n not in but and any(word in n.lower() for word in SECRETS)]
