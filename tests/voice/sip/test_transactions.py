import pytest

from opentact.voice.sip.client_transactions import ClientOther
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Response
from opentact.voice.sip.transactions import Transactions
from voice.sip.samples import PEER, read_request, read_response, request, response


class Curious:
    def __init__(self) -> None:
        self.heard: list[int] = []
        self.missed: list[str] = []

    def responded(self, response: Response, now: float) -> None:
        del now
        self.heard.append(response.status)

    def timed_out(self, method: str, now: float) -> None:
        del now
        self.missed.append(method)


class Wired:
    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Address, bool]] = []
        self.all = Transactions(lambda *sent: self.sent.append(sent))

    def sleep_through(self) -> None:
        while (at := self.all.wake_at) is not None:
            self.all.woken(at)


def test_a_request_is_found_again_by_branch_host_and_method() -> None:
    wired = Wired()
    tx = wired.all.serve(read_request(request("BYE")), PEER)
    assert wired.all.server(read_request(request("BYE")), "BYE") is tx
    for other in (
        request("BYE", branch="z9hG4bKtwo"),
        request("BYE", via="SIP/2.0/UDP 192.0.2.9:5063;branch=z9hG4bKone"),
        request("INFO"),
    ):
        message = read_request(other)
        assert wired.all.server(message, message.method) is None


def test_an_ack_and_a_cancel_find_the_invite() -> None:
    wired = Wired()
    tx = wired.all.serve(read_request(request()), PEER)
    for method in ("ACK", "CANCEL"):
        assert wired.all.server(read_request(request(method)), "INVITE") is tx
        assert wired.all.server(read_request(request(method)), method) is None


def test_old_requests_are_found_by_what_they_say() -> None:
    wired, via = Wired(), "SIP/2.0/UDP 192.0.2.9:5062;branch=1"
    tx = wired.all.serve(read_request(request(via=via)), PEER)
    assert wired.all.server(read_request(request(via=via)), "INVITE") is tx
    ack = read_request(request("ACK", via=via, to_tag="ours"))
    assert wired.all.server(ack, "INVITE") is tx
    assert wired.all.server(read_request(request(via=via, number=2)), "INVITE") is None
    assert wired.all.server(read_request(request(via=via, call_id="other")), "INVITE") is None


def test_a_request_that_came_two_ways_is_known() -> None:
    wired = Wired()
    wired.all.serve(read_request(request()), PEER)
    assert wired.all.is_merged(read_request(request(branch="z9hG4bKtwo")))
    assert not wired.all.is_merged(read_request(request(branch="z9hG4bKtwo", number=2)))


def test_a_response_reaches_who_asked() -> None:
    wired, curious = Wired(), Curious()
    wired.all.ask(ClientOther("BYE", b"BYE", PEER), "z9hG4bKone", curious, 0.0)
    assert wired.all.responded(read_response(response(200, method="BYE")), 0.1)
    assert curious.heard == [200]
    for stray in (
        response(200, method="INFO"),
        response(200, method="BYE", branch="z9hG4bKtwo"),
    ):
        assert not wired.all.responded(read_response(stray), 0.2)


def test_silence_is_told_and_nothing_is_kept() -> None:
    wired, curious = Wired(), Curious()
    wired.all.ask(ClientOther("BYE", b"BYE", PEER), "z9hG4bKone", curious, 0.0)
    tx = wired.all.serve(read_request(request()), PEER)
    wired.all.respond(tx, 486, b"486", 0.0)
    assert len(list(wired.all)) == len(wired.all) == 2
    assert wired.all.unacknowledged
    wired.sleep_through()
    assert curious.missed == ["BYE"]
    assert len(wired.all) == 0
    assert not wired.all.unacknowledged
    assert not wired.all.is_merged(read_request(request(branch="z9hG4bKtwo")))
    assert wired.sent[0] == (b"BYE", PEER, False)
    assert wired.sent.count((b"486", PEER, True)) == 10


def test_a_request_that_finds_no_way_is_told_as_a_503_with_the_reason() -> None:
    wired, told = Wired(), list[Response]()

    class Caller(Curious):
        def responded(self, response: Response, now: float) -> None:
            super().responded(response, now)
            told.append(response)

    caller, there = Caller(), PEER._replace(transport="tls")
    wired.all.ask(ClientOther("BYE", b"BYE", there), "z9hG4bKone", caller, 0.0)
    bye = read_request(request("BYE"))
    wired.all.unreachable(bye, 'the certificate of "x" has expired', 0.1)
    assert (caller.heard, caller.missed, len(wired.all), wired.all.wake_at) == ([503], [], 0, None)
    (response,) = told
    assert response.first("reason") == "SIP;cause=503;text=\"the certificate of 'x' has expired\""
    assert (response.cseq.method, response.call_id) == ("BYE", bye.call_id)
    wired.all.unreachable(bye, "again", 0.2)
    wired.all.unreachable(read_request(request("ACK")), "an ACK has no transaction", 0.2)
    assert caller.heard == [503]


TCP = Address("192.0.2.9", 5060, "tcp")


def asking(wired: Wired, peer: Address) -> Curious:
    asker = Curious()
    wired.all.ask(ClientOther("OPTIONS", b"the request", peer), "z9hG4bKone", asker, 0.0)
    wired.sent.clear()
    return asker


def test_what_a_broken_connection_may_have_lost_goes_out_once_more() -> None:
    wired = Wired()
    asking(wired, TCP)
    assert wired.all.cut_off(TCP._replace(flow=7)) == []
    assert wired.sent == [(b"the request", TCP, True)]
    assert wired.all.cut_off(TCP._replace(flow=8)) == [b"the request"]
    assert len(wired.sent) == 1


@pytest.mark.parametrize(
    ("peer", "broken"), [(TCP, TCP._replace(port=5070)), (TCP._replace(transport="udp"), TCP)]
)
def test_other_peers_and_other_transports_are_left_alone(peer: Address, broken: Address) -> None:
    wired = Wired()
    asking(wired, peer)
    assert wired.all.cut_off(broken) == []
    assert wired.sent == []


@pytest.mark.parametrize("status", [100, 200])
def test_a_request_that_was_heard_of_does_not_go_out_again(status: int) -> None:
    wired = Wired()
    asker = asking(wired, TCP)
    answer = read_response(response(status, method="OPTIONS", branch="z9hG4bKone"))
    assert wired.all.responded(answer, 1.0)
    assert asker.heard == [status]
    assert wired.all.cut_off(TCP) == []
    assert wired.sent == []
