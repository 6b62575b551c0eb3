import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.machine import GaveUp, Send, State
from opentact.voice.sip.server_transactions import ServerInvite, ServerOther, ServerTransaction
from voice.sip.samples import PEER

TRYING, BUSY, OK = b"100", b"486", b"200"


def sleep_through(tx: ServerTransaction) -> list[tuple[float, object]]:
    story: list[tuple[float, object]] = []
    while (now := tx.wake_at) is not None:
        story += [(now, effect) for effect in tx.woken(now)]
    return story


class TestServerInvite:
    def test_repeats_of_the_request_get_the_last_response(self) -> None:
        tx = ServerInvite(PEER)
        assert tx.repeated(0.0) == []
        assert tx.respond(100, TRYING, 0.0) == [Send(TRYING)]
        assert tx.repeated(0.5) == [Send(TRYING, repeat=True)]

    def test_a_refusal_is_repeated_until_its_ack(self) -> None:
        tx = ServerInvite(PEER)
        tx.respond(486, BUSY, 0.0)
        assert tx.woken(0.5) == [Send(BUSY, repeat=True)]
        assert tx.wake_at == 1.5
        assert tx.acked(1.0) == []
        assert tx.wake_at == 6.0
        assert tx.repeated(1.1) == []
        assert sleep_through(tx) == []  # timer I
        assert tx.state is State.TERMINATED

    def test_a_refusal_nobody_acks_is_given_up(self) -> None:
        tx = ServerInvite(PEER)
        tx.respond(486, BUSY, 0.0)
        # RFC 3261 17.2.1: G doubles up to T2; H ends it after 64*T1.
        times = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
        ladder: list[tuple[float, object]] = [(at, Send(BUSY, repeat=True)) for at in times]
        assert sleep_through(tx) == [*ladder, (32.0, GaveUp())]

    def test_an_asked_for_repeat_does_not_move_the_timer(self) -> None:
        tx = ServerInvite(PEER)
        tx.respond(486, BUSY, 0.0)
        assert tx.repeated(0.1) == [Send(BUSY, repeat=True)]
        assert tx.wake_at == 0.5

    def test_after_a_2xx_repeats_are_absorbed_for_32_seconds(self) -> None:
        tx = ServerInvite(PEER)
        assert tx.respond(200, OK, 0.0) == [Send(OK)]
        assert tx.repeated(1.0) == []
        assert tx.acked(1.0) == []
        assert tx.wake_at == 32.0  # timer L
        assert sleep_through(tx) == []

    def test_a_second_final_response_is_absorbed(self) -> None:
        tx = ServerInvite(PEER)
        tx.respond(486, BUSY, 0.0)
        assert tx.respond(200, OK, 0.1) == []


class TestServerOther:
    def test_repeats_get_the_final_response_for_32_seconds(self) -> None:
        tx = ServerOther("BYE", PEER)
        assert tx.repeated(0.0) == []
        assert tx.respond(200, OK, 0.0) == [Send(OK)]
        assert tx.repeated(31.0) == [Send(OK, repeat=True)]
        assert tx.wake_at == 32.0  # timer J
        assert sleep_through(tx) == []
        assert tx.state is State.TERMINATED

    def test_a_provisional_response_is_repeated_too(self) -> None:
        tx = ServerOther("INFO", PEER)
        tx.respond(100, TRYING, 0.0)
        assert tx.repeated(0.5) == [Send(TRYING, repeat=True)]
        assert tx.respond(486, BUSY, 1.0) == [Send(BUSY)]


@pytest.mark.parametrize("kind", [ServerInvite, lambda peer: ServerOther("BYE", peer)])
@given(deeds=st.lists(st.sampled_from(["again", "ack", "100", "200", "486"]), max_size=10))
def test_once_answered_it_ends_whatever_arrives(kind: type, deeds: list[str]) -> None:
    tx = kind(PEER)
    for now, deed in enumerate([*deeds, "200"]):
        if deed == "again":
            tx.repeated(float(now))
        elif deed == "ack":
            tx.acked(float(now))
        else:
            tx.respond(int(deed), deed.encode(), float(now))
    sleep_through(tx)
    assert tx.state is State.TERMINATED


class TestOverReliableTransports:
    def test_a_refusal_is_sent_once_and_ends_with_its_ack(self) -> None:
        tx = ServerInvite(PEER._replace(transport="tcp"))
        assert tx.respond(486, b"busy", 0.0) == [Send(b"busy")]
        assert tx.wake_at == 32.0  # timer H: the ACK may be lost beyond the next hop
        assert tx.woken(31.9) == []
        tx.acked(31.9)
        assert repr(tx).endswith("TERMINATED>")

    def test_nobody_is_waited_for_once_another_request_is_answered(self) -> None:
        tx = ServerOther("BYE", PEER._replace(transport="ws"))
        assert tx.respond(200, b"ok", 0.0) == [Send(b"ok")]
        assert tx.state is State.TERMINATED
