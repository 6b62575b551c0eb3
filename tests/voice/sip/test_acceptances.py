from opentact.voice.sip.acceptances import Acceptance
from opentact.voice.sip.machine import Address


def test_it_is_repeated_ever_slower_up_to_four_seconds() -> None:
    one = Acceptance.start(b"200", Address("192.0.2.9", 5060), 10.0, offered=False, again=False)
    moments = []
    while one.wake_at < one.give_up_at:
        moments.append(one.wake_at)
        assert one.repeats(one.wake_at) == 1
    # RFC 3261 13.3.1.4: T1, doubling up to T2, for 64*T1.
    ladder = [10.5, 11.5, 13.5, 17.5, 21.5, 25.5, 29.5, 33.5, 37.5, 41.5]
    assert moments == ladder
    assert one.give_up_at == 42.0


def test_waking_late_makes_up_for_what_was_missed() -> None:
    one = Acceptance.start(b"200", Address("192.0.2.9", 5060), 0.0, offered=True, again=True)
    assert one.repeats(1.6) == 2
    assert one.wake_at == 3.5
