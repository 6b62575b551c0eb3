import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.client_transactions import ClientInvite, ClientOther, ClientTransaction
from opentact.voice.sip.machine import GaveUp, Send, State
from opentact.voice.sip.message import Response
from voice.sip.samples import PEER, read_request, read_response, response

RINGING, OK, BUSY = (read_response(response(status)) for status in (180, 200, 486))
DATA = b"the request"


def inviting() -> ClientInvite:
    lines = [
        ("via", "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKone"),
        ("from", "<sip:bob@192.0.2.2>;tag=ours"),
        ("call-id", "call-1"),
        ("cseq", "1 ACK"),
    ]
    tx = ClientInvite(DATA, PEER, uri="sip:ann@192.0.2.9", ack_lines=lines)
    assert tx.start(0.0) == [Send(DATA)]
    return tx


def asking() -> ClientOther:
    tx = ClientOther("BYE", DATA, PEER)
    assert tx.start(0.0) == [Send(DATA)]
    return tx


def sleep_through(tx: ClientTransaction) -> list[tuple[float, object]]:
    """Let every timer fire; say what came of it, and when."""
    story: list[tuple[float, object]] = []
    while (now := tx.wake_at) is not None:
        story += [(now, effect) for effect in tx.woken(now)]
    return story


def repeats(*times: float) -> list[tuple[float, object]]:
    return [(at, Send(DATA, repeat=True)) for at in times]


class TestClientInvite:
    def test_unanswered_repeats_ever_slower_then_gives_up(self) -> None:
        # RFC 3261 17.1.1.2: 500 ms, 1 s, 2 s, 4 s ... up to 64*T1
        ladder = repeats(0.5, 1.5, 3.5, 7.5, 15.5, 31.5)
        assert sleep_through(inviting()) == [*ladder, (32.0, GaveUp())]

    def test_ringing_stops_the_repeats(self) -> None:
        tx = inviting()
        assert tx.received(RINGING, 0.2) == [RINGING]
        assert tx.wake_at is None

    def test_every_repeat_of_a_refusal_is_acked_but_told_once(self) -> None:
        tx = inviting()
        sent, told = tx.received(BUSY, 1.0)
        assert isinstance(sent, Send)
        assert told is BUSY
        assert tx.received(BUSY, 2.0) == [Send(sent.data, repeat=True)]
        assert tx.wake_at == 33.0  # timer D: 32 s
        assert sleep_through(tx) == []
        assert tx.state is State.TERMINATED

    def test_the_ack_copies_the_invite_but_for_to(self) -> None:
        (sent, _) = inviting().received(BUSY, 1.0)
        assert isinstance(sent, Send)
        ack = read_request(sent.data)
        assert (ack.method, ack.uri, str(ack.cseq)) == ("ACK", "sip:ann@192.0.2.9", "1 ACK")
        assert ack.via.branch == "z9hG4bKone"
        assert ack.recipient.tag == "theirs"

    def test_repeated_answers_are_handed_up_for_32_seconds(self) -> None:
        tx = inviting()
        assert tx.received(OK, 1.0) == [OK]
        assert tx.received(OK, 1.5) == [OK]
        assert tx.received(BUSY, 1.6) == []
        assert tx.wake_at == 33.0  # timer M
        assert sleep_through(tx) == []

    def test_waking_late_does_not_shift_the_ladder(self) -> None:
        tx = inviting()
        tx.woken(0.9)
        assert tx.wake_at == 1.5

    def test_a_very_late_wake_catches_up(self) -> None:
        assert inviting().woken(3.6) == [effect for _, effect in repeats(0.5, 1.5, 3.5)]

    def test_after_a_cancel_the_wait_is_bounded(self) -> None:
        tx = inviting()
        tx.received(RINGING, 1.0)
        tx.expect_end(10.0)
        tx.received(RINGING, 11.0)
        assert sleep_through(tx) == [(42.0, GaveUp())]

    def test_an_end_is_not_expected_twice(self) -> None:
        tx = inviting()
        tx.received(OK, 1.0)
        tx.expect_end(10.0)
        assert sleep_through(tx) == []


class TestClientOther:
    def test_unanswered_repeats_up_to_t2_then_gives_up(self) -> None:
        # RFC 3261 17.1.2.2: 500 ms, 1 s, 2 s, 4 s, 4 s, 4 s ...
        ladder = repeats(0.5, 1.5, 3.5, *(7.5 + 4 * n for n in range(7)))
        assert sleep_through(asking()) == [*ladder, (32.0, GaveUp())]

    def test_a_provisional_answer_slows_the_repeats_but_not_the_end(self) -> None:
        tx = asking()
        assert tx.received(RINGING, 1.0) == [*[effect for _, effect in repeats()], RINGING]
        assert sleep_through(tx) == [*repeats(*(5.0 + 4 * n for n in range(7))), (32.0, GaveUp())]

    @pytest.mark.parametrize("final", [OK, BUSY], ids=["200", "486"])
    def test_a_final_answer_is_told_once(self, final: Response) -> None:
        tx = asking()
        assert tx.received(final, 1.0) == [final]
        assert tx.received(final, 1.5) == []
        assert tx.wake_at == 6.0  # timer K: T4
        assert sleep_through(tx) == []
        assert tx.state is State.TERMINATED


@given(st.sampled_from([inviting, asking]), st.lists(st.sampled_from([RINGING, OK, BUSY])))
def test_whatever_arrives_it_ends(make: type, responses: list[Response]) -> None:
    tx = make()
    for now, one in enumerate(responses, start=1):
        tx.received(one, float(now))
    if isinstance(tx, ClientInvite):
        tx.expect_end(100.0)
    sleep_through(tx)
    assert tx.state is State.TERMINATED


class TestOverReliableTransports:
    """RFC 3261 17.1: no repeats, and no waiting for those of others; timers B and F stay."""

    def test_an_invite_is_sent_once_and_given_up_like_any_other(self) -> None:
        tx = ClientInvite(DATA, PEER._replace(transport="tcp"), uri="sip:a", ack_lines=[])
        assert tx.start(0.0) == [Send(DATA)]
        assert sleep_through(tx) == [(32.0, GaveUp())]

    def test_a_refusal_is_acked_and_ends_it_at_once(self) -> None:
        tx = ClientInvite(DATA, PEER._replace(transport="tls"), uri="sip:a", ack_lines=[])
        tx.start(0.0)
        assert len(tx.received(BUSY, 1.0)) == 2
        assert (tx.state, tx.wake_at) == (State.TERMINATED, None)

    def test_answers_of_other_forks_are_still_waited_for(self) -> None:
        tx = ClientInvite(DATA, PEER._replace(transport="tcp"), uri="sip:a", ack_lines=[])
        tx.start(0.0)
        tx.received(OK, 1.0)
        assert tx.wake_at == 33.0  # RFC 6026: timer M is there for every transport

    def test_another_request_is_sent_once_also_after_a_provisional_answer(self) -> None:
        tx = ClientOther("BYE", DATA, PEER._replace(transport="ws"))
        assert tx.start(0.0) == [Send(DATA)]
        tx.received(RINGING, 1.0)
        assert sleep_through(tx) == [(32.0, GaveUp())]

    def test_a_final_answer_ends_it_at_once(self) -> None:
        tx = ClientOther("BYE", DATA, PEER._replace(transport="tcp"))
        tx.start(0.0)
        assert tx.received(OK, 1.0) == [OK]
        assert tx.state is State.TERMINATED
