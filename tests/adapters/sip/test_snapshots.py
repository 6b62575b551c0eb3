from opentact.adapters.sip.snapshots import snapshot_of
from opentact.voice.sip.agent import Agent
from opentact.voice.sip.routing import Identity
from voice.sip.samples import PEER, SDP, request
from voice.sip.wire import words


def test_transactions_and_dialogs_are_listed_with_the_time_they_have_left() -> None:
    agent = Agent(Identity("192.0.2.2", 5060), words("ours"))
    agent.datagram(request(body=SDP), PEER, 2.0)
    (call,) = agent.core.ringing.values()
    call.answer(SDP, 5.0)
    assert snapshot_of(agent, now=5.25) == {
        "transactions": [
            {
                "kind": "ServerInvite",
                "method": "INVITE",
                "peer": "192.0.2.9:5062",
                "state": "accepted",
                "seconds_left": 31.75,
            }
        ],
        "dialogs": [
            {
                "call_id": "call-1",
                "direction": "incoming",
                "peer": "192.0.2.9:5062",
                "target": "sip:ann@192.0.2.9:5062",
                "state": "confirming",
                "seconds": 3.2,
                "seconds_left": 0.25,
            }
        ],
    }
