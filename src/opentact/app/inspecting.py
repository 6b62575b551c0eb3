"""What the running parts tell of themselves, as rows for `opentact inspect`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.api.inspect import What
from opentact.kit.clock import Clock, stamp
from opentact.voice.call_events import CallCard
from opentact.voice.gatekeeper import Gatekeeper
from opentact.voice.media import MediaEngine
from opentact.voice.registrations import Registrations
from opentact.voice.speech import DriverInfo
from opentact.voice.switchboard import Switchboard
from opentact.voice.trunks import Trunks

from .jobs import JobRunner
from .trunk_wiring import trunk_rows

Rows = list[dict[str, object]]
Look = Callable[[], Awaitable[Rows]]


class Speaks(Protocol):
    """Speech, out or in."""

    def drivers(self) -> list[DriverInfo]:
        """Tell every driver, installed or not."""


def lookers(
    switchboard: Switchboard,
    sip: SipEndpoint,
    media: MediaEngine,
    speech: Sequence[Speaks],
    jobs: JobRunner,
    clock: Clock,
    registered: Registrations,
    trunks: Trunks,
    guard: Gatekeeper,
) -> Mapping[str, Look]:
    """Say how each thing is looked at."""
    return {
        What.CALLS: _look(lambda: [_call(each.card, clock) for each in switchboard.live.values()]),
        What.REGISTRATIONS: _look(registered.rows),
        What.TRANSACTIONS: _look(lambda: sip.snapshot()["transactions"]),
        What.DIALOGS: _look(lambda: sip.snapshot()["dialogs"]),
        What.CONNECTIONS: _look(lambda: sip.snapshot()["connections"]),
        What.TRUNKS: _look(lambda: trunk_rows(trunks)),
        What.GUARD: _look(guard.rows),
        What.MEDIA: _look(media.snapshot),
        What.SPEECH: _look(lambda: _drivers(speech)),
        What.JOBS: jobs.snapshot,
    }


def _look(rows: Callable[[], Rows]) -> Look:
    async def look() -> Rows:
        return rows()

    return look


def _drivers(speech: Sequence[Speaks]) -> Rows:
    return [
        {
            "driver": info.name,
            "available": info.available,
            "why_not": info.why_not,
            "voices": ", ".join(info.voices),
        }
        for each in speech
        for info in each.drivers()
    ]


def _call(card: CallCard, clock: Clock) -> dict[str, object]:
    call = card.call
    since = call.answer_on or call.created_on
    return {
        "call": str(call.uuid),
        "account": card.account.name,
        "from": call.from_,
        "to": call.to,
        "state": call.state.value,
        "app": card.app.name if card.app else None,
        "answered": stamp(call.answer_on) if call.answer_on else None,
        "seconds": round((clock.now() - since).total_seconds(), 1),
        "sip_call_id": call.sip_call_id,
    }
