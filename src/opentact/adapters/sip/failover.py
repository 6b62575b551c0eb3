"""Trying the servers of a domain one after the other: RFC 3263 section 4.3.

The next one is tried when a server cannot be reached, keeps silent, or answers 503; any other
answer is the domain's answer.
"""

from typing import TYPE_CHECKING

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import ExtraHeaders, OutgoingLeg
from opentact.voice.sip.effects import LegEvent, Refused, Reply, TimedOut
from opentact.voice.sip.machine import Address

if TYPE_CHECKING:
    from opentact.voice.sip.digest import Credentials

UNAVAILABLE = 503
_NEXT = (408, UNAVAILABLE)


async def call_any(
    endpoint: SipEndpoint,
    target: str,
    *,
    to: str,
    caller: str,
    sdp: bytes,
    headers: ExtraHeaders = (),
    credentials: "Credentials | None" = None,
) -> tuple[OutgoingLeg, LegEvent]:
    """Call the domain of `target`; give the leg that got an answer, and its first event.

    Raises ValueError when the name leads nowhere.
    """
    for left, address in _countdown(await _servers(endpoint, target)):
        leg = endpoint.call(
            target,
            to=to,
            caller=caller,
            sdp=sdp,
            destination=address,
            headers=headers,
            credentials=credentials,
        )
        event = await leg.events.get()
        refused = isinstance(event, Refused) and event.status == UNAVAILABLE
        if not left or not (refused or isinstance(event, TimedOut)):
            return leg, event
        endpoint.locator.avoid(address)
    raise AssertionError("there is always a last server")


async def ask_any(
    endpoint: SipEndpoint,
    method: str,
    target: str,
    *,
    to: str,
    caller: str,
    headers: ExtraHeaders = (),
    credentials: "Credentials | None" = None,
) -> tuple[Reply, Address]:
    """Ask the domain of `target`; give the answer, and which server it is from.

    Raises ValueError when the name leads nowhere.
    """
    for left, address in _countdown(await _servers(endpoint, target)):
        reply = await endpoint.ask(
            method,
            target,
            to=to,
            caller=caller,
            destination=address,
            headers=headers,
            credentials=credentials,
        )
        if not left or reply.status not in _NEXT:
            return reply, address
        endpoint.locator.avoid(address)
    raise AssertionError("there is always a last server")


async def _servers(endpoint: SipEndpoint, target: str) -> list[Address]:
    servers = await endpoint.locator.locate(target)
    if not servers:
        raise ValueError(f"no server is known for {target!r}")
    return servers


def _countdown(servers: list[Address]) -> list[tuple[int, Address]]:
    """Give each server with the number of those that come after it."""
    return [(len(servers) - number, each) for number, each in enumerate(servers, start=1)]
