from pathlib import Path

from opentact.voice.actor import Props
from opentact.voice.conversation_desk import Desk
from opentact.voice.testing_engines import PaperFetcher, PaperShelf, PaperSpeech
from support.phone import OpenBook
from support.virtual_time import LoopClock, virtually


@virtually
async def test_calls_wait_thirty_seconds_for_a_flow_and_three_minutes_for_an_answer() -> None:
    props = Props(PaperSpeech(), PaperShelf(), PaperFetcher())
    desk = Desk(OpenBook(), LoopClock(), props, Path("/recordings"), lambda _: {})
    assert (desk.park_s, desk.ring_s) == (30.0, 180.0)
