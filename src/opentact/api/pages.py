"""What a person sees who opens the server in a browser: what this is, and what to do next.

Everything comes from this server: no page asks another host for anything, so they work without
a network (docs/decisions/0041).
"""

import html
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse

from opentact import __version__
from opentact.kit.faults import NotFound

from . import documents
from .envelope import ok
from .services import Inject, Services

_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_ASSETS: Final[Mapping[str, str]] = {
    "style.css": "text/css; charset=utf-8",
    "reference.css": "text/css; charset=utf-8",
    "reference.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}
_STATIC = Path(__file__).parent / "static"
HEAD_TOO: Final = ["GET", "HEAD"]

router = APIRouter(include_in_schema=False)


class NoSuchPage(NotFound):
    """There is no such page: see `/docs/guide` for those there are."""

    code = "no_such_page"


@router.api_route("/", methods=HEAD_TOO)
async def home(request: Request, services: Inject) -> Response:
    """Say what this is: to a browser in HTML, to a program in JSON."""
    if wants_html(request.headers.get("accept", "")):
        body = _template("home.html").substitute(
            version=html.escape(__version__),
            url=html.escape(services.public_url),
            socket=html.escape(_socket(services)),
        )
        answer: Response = _page("opentact", body)
    else:
        answer = ok(_summary(services))
    answer.headers["Vary"] = "Accept"
    return answer


@router.api_route("/docs", methods=HEAD_TOO)
async def reference() -> Response:
    """Show the API, interactively."""
    return HTMLResponse(_template("reference.html").template, headers=_HEADERS)


@router.api_route("/docs/assets/{name}", methods=HEAD_TOO)
async def asset(name: str) -> Response:
    """Serve what the pages are made of."""
    if name not in _ASSETS:
        raise NoSuchPage
    headers = {**_HEADERS, "Cache-Control": "public, max-age=3600"}
    return Response(_asset(name), media_type=_ASSETS[name], headers=headers)


@router.api_route("/docs/errors", methods=HEAD_TOO)
async def error_page() -> Response:
    """Explain every code of a refusal; `doc_url` leads here."""
    return _document("reference", "errors")


@router.api_route("/docs/guide", methods=HEAD_TOO)
async def guide() -> Response:
    """List the pages there are."""
    parts = ["<h1>Guide and reference</h1>"]
    for section in documents.SECTIONS:
        items = "".join(_listed(section, entry) for entry in documents.pages(section))
        parts.append(f'<h2>{section.capitalize()}</h2><ul class="pages">{items}</ul>')
    return _page("Guide", "".join(parts))


@router.api_route("/docs/events/{name}.json", methods=HEAD_TOO)
async def event(name: str) -> Response:
    """Show the example of an event that the guide links to."""
    found = documents.event(name)
    if found is None:
        raise NoSuchPage
    return Response(found, media_type="application/json", headers=_HEADERS)


@router.api_route("/docs/{section}/{name}", methods=HEAD_TOO)
async def document(section: str, name: str) -> Response:
    """Show a page of the guide or of the reference; `name.md` leads to `name`."""
    if name.endswith(".md"):
        return RedirectResponse(f"/docs/{section}/{name.removesuffix('.md')}", 308)
    return _document(section, name)


@router.api_route("/llms.txt", methods=HEAD_TOO)
async def for_language_models() -> Response:
    """Say in a few lines what is where, for programs that read text."""
    return PlainTextResponse(_template("llms.txt").template)


def wants_html(accept: str) -> bool:
    """Tell whether HTML is named before JSON; a client that takes anything gets JSON."""
    qualities = {"text/html": 0.0, "application/json": 0.0}
    for item in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        if kind in qualities:
            qualities[kind] = _quality(parameters)
    return qualities["text/html"] > qualities["application/json"]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _summary(services: Services) -> dict[str, str]:
    url = services.public_url
    return {
        "name": "opentact",
        "description": "Phone numbers, calls and call flows behind one API that you run yourself",
        "version": __version__,
        "api": f"{url}/docs",
        "openapi": f"{url}/openapi.json",
        "guide": f"{url}/docs/guide",
        "errors": f"{url}/docs/errors",
        "health": f"{url}/health",
        "events": _socket(services),
        "next": f"curl {url}/rest/user -H 'X-Auth-Token: <token of credentials.json>'",
    }


def _socket(services: Services) -> str:
    return f"ws{services.public_url.removeprefix('http')}/ws"


def _document(section: str, name: str) -> Response:
    found = documents.page(section, name)
    if found is None:
        raise NoSuchPage
    title, body = found
    return _page(title, body)


def _listed(section: str, entry: documents.Entry) -> str:
    link = f'<a href="/docs/{section}/{entry.name}">{html.escape(entry.title)}</a>'
    return f'<li>{link}<br><span class="quiet">{html.escape(entry.about)}</span></li>'


def _page(title: str, body: str) -> HTMLResponse:
    text = _template("page.html").substitute(title=html.escape(title), body=body)
    return HTMLResponse(text, headers=_HEADERS)


@lru_cache(maxsize=16)
def _template(name: str) -> Template:
    return Template((_STATIC / name).read_text(encoding="utf-8"))


@lru_cache(maxsize=16)
def _asset(name: str) -> bytes:
    if name.startswith("swagger-ui"):
        return (files("fastapi_offline") / "static" / name).read_bytes()
    return (_STATIC / name).read_bytes()
