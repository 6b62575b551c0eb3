"""A timeline as a ladder: a column for each peer, ourselves in one, an arrow for each message.

Values only: the terminal prints them, the page draws them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

US = "opentact"
MOST_PEERS = 6  # columns a person can follow; the rest share the last one
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Rung:
    """One line. Arrows have `from_` and `to` (columns by number); the others only their text."""

    offset_ms: int
    kind: str
    text: str
    from_: int | None = None
    to: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Columns and rungs."""

    columns: tuple[str, ...]
    rungs: tuple[Rung, ...]


def ladder_of(moments: Sequence[Mapping[str, Any]]) -> Ladder:
    """Lay out moments as `GET /rest/call/{uuid}/timeline` gives them; who speaks first is left."""
    peers = list(dict.fromkeys(str(m["peer"]) for m in moments if m["kind"] == "sip"))
    left, right = peers[:1], peers[1:MOST_PEERS]
    columns = [*left, US, *right]
    if len(peers) > MOST_PEERS:
        columns.append(OTHERS)
    us = columns.index(US)
    return Ladder(tuple(columns), tuple(_rung(moment, columns, us) for moment in moments))


def printed_ladder(ladder: Ladder, *, width: int = 22) -> list[str]:
    """Draw it with letters, one line for each rung."""
    head = " " * 10 + "".join(_short(name, width).center(width) for name in ladder.columns)
    return [head.rstrip(), *(_line(rung, len(ladder.columns), width) for rung in ladder.rungs)]


def _rung(moment: Mapping[str, Any], columns: Sequence[str], us: int) -> Rung:
    offset, kind, text = int(moment["offset_ms"]), str(moment["kind"]), str(moment["text"])
    if kind != "sip":
        return Rung(offset, kind, text)
    peer = str(moment["peer"])
    there = columns.index(peer) if peer in columns else len(columns) - 1
    name = str(moment["name"]) + (" again" if moment.get("repeated") else "")
    ends = (us, there) if moment["direction"] == "out" else (there, us)
    return Rung(offset, kind, text, *ends, name)


def _line(rung: Rung, columns: int, width: int) -> str:
    time = f"{rung.offset_ms / 1000:8.3f}  "
    if rung.from_ is None or rung.to is None:
        return f"{time}  {rung.kind:<10}{rung.text}"
    cells = [" "] * (columns * width)
    for column in range(columns):
        cells[column * width + width // 2] = "|"
    first, last = sorted((rung.from_, rung.to))
    start, end = first * width + width // 2 + 1, last * width + width // 2
    cells[start:end] = _arrow(rung.name, end - start, rightwards=rung.from_ < rung.to)
    return (time + "".join(cells)).rstrip()


def _arrow(name: str, length: int, *, rightwards: bool) -> str:
    shown = f" {_short(name, length - 4)} ".center(length - 1, "-")
    return f"{shown}>" if rightwards else f"<{shown}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
