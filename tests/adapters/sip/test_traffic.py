import pytest

from opentact.adapters.sip.traffic import Counters, call_id_of


@pytest.mark.parametrize(
    ("data", "call_id"),
    [
        (b"BYE sip:a SIP/2.0\r\nCall-ID: 1@x\r\n\r\n", "1@x"),
        (b"BYE sip:a SIP/2.0\r\ni :\t2\r\nl: 0\r\n\r\n", "2"),
        (b"\r\n\r\n", ""),
        (b"\xff\xfeCall-ID: x", ""),
    ],
)
def test_the_call_of_any_message_is_read(data: bytes, call_id: str) -> None:
    assert call_id_of(data) == call_id


def test_counts_begin_at_nothing() -> None:
    counters = Counters()
    assert (counters.received, counters.sent, counters.dropped, counters.refused) == (0, 0, {}, {})
