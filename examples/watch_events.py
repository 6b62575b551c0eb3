"""Print every event as it happens, and miss none when the connection breaks.

Needs the package `websockets`, which opentact brings along.

    OPENTACT_TOKEN=... python examples/watch_events.py
"""

import asyncio
import json
import os
import sys
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

URL = os.environ.get("OPENTACT_URL", "http://127.0.0.1:8080")


class LoginError(Exception):
    """The token was not taken; trying again would not help."""


def show(frame: dict[str, Any]) -> None:
    """Print one event on one line, at once."""
    print(f"{frame['timestamp']}  {frame['type']:<12} {frame['message']}", flush=True)


async def watch(after: str | None) -> str | None:
    """Listen until the connection ends; return the last event that was dealt with."""
    hello = {"type": "auth", "payload": os.environ["OPENTACT_TOKEN"]}
    if after:
        hello["after"] = after
    async with connect(f"ws{URL.removeprefix('http')}/ws") as socket:
        await socket.send(json.dumps(hello))
        welcome = json.loads(await socket.recv())
        if not welcome["success"]:
            raise LoginError(welcome["message"])
        after = welcome.get("after", after)
        print("listening", flush=True)
        try:
            async for text in socket:
                frame = json.loads(text)
                if "uuid" in frame:
                    show(frame)
                    after = frame["uuid"]
        except ConnectionClosed:
            pass
    return after


async def main() -> None:
    """Listen, and connect again where the last connection ended, for as long as it runs."""
    after = None
    while True:
        try:
            after = await watch(after)
        except OSError as error:
            print(f"no connection: {error}", file=sys.stderr)
        await asyncio.sleep(1)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(0)
    except LoginError as refusal:
        sys.exit(f"refused: {refusal}")
