"""Your server decides what a caller hears: answer XML to whoever asks. Needs Python alone.

    python examples/call_flow_server.py 9000

Then set `call_flow_url` of a SIP control app to http://127.0.0.1:9000/. The platform sends the
numbers as `?from=%2B12015550123&to=12015550100`; with the method POST the whole call comes in
the body as JSON.
"""

import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape


def flow(caller: str) -> str:
    """Write the flow for a caller: the number is spoken digit by digit."""
    digits = ", ".join(character for character in caller if character.isdigit())
    words = f"You are calling from {digits}." if digits else "I do not know your number."
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Response><Say tag="number">{escape(words)}</Say><Hangup tag="told"/></Response>\n'
    )


class Handler(BaseHTTPRequestHandler):
    """Answers every GET and POST with a call flow."""

    def do_GET(self) -> None:
        """Answer the flow for the caller named in the query."""
        caller = parse_qs(urlsplit(self.path).query).get("from", [""])[0]
        body = flow(caller).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Take the call's JSON, and answer as to a GET."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()


def main() -> None:
    """Serve on the loopback, on the port given (0: any free one)."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
