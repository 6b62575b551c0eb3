"""What the running parts tell of themselves, as rows for `opentact inspect`."""

from collections.abc import Awaitable, Callable, Mapping

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.api.inspect import What
from opentact.kit.clock import Clock, stamp
from opentact.voice.call_events import CallCard
from opentact.voice.media import MediaEngine
from opentact.voice.registrations import Registrations
from opentact.voice.speech import SpeechEngine
from opentact.voice.switchboard import Switchboard
from opentact.voice.trunks import Trunks

from .jobs import JobRunner
from .trunk_wiring import trunk_rows

Rows = list[dict[str, object]]
Look = Callable[[], Awaitable[Rows]]


def lookers(
    switchboard: Switchboard,
    sip: SipEndpoint,
    media: MediaEngine,
    speech: SpeechEngine,
    jobs: JobRunner,
    clock: Clock,
    registered: Registrations,
    trunks: Trunks,
) -> Mapping[str, Look]:
    """Say how each thing is looked at."""

    async def calls() -> Rows:
        return [_call(each.card, clock) for each in switchboard.live.values()]

    async def registrations() -> Rows:
        return registered.rows()

    async def transactions() -> Rows:
        return sip.snapshot()["transactions"]

    async def connections() -> Rows:
        return sip.snapshot()["connections"]

    async def trunk_states() -> Rows:
        return trunk_rows(trunks)

    async def legs() -> Rows:
        return media.snapshot()

    async def drivers() -> Rows:
        return [
            {
                "driver": info.name,
                "available": info.available,
                "why_not": info.why_not,
                "voices": ", ".join(info.voices),
            }
            for info in speech.drivers()
        ]

    return {
        What.CALLS: calls,
        What.REGISTRATIONS: registrations,
        What.TRANSACTIONS: transactions,
        What.CONNECTIONS: connections,
        What.TRUNKS: trunk_states,
        What.MEDIA: legs,
        What.SPEECH: drivers,
        What.JOBS: jobs.snapshot,
    }


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
