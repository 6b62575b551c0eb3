import pytest

from opentact.adapters.sip.legs import MAX_WAITING, IncomingLeg
from opentact.voice.sip.agent import Agent
from opentact.voice.sip.effects import HungUp, InfoReceived, LegEvent, Transmit
from opentact.voice.sip.routing import Identity
from voice.sip.samples import PEER, SDP, read_response, request
from voice.sip.wire import words


class ByHand:
    """A driver without a network; what a leg makes it send is kept."""

    def __init__(self) -> None:
        self.agent = Agent(Identity("192.0.2.2", 5060), words("ours"))
        self.sent: list[bytes] = []
        self.dropped: list[str] = []

    def now(self) -> float:
        return 0.0

    def flush(self) -> None:
        effects = self.agent.effects()
        self.sent += [effect.data for effect in effects if isinstance(effect, Transmit)]

    def count_dropped(self, reason: str) -> None:
        self.dropped.append(reason)

    def leg(self) -> IncomingLeg:
        self.agent.datagram(request(body=SDP), PEER, 0.0)
        (call,) = self.agent.core.ringing.values()
        return IncomingLeg(call, self)


async def test_a_slow_reader_loses_what_can_be_lost_and_still_hears_the_end() -> None:
    driver = ByHand()
    leg = driver.leg()
    assert leg._call.listener is not None
    for _ in range(MAX_WAITING + 5):
        leg._call.listener(InfoReceived("text/plain", b"x"))
    leg._call.listener(HungUp())
    assert leg.events.qsize() == MAX_WAITING + 1
    assert driver.dropped == ["event nobody took"] * 5


async def test_who_listens_hears_at_once_and_first_what_waits() -> None:
    leg, heard = ByHand().leg(), list[LegEvent]()
    assert leg._call.listener is not None
    leg._call.listener(InfoReceived("text/plain", b"before"))
    leg.listen(heard.append)
    leg._call.listener(HungUp())
    assert heard == [InfoReceived("text/plain", b"before"), HungUp()]
    assert leg.events.empty()


async def test_a_reason_may_not_break_out_of_its_line() -> None:
    driver = ByHand()
    leg = driver.leg()
    with pytest.raises(ValueError, match="line break"):
        leg.hangup(reason="Q.850;cause=16\r\nEvil: 1")
    with pytest.raises(ValueError, match="line break"):
        leg.reject(486, reason="Q.850;cause=17\nEvil: 1")
    with pytest.raises(ValueError, match="line break"):
        leg.reject(486, headers={"X-Why": "a\nb"})
    assert driver.sent == []
    leg.reject(486, headers=[("X-Why", "busy")])
    assert read_response(driver.sent[0]).first("x-why") == "busy"


async def test_a_leg_says_what_it_is_doing() -> None:
    leg = ByHand().leg()
    assert repr(leg) == "<IncomingLeg <IncomingCall call-1 192.0.2.9:5062 STARTING> waiting=0>"


async def test_an_info_goes_out_once_the_call_is_up() -> None:
    driver = ByHand()
    leg = driver.leg()
    assert leg.takes_info is None
    leg.answer(SDP)
    driver.agent.datagram(request("ACK", to_tag="ours1"), PEER, 0.0)
    leg.inform("application/dtmf-relay", b"Signal=5\r\n")
    assert driver.sent[-1].startswith(b"INFO ")
