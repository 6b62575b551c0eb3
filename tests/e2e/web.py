"""A customer's web server: call flows and sounds, and what it was asked for."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.peers import LOOPBACK


@dataclass(frozen=True)
class Page:
    """What a path answers. `hangs` seconds go by before."""

    body: bytes = b""
    kind: str = "application/xml"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hangs: float = 0.0


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes


class Web:
    """`pages` by path; `asked` in order."""

    def __init__(self, port: int, pages: dict[str, Page]) -> None:
        self.url = f"http://{LOOPBACK}:{port}"
        self.pages = pages
        self.asked: list[Asked] = []

    def requests(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]


@contextmanager
def web(**pages: Page) -> Iterator[Web]:
    """Serve pages by name; anything else is 404."""
    site: Web

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            site.asked.append(Asked(self.command, parts.path, parse_qs(parts.query), body))
            page = site.pages.get(parts.path[1:], Page(b"not here", "text/plain", 404))
            time.sleep(page.hangs)
            self.send_response(page.status)
            self.send_header("Content-Type", page.kind)
            self.send_header("Content-Length", str(len(page.body)))
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(page.body)
            except OSError:
                self.close_connection = True  # whoever asked has had enough

        do_GET = do_POST = _serve  # noqa: N815 - the standard library's names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    site = Web(server.server_port, dict(pages))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def until(met: Any, seconds: float = 10.0) -> Any:
    """Wait until the awaited function gives something true, and return it."""
    async with asyncio.timeout(seconds):
        while not (found := await met()):  # noqa: ASYNC110 - what is awaited is in another process
            await asyncio.sleep(0.05)
        return found
