"""A network that loses, doubles and swaps datagrams, around the agent of an endpoint.

Decided by a seed, so that what fails can be played again. What is lost is a datagram in either
direction; what is swapped is one that arrives after the next one does.
"""

import random

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.voice.sip.effects import Effect, Transmit
from opentact.voice.sip.machine import Address


class RoughNetwork:
    """`share` is the part of datagrams that each of the three befalls, 0 to 1."""

    def __init__(self, share: float, seed: int) -> None:
        self.share = share
        self.lost = self.doubled = self.swapped = 0
        self._chance = random.Random(seed)
        self._held: tuple[bytes, Address] | None = None

    def surround(self, endpoint: SipEndpoint) -> None:
        """Stand between the endpoint's sockets and its agent from now on."""
        agent = endpoint._agent
        datagram, woken, effects = agent.datagram, agent.woken, agent.effects

        def arrive(data: bytes, source: Address, now: float) -> list[Effect]:
            out: list[Effect] = []
            for each in self._arriving((data, source)):
                out += datagram(*each, now)
            return self._leaving(out)

        agent.datagram = arrive  # type: ignore[method-assign]
        agent.woken = lambda now: self._leaving(woken(now))  # type: ignore[method-assign]
        agent.effects = lambda: self._leaving(effects())  # type: ignore[method-assign]

    def _arriving(self, one: tuple[bytes, Address]) -> list[tuple[bytes, Address]]:
        held, self._held = self._held, None
        after = [held] if held is not None else []
        fate = self._chance.random() / self.share if self.share else 3.0
        if fate < 1:
            self.lost += 1
            return after
        if fate < 2:
            self.doubled += 1
            return [one, one, *after]
        if fate < 3 and held is None:
            self.swapped += 1
            self._held = one
            return []
        return [one, *after]

    def _leaving(self, effects: list[Effect]) -> list[Effect]:
        kept: list[Effect] = []
        for effect in effects:
            fate = self._chance.random() / self.share if self.share else 3.0
            if not isinstance(effect, Transmit) or fate > 2:
                kept.append(effect)
            elif fate < 1:
                self.lost += 1
            else:
                self.doubled += 1
                kept += [effect, effect]
        return kept
