"""The small grammar that SIP headers share: tokens, quoted strings, lists and parameters.

RFC 3261 section 25.1. Everything here is linear in the length of its input, whatever that is.
"""

import re

TOKEN_CHARS = r"A-Za-z0-9\-.!%*_+`'~"  # noqa: S105 - a token of the grammar, not of access

Params = tuple[tuple[str, str | None], ...]
"""Parameters in their order: names in lower case, values as written (quotes kept)."""

_TOKEN = re.compile(rf"[{TOKEN_CHARS}]+")
_MARKS = re.compile(r'[",<>\\]')
_PARAM = re.compile(
    rf';\s*([{TOKEN_CHARS}]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s;,"<>]+)\s*)?', re.DOTALL
)


def is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def split_list(value: str) -> list[str]:
    """Split at the commas that are outside of quotes and angle brackets.

    Raises ValueError when a quote or a bracket is left open.
    """
    if "," not in value:
        return [value.strip()]
    parts: list[str] = []
    start, escaped = 0, -1
    quoted = angled = False
    for mark in _MARKS.finditer(value):
        at, char = mark.start(), mark.group()
        if at == escaped:
            continue
        if quoted:
            if char == "\\":
                escaped = at + 1
            quoted = char != '"'
        elif char == '"':
            quoted = not angled
        elif char in "<>":
            angled = char == "<"
        elif char == "," and not angled:
            parts.append(value[start:at].strip())
            start = at + 1
    if quoted or angled:
        raise ValueError(f"a quote or bracket is left open in {value[:80]!r}")
    return [*parts, value[start:].strip()]


def parse_params(text: str) -> Params:
    """Read `;name=value;flag`; an empty text has none. Raises ValueError for anything else."""
    params: list[tuple[str, str | None]] = []
    at, end = 0, len(text)
    while at < end:
        match = _PARAM.match(text, at)
        if match is None:
            raise ValueError(f"not a parameter: {text[at : at + 40]!r}")
        params.append((match[1].lower(), match[2]))
        at = match.end()
    return tuple(params)


def print_params(params: Params) -> str:
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in params)


def find_param(params: Params, name: str) -> str | None:
    """Value of the first parameter of this name; "" when it has no value, None when absent."""
    for found, value in params:
        if found == name:
            return value or ""
    return None


def unquote(text: str) -> str:
    """Take the quotes and backslashes off a quoted string; other text stays as it is."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    return text


def quote(text: str) -> str:
    """Write the text as a quoted string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def readable(text: str) -> str:
    """Replace what was no UTF-8 on the wire, so that the text can be shown and stored."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
