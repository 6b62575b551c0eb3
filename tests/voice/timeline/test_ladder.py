from typing import Any

from opentact.voice.timeline.ladder import MOST_PEERS, OTHERS, US, ladder_of, printed_ladder


def sip(direction: str, peer: str, name: str, at: int = 0, **more: Any) -> dict[str, Any]:
    moment = {"kind": "sip", "offset_ms": at, "text": "...", "direction": direction}
    return {**moment, "peer": peer, "name": name, **more}


BRIDGED = [
    sip("in", "udp:a:1", "INVITE (SDP)"),
    sip("out", "udp:b:2", "INVITE (SDP)", 3),
    {"kind": "state", "offset_ms": 4, "text": "It rings"},
    sip("in", "udp:b:2", "200 OK", 1500, repeated=True),
    sip("out", "udp:a:1", "200 OK", 1501),
]


def test_the_caller_is_left_of_us_and_who_is_called_right() -> None:
    ladder = ladder_of(BRIDGED)
    assert ladder.columns == ("udp:a:1", US, "udp:b:2")
    assert [(rung.from_, rung.to) for rung in ladder.rungs] == [
        (0, 1),
        (1, 2),
        (None, None),
        (2, 1),
        (1, 0),
    ]


def test_it_is_printed_with_arrows_times_and_words() -> None:
    head, *lines = printed_ladder(ladder_of(BRIDGED), width=20)
    assert head.split() == ["udp:a:1", US, "udp:b:2"]
    assert lines == [
        "   0.000            |-- INVITE (SDP) -->|                   |",
        "   0.003            |                   |-- INVITE (SDP) -->|",
        "   0.004    state     It rings",
        "   1.500            |                   |<-- 200 OK again --|",
        "   1.501            |<----- 200 OK -----|                   |",
    ]


def test_more_peers_than_a_page_holds_share_the_last_column() -> None:
    moments = [sip("out", f"udp:{number}:5060", "INVITE") for number in range(MOST_PEERS + 3)]
    ladder = ladder_of(moments)
    assert ladder.columns[-1] == OTHERS
    assert ladder.rungs[-1].to == len(ladder.columns) - 1


def test_a_call_without_messages_has_only_our_column() -> None:
    assert ladder_of([{"kind": "state", "offset_ms": 0, "text": "x"}]).columns == (US,)
