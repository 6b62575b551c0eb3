"""/calls/{uuid}: the page that explains a call to a person, by the signed link of its events.

Drawn here, without scripts: a ladder in SVG, the moments as a list, and what to change. Whatever
comes from the wire is escaped; whole messages are not shown (docs/decisions/0099).
"""

import html
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from opentact.voice.timeline.ladder import Ladder, Rung, ladder_of

from .services import Inject
from .timelines import material_of
from .wire.timelines import TimelineOut, timeline_out

router = APIRouter(include_in_schema=False)
COLUMN, ROW, LEFT, TOP = 190, 24, 90, 40
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}
svg{font:12px ui-monospace,monospace;max-width:100%}line{stroke:#999}.a{stroke:#06c}
table{border-collapse:collapse}td{padding:.15rem .8rem .15rem 0;vertical-align:top}
td:first-child{font-family:ui-monospace,monospace;white-space:nowrap;text-align:right}
.f{background:#fff4e5;border-left:4px solid #c60;padding:.6rem 1rem}.end{font-weight:600}
.rule,.note{color:#b00}.flow{color:#808}.digit,.money{color:#960}.media,.recording{color:#070}
"""


@router.get("/calls/{uuid}")
async def page(
    uuid: UUID,
    expires: Annotated[int, Field(ge=0, lt=2**53)],
    signature: str,
    services: Inject,
) -> Response:
    """Explain a call to whoever has its signed link."""
    services.call_links.check(uuid, expires, signature, services.clock.now())
    async with services.database.read() as session:
        material = await material_of(session, services, uuid, None)
    return HTMLResponse(drawn(timeline_out(material)), headers=_HEADERS)


def drawn(timeline: TimelineOut) -> str:
    """Write the page."""
    first, moments = timeline["legs"][0], timeline["moments"]
    title = html.escape(f"{first['from']} calls {first['to']}")
    ended = f"Ended: {timeline['reason']}. To blame: {timeline['blame']}."
    state = html.escape(ended if timeline["reason"] else "The call is still on; reload for more.")
    findings = "".join(
        f"<p class=f>{html.escape(f['text'])} <b>Change:</b> <code>{html.escape(f['setting'])}"
        f"</code>, on {html.escape(f['where'])}.</p>"
        for f in timeline["findings"]
    )
    rows = "".join(_row(moment) for moment in moments)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
        f"<h1>{title}</h1><p>Began {timeline['began_on']}. <b>{state}</b></p>{findings}"
        f"{_svg(ladder_of(moments))}<h2>Moment by moment</h2><table>{rows}</table></html>"
    )


def _row(moment: dict[str, Any]) -> str:
    kind, text = html.escape(moment["kind"]), html.escape(moment["text"])
    seconds = f"{moment['offset_ms'] / 1000:.3f} s"
    return f"<tr class='{kind}'><td>{seconds}<td>{kind}<td>{text}"


def _svg(ladder: Ladder) -> str:
    arrows = [rung for rung in ladder.rungs if rung.from_ is not None]
    if not arrows:
        return ""
    width = LEFT + COLUMN * len(ladder.columns)
    height = TOP + ROW * (len(arrows) + 1)
    parts = [
        f"<text x={_x(column)} y=16 text-anchor=middle>{html.escape(name)}</text>"
        f"<line x1={_x(column)} y1=24 x2={_x(column)} y2={height} />"
        for column, name in enumerate(ladder.columns)
    ]
    parts += [_arrow(rung, TOP + ROW * (number + 1)) for number, rung in enumerate(arrows)]
    return (
        f"<svg role=img aria-label='The SIP messages as a ladder' width={width} height={height}"
        f" viewBox='0 0 {width} {height}'>{''.join(parts)}</svg>"
    )


def _arrow(rung: Rung, y: int) -> str:
    start, end = _x(rung.from_ or 0), _x(rung.to or 0)
    back = -7 if end > start else 7
    name, time = html.escape(rung.name), f"{rung.offset_ms / 1000:.3f}"
    return (
        f"<text x=4 y={y + 4}>{time}</text>"
        f"<line class=a x1={start} y1={y} x2={end} y2={y} />"
        f"<path class=a fill='#06c' d='M{end} {y} l{back} -4 v8 z'/>"
        f"<text x={(start + end) // 2} y={y - 4} text-anchor=middle>{name}"
        f"<title>{html.escape(rung.text)}</title></text>"
    )


def _x(column: int) -> int:
    return LEFT + COLUMN * column + COLUMN // 2
