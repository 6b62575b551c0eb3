"""What a SIP endpoint shows of itself, for `opentact inspect`."""

from opentact.adapters.sip.streams import Streams
from opentact.voice.sip.agent import Agent


def snapshot_of(agent: Agent, now: float) -> dict[str, list[dict[str, object]]]:
    """List transactions and dialogs, with `seconds_left` until their next timer, if they have one.

    A dialog is `seconds` old since its INVITE.
    """
    return {
        "transactions": [
            {
                "kind": type(tx).__name__,
                "method": tx.method,
                "peer": f"{tx.peer[0]}:{tx.peer[1]}",
                "state": tx.state.name.lower(),
                "seconds_left": _left(tx.wake_at, now),
            }
            for tx in agent.core.transactions
        ],
        "dialogs": [
            {
                "call_id": call.call_id,
                "direction": call.direction,
                "peer": f"{call.peer[0]}:{call.peer[1]}",
                "target": call.dialog.target if call.dialog else None,
                "state": call.phase.name.lower(),
                "seconds": round(now - call.began_at, 1),
                "seconds_left": _left(call.wake_at, now),
            }
            for call in agent.core.calls.values()
        ],
    }


def connections_of(streams: Streams, now: float) -> list[dict[str, object]]:
    """List connections, then those that lately came to nothing, with why."""
    living: list[dict[str, object]] = [
        {
            "flow": each.peer.flow,
            "transport": each.peer.transport,
            "peer": str(each.peer),
            "direction": "outgoing" if each.ours else "incoming",
            "state": "open" if each.is_open else "opening",
            "received": each.received,
            "sent": each.sent,
            "seconds": round(now - each.opened_at, 1),
            "seconds_left": _left(each.deadline, now),
            "why": None,
        }
        for each in streams.open
    ]
    failed: list[dict[str, object]] = [
        {
            "flow": each.peer.flow,
            "transport": each.peer.transport,
            "peer": str(each.peer),
            "state": "failed",
            "seconds": round(now - each.at, 1),
            "why": each.why,
        }
        for each in streams.failures
    ]
    return living + failed


def _left(wake_at: float | None, now: float) -> float | None:
    return None if wake_at is None else round(max(0.0, wake_at - now), 3)
