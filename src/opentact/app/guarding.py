"""The guard of the SIP edge put together: told whom to spare, kept running, and counted."""

import time
from collections.abc import Callable

from opentact.voice.gatekeeper import Gatekeeper, GuardRules
from opentact.voice.guard.sources import Networks, Standing
from opentact.voice.registrations import Registrations
from opentact.voice.sip.machine import Address
from opentact.voice.trunk_ways import TrunkKind
from opentact.voice.trunks import Trunks

from .ground import Ground


async def open_guard(ground: Ground) -> Gatekeeper:
    """Read who is banned, and keep the guard running until the stack is unwound."""
    settings = ground.settings
    rules = GuardRules(
        float(settings.guard_rate), settings.guard_loopback, Networks(settings.spared_networks)
    )
    guard = Gatekeeper(ground.database, ground.clock, time.monotonic, rules, ground.node)
    await guard.settle()
    ground.stack.push_async_callback(guard.settle)
    ground.keep(guard.run(), "guard")
    return guard


def standings(trunks: Trunks, phones: Registrations) -> Callable[[str], Standing]:
    """Tell how far each host is known: carriers are spared, who is a customer may err more."""

    def standing(host: str) -> Standing:
        # No port: this machine's targets are told apart by it, and nobody else.
        caller = trunks.caller_of(Address(host, 0))
        if caller is not None and caller.kind is TrunkKind.CARRIER:
            return Standing.SPARED
        if caller is not None or phones.has_any_at(host):
            return Standing.KNOWN
        return Standing.STRANGER

    return standing


def kinship(trunks: Trunks) -> Callable[[Address, Address], bool]:
    """Tell whether two addresses send the calls of one trunk."""

    def are_one(one: Address, other: Address) -> bool:
        caller = trunks.caller_of(one)
        return caller is not None and caller == trunks.caller_of(other)

    return are_one
