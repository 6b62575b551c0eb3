import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.rtp.quality import mos

losses, times = st.floats(0, 1), st.floats(0, 2_000)


@pytest.mark.parametrize(
    ("loss", "jitter_ms", "round_trip_ms", "expected"),
    [
        # R = 92.72 and 76.94 by hand; G.107 annex B turns them into these
        (0.0, 0.0, None, 4.40),
        (0.05, 0.0, None, 3.90),
        # half a second of round trip: R = 93.2 - 6.48 - 10.197
        (0.0, 0.0, 500.0, 3.88),
        (1.0, 0.0, None, 1.2),
    ],
)
def test_as_the_model_says(
    loss: float, jitter_ms: float, round_trip_ms: float | None, expected: float
) -> None:
    assert mos(loss, jitter_ms, round_trip_ms) == pytest.approx(expected, abs=0.05)


@given(loss=losses, jitter_ms=times, trip=times, more=st.floats(0, 0.5))
def test_nothing_gets_better_by_loss_jitter_or_delay(
    loss: float, jitter_ms: float, trip: float, more: float
) -> None:
    here = mos(loss, jitter_ms, trip)
    assert 1.0 <= here <= 4.5
    slack = 1e-9
    assert mos(min(1, loss + more), jitter_ms, trip) <= here + slack
    assert mos(loss, jitter_ms + 100 * more, trip) <= here + slack
    assert mos(loss, jitter_ms, trip + 100 * more) <= here + slack
