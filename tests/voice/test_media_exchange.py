"""Renegotiation through a bridge is in `test_bridge.py`; this is what else passes."""

import pytest

from opentact.voice.sip.effects import InfoReceived
from opentact.voice.testing import OFFER
from support.bridged import Bridged
from support.virtual_time import settle, virtually

WITHOUT_EVENTS = OFFER.replace(b" 101", b"")
KEY = InfoReceived("application/dtmf", b"5")
PASSED_ON = ("info", "application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n")


@virtually
@pytest.mark.parametrize(
    ("answer", "takes_info", "played", "informed"),
    [
        (OFFER, True, ["digits 5"], False),
        (WITHOUT_EVENTS, True, [], True),
        (WITHOUT_EVENTS, False, ["digits 5"], False),
        (WITHOUT_EVENTS, None, ["digits 5"], False),
    ],
)
async def test_a_key_by_info_goes_on_as_the_other_side_takes_it(
    answer: bytes, *, takes_info: bool | None, played: list[str], informed: bool
) -> None:
    one = await Bridged().begin(proxy=True)
    one.callee.takes_info = takes_info
    one.callee.answers(answer)
    await settle()
    one.leg.tell(KEY)
    assert [name for name, _ in one.media.legs[1].played] == played
    assert one.callee.sent == ([PASSED_ON] if informed else [])
    one.leg.hangs_up()
    await one.over()


@virtually
async def test_a_key_by_info_passes_by_info_where_media_pass_us_by() -> None:
    one = await Bridged().begin()
    one.leg.tell(KEY)  # nobody is there yet to be told
    await one.up()
    one.callee._tell(KEY)
    one.leg.tell(InfoReceived("text/plain", b"5"))
    assert one.leg.sent[-1] == PASSED_ON
    assert one.callee.sent == []


@virtually
async def test_keys_by_info_go_both_ways() -> None:
    one = await (await Bridged().begin(proxy=True)).up()
    one.callee._tell(KEY)
    one.leg.tell(KEY)
    assert [[name for name, _ in leg.played] for leg in one.media.legs] == [["digits 5"]] * 2
    one.leg.hangs_up()
    await one.over()


@virtually
async def test_a_peer_on_hold_that_takes_no_info_is_told_nothing() -> None:
    one = await Bridged().begin(proxy=True)
    one.callee.takes_info = False
    one.callee.answers(OFFER + b"a=sendonly\r\n")
    await settle()
    one.leg.tell(KEY)
    assert (one.media.legs[1].played, one.callee.sent) == ([], [])
    one.leg.hangs_up()
    await one.over()
