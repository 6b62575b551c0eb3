import wave

import pytest

from support.baresip import softphone
from support.sipp import run_sipp, sipp_server

pytestmark = pytest.mark.e2e


async def test_two_softphones_talk_press_keys_and_hang_up() -> None:
    async with softphone(user="alice") as alice, softphone(user="bob") as bob:
        await alice.dial(bob.uri)
        await bob.wait_for("CALL_INCOMING")
        await bob.answer()
        await alice.wait_for("CALL_ESTABLISHED")
        await bob.wait_for("CALL_ESTABLISHED")
        await bob.wait_for("CALL_RTPESTAB")
        await alice.press("1#")
        assert (await bob.wait_for("CALL_DTMF_START"))["param"] == "1"
        assert (await bob.wait_for("CALL_DTMF_START"))["param"] == "#"
        await alice.hang_up()
        await bob.wait_for("CALL_CLOSED")
        with wave.open(str(bob.heard())) as heard:
            samples = heard.readframes(heard.getnframes())
    assert heard.getframerate() == 8000
    assert len(set(samples)) > 8  # a tone, not silence


async def test_what_does_not_happen_is_said_with_what_did() -> None:
    async with softphone() as phone, sipp_server("busy") as callee:
        await phone.dial(f"sip:bob@{callee.address}")
        with pytest.raises(AssertionError, match=r"no CALL_ESTABLISHED .*CALL_CLOSED"):
            await phone.wait_for("CALL_ESTABLISHED", seconds=0.5)


async def test_the_keys_that_sipp_presses_are_heard() -> None:
    async with softphone(user="bob", answers="auto") as bob:
        placed = await run_sipp(
            "caller_with_digits",
            bob.uri.partition("@")[2],
            service="bob",
            hold_ms=2500,
            keys={"digits": "12#"},
        )
        heard = [(await bob.wait_for("CALL_DTMF_START"))["param"] for _ in range(3)]
    assert placed.successful == 1
    assert heard == ["1", "2", "#"]
