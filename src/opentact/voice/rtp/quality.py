"""How a call sounds, estimated from loss, jitter and delay: the E-model, for G.711.

ITU-T G.107 with its default values, simplified as usual (R. Cole, J. Rosenbluth, "Voice over IP
performance monitoring", 2001): R = 93.2 - Id - Ie,eff. For G.711 with concealment of losses
G.113 appendix I gives Ie = 0 and Bpl = 25.1; losses are taken as random (BurstR = 1).
"""

from typing import Final

_BEST: Final = 93.2
_LOSS_ROBUSTNESS: Final = 25.1
# Beyond this delay (ms) people begin to talk into each other's words (G.107).
_NOTICED_MS: Final = 177.3
# A receiver waits for about twice the jitter, and for a packet to be whole.
_JITTER_BUFFER: Final = 2.0
_PACKET_MS: Final = 20.0
_MAX_R: Final = 100.0


def mos(loss: float, jitter_ms: float, round_trip_ms: float | None = None) -> float:
    """Estimate the mean opinion score, 1 (bad) to 4.4; `loss` is a share, 0 to 1.

    Without a round trip the delay of the net is taken as none.
    """
    delay = (round_trip_ms or 0.0) / 2 + _JITTER_BUFFER * jitter_ms + _PACKET_MS
    impairment = 0.024 * delay + 0.11 * max(0.0, delay - _NOTICED_MS)
    percent = 100 * min(1.0, max(0.0, loss))
    lost = 95 * percent / (percent + _LOSS_ROBUSTNESS)
    return _opinion(_BEST - impairment - lost)


def _opinion(rating: float) -> float:
    """Turn R into MOS (G.107 annex B)."""
    if rating <= 0:
        return 1.0
    rating = min(rating, _MAX_R)
    score = 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6
    return max(1.0, score)  # the curve dips below 1 for R under 6.5
