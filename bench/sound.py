"""Sounds, served by HTTP: what the benches of calls have played."""

import io
import wave
from http.server import BaseHTTPRequestHandler

import numpy as np
from numpy.typing import NDArray


class Sound(BaseHTTPRequestHandler):
    """Answers one second of a tone, whatever is asked."""

    def sound(self) -> bytes:
        return wav((8_000 * np.sin(2 * np.pi * 440 * np.arange(8_000) / 8_000)).astype("<i2"))

    def do_GET(self) -> None:
        body = self.sound()
        self.send_response(200)
        self.send_header("Content-Type", "audio/wav")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def wav(samples: NDArray[np.int16]) -> bytes:
    """Write a WAV file of one channel at 8 kHz."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()
