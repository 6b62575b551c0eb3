"""One second of a tone, served by HTTP: what the benches of calls have played."""

import io
import wave
from http.server import BaseHTTPRequestHandler

import numpy as np


class Sound(BaseHTTPRequestHandler):
    """Answers one second of a tone, whatever is asked."""

    def do_GET(self) -> None:
        body = tone()
        self.send_response(200)
        self.send_header("Content-Type", "audio/wav")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def tone() -> bytes:
    times = np.arange(8_000) / 8_000
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes((8_000 * np.sin(2 * np.pi * 440 * times)).astype("<i2").tobytes())
    return out.getvalue()
