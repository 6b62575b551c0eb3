"""What the fields of requests let through, and what they refuse."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from opentact.api import fields

GOOD: list[tuple[str, Any, Any]] = [
    ("Flag", True, True),
    ("Flag", "false", False),
    ("Whole", 7, 7),
    ("Whole", 7.0, 7),
    ("Count", 0, 0),
    ("Count", 2**31 - 1, 2**31 - 1),
    ("Amount", 0.5, 0.5),
    ("Line", "", ""),
    ("Line", "x" * 255, "x" * 255),
    ("Line", "\U0001f41d", "\U0001f41d"),
    ("Name", "x", "x"),
    ("WebUrl", "https://example.com:8443/a?b=c#d", "https://example.com:8443/a?b=c#d"),
    ("WebUrl", "http://[::1]/x", "http://[::1]/x"),
    ("IpAddress", "192.0.2.7", "192.0.2.7"),
    ("IpAddress", "2001:DB8:0::1", "2001:db8::1"),
    ("Hostname", "pbx-1.example.com", "pbx-1.example.com"),
]
NO_FLAGS: list[Any] = ["yes", "True", 1, 0, None, [], ""]
NO_WHOLES: list[Any] = [True, "7", 7.5, None, [], float("nan"), float("inf")]
BAD: list[tuple[str, Any]] = [
    *(("Flag", value) for value in NO_FLAGS),
    *(("Whole", value) for value in NO_WHOLES),
    *(("Count", value) for value in (-1, 2**31, 2**200, 1e300)),
    *(("Amount", value) for value in (-0.01, True, "1", 10**10, float("nan"), float("inf"))),
    *(("Line", value) for value in ("x" * 256, "\0", "a\ud800", 7, None)),
    ("Name", ""),
    *(
        ("WebUrl", value)
        for value in (
            "example.com/path",
            "ftp://example.com/",
            "javascript:alert(1)",
            "http:///nowhere",
            "http://a b.example/",
            "http://example.com:0/",
            "http://example.com:99999/",
            "http://[::1/",
            "http://example.com/\n",
            "http://example.com/\0",
            "https://example.com/" + "x" * 2048,
        )
    ),
    *(("IpAddress", value) for value in ("300.1.1.1", "localhost", "1", "1.2.3.4/24")),
    *(("Hostname", value) for value in ("", "-a.example", "a..b", "a b", "x" * 254, "a/b", "é")),
]


@pytest.mark.parametrize(("kind", "value", "read"), GOOD)
def test_what_is_meant_is_read(kind: str, value: Any, read: Any) -> None:
    assert TypeAdapter(getattr(fields, kind)).validate_python(value) == read


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_nonsense_is_refused_and_never_turned_into_sense(kind: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(getattr(fields, kind)).validate_python(value)
