"""Asking who answers a number whether an account may show it: by a call that wants six digits.

The digits are told to who asks, once, and known to nothing but that call: they are not stored. Who
answers has to hear them from who asks, and to enter them. The call takes no other instructions,
so that nothing but these keys, on this call, can prove the number (docs/decisions/0108).
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import structlog

from opentact.accounts.ownership import Owner
from opentact.kit.clock import Clock
from opentact.kit.units import Storage

from .call_orders import FlowSource, terms_of
from .placed_call import PlacedCall
from .placing import CallRefused, Order, Placer
from .verified_numbers import VerifiedNumber, ask_to_verify, settle

CODE_DIGITS = 6
TRIES = 3
RING_S = 45.0
MOST_S = 150  # three tries: 15 s of words and 20 s for the first key each, and some to spare
PROOF = "verified"
"""The note that the call's flow keeps when the right digits were entered."""
log = structlog.get_logger(__name__)

_FLOW = """\
<Response>
  <Gather dtmf_length="{digits}" attempts="{tries}" timeout="20000">
    <Pause length="1000"/>
    <Say>Hello. Somebody asks to show this telephone number when they call others. If you know
      about it, enter the {digits} digits that you were given. If you do not, hang up.</Say>
    <DTMF value="{code}">
      <Meta name="{proof}" value="yes"/>
      <Say>Thank you. The number is verified.</Say>
      <Hangup tag="the right code"/>
    </DTMF>
  </Gather>
  <Say>The number is not verified. Goodbye.</Say>
  <Hangup tag="no right code"/>
</Response>"""


def flow_for(code: str) -> str:
    """Write the flow that asks for a code."""
    return _FLOW.format(digits=CODE_DIGITS, tries=TRIES, code=code, proof=PROOF)


class Verifier:
    """Calls numbers for their codes, from one node. `draw` gives six random digits."""

    def __init__(
        self, storage: Storage, placer: Placer, clock: Clock, draw: Callable[[], str]
    ) -> None:
        self._storage = storage
        self._placer = placer
        self._clock = clock
        self._draw = draw
        self._calls: set[asyncio.Task[None]] = set()

    async def begin(
        self, owner: Owner, tn: int, name: str | None, profile: UUID, shown: UUID | int | None
    ) -> tuple[VerifiedNumber, str]:
        """Have a number called; gives its row and the code that is to be entered there.

        `profile` and `shown` say how, as of any call. Raises what is wrong with them, why the
        number is not called, and `CallRefused`.
        """
        code, now = self._draw(), self._clock.now()
        expires = now + timedelta(seconds=RING_S + MOST_S + 30)
        async with self._storage.read() as session:
            source = FlowSource(xml=flow_for(code))
            terms = await terms_of(session, owner.account, profile, shown, source, now)
        order = replace(terms.order(str(tn), ring_s=RING_S, max_s=MOST_S), sealed=True)
        async with self._storage.write() as session:
            number = await ask_to_verify(session, owner, tn, name, order.uuid, expires, now)
        await self._call(number, order)
        return number, code

    async def close(self) -> None:
        """Stop; what is pending then has failed."""
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _call(self, number: VerifiedNumber, order: Order) -> None:
        try:
            placed = await self._placer.place(order)
        except CallRefused as refused:
            await self._settle(number.uuid, order.uuid, agreed=False, reason=str(refused))
            raise
        task = asyncio.create_task(self._follow(number.uuid, placed), name=f"verify {number.tn}")
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _follow(self, number: UUID, placed: PlacedCall) -> None:
        await placed.ended
        call = placed.card.call
        try:
            await self._settle(
                number, call.uuid, agreed=PROOF in call.meta, reason=call.reason or ""
            )
        except Exception:
            log.exception("verification_not_stored", call=str(call.uuid))

    async def _settle(self, number: UUID, call: UUID, *, agreed: bool, reason: str) -> None:
        async with self._storage.write() as session:
            await settle(session, number, call, agreed=agreed, reason=reason, now=self._clock.now())
