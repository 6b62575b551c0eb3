"""A DNS of our own, for tests."""

import asyncio
import socket

from aiohttp.abc import AbstractResolver, ResolveResult

SILENCE = "silence.test"
"""A name that is asked and never answered."""


class Names(AbstractResolver):
    """A DNS of our own: each name has a list of answers, given one after the other."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): given for name, given in answers.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        if host == SILENCE:
            await asyncio.Event().wait()
        if not self.answers.get(host):
            raise OSError(None, "no such name")
        flags = socket.AI_NUMERICHOST
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=family, proto=0, flags=flags
            )
            for address in self.answers[host].pop(0)
        ]

    async def close(self) -> None:
        pass
