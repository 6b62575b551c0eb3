"""Reading an answer's body without letting it grow past its limit, also when compressed.

We decompress ourselves: a gzip of 10 kB may hold 10 MB, so the limit counts what comes out,
chunk by chunk, before it is made.
"""

import zlib
from typing import Protocol

from aiohttp import ClientResponse

from .faults import FetchTooLarge, FetchUnreachable

ENCODINGS = "gzip, deflate"
"""What we ask for, as Accept-Encoding."""

_CHUNK = 64 * 1024
_WINDOW = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class _Decoder(Protocol):
    def feed(self, data: bytes, room: int) -> bytes:
        """Decode; the answer may be one byte more than `room`, which says it is too much."""

    def finish(self) -> None:
        """Raise `FetchUnreachable` if more should have come."""


class _Identity:
    def feed(self, data: bytes, room: int) -> bytes:
        return data[: room + 1]

    def finish(self) -> None:
        pass


class _Inflate:
    def __init__(self, window: int) -> None:
        self._zlib = zlib.decompressobj(window)

    def feed(self, data: bytes, room: int) -> bytes:
        try:
            return self._zlib.decompress(data, room + 1)
        except zlib.error as error:
            raise FetchUnreachable(f"the answer is compressed badly: {error}") from None

    def finish(self) -> None:
        if not self._zlib.eof:
            raise FetchUnreachable("the answer was cut off")


async def read_body(response: ClientResponse, max_bytes: int) -> bytes:
    """Read it all, or raise `FetchTooLarge` at the first byte too much.

    Raises `FetchUnreachable` for a body cut off or in an encoding we did not ask for.
    """
    if (response.content_length or 0) > max_bytes:
        raise _too_large(max_bytes)
    decoder = _decoder_for(response.headers.get("Content-Encoding", ""))
    body = bytearray()
    raw = 0
    async for chunk in response.content.iter_chunked(_CHUNK):
        raw += len(chunk)
        body += decoder.feed(chunk, max_bytes - len(body))
        # Bytes that come to nothing count as well: a stream of empty blocks never ends.
        if max(len(body), raw) > max_bytes:
            raise _too_large(max_bytes)
    if raw:
        decoder.finish()
    return bytes(body)


def _decoder_for(encoding: str) -> _Decoder:
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return _Identity()
    if name in _WINDOW:
        return _Inflate(_WINDOW[name])
    raise FetchUnreachable(f"the answer is in an encoding we did not ask for: {name[:40]!r}")


def _too_large(max_bytes: int) -> FetchTooLarge:
    return FetchTooLarge(f"the answer is larger than {max_bytes:,} bytes")
