"""Where a SIP address of somebody else is, and whether flows may call there.

A flow names any host. What it names is located first (RFC 3263), and called only if the address
is public or the operator allows its network: a name that leads into our own is refused as well.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from opentact.kit.faults import Fault

from .sip.machine import Address
from .sip.uri import SipUri

Locate = Callable[[str], Awaitable[list[Address]]]


class AddressRefused(Fault):
    """The SIP address cannot be called: it leads nowhere, or to where flows may not call."""

    code = "sip_address_refused"
    status = 403


@dataclass(frozen=True, slots=True)
class SipReach:
    """`locate` finds the servers of a URI, best first; `may_reach` allows an address."""

    locate: Locate
    may_reach: Callable[[str], bool]

    async def __call__(self, uri: str) -> Address:
        """Find where to call."""
        host = SipUri.parse(uri).host
        found = await self.locate(uri)
        if not found:
            raise AddressRefused(f"{host} has no address that is known")
        allowed = [each for each in found if self.may_reach(each.host)]
        if allowed:
            return allowed[0]
        named = host if found[0].host == host else f"{host} ({found[0].host})"
        raise AddressRefused(
            f"{named} is no public address, and the setting sip_networks does not name it"
        )
