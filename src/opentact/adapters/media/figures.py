"""What a leg counted and noticed, put together: at its end, and while it lives."""

from opentact.voice.media import MediaStats
from opentact.voice.rtp.quality import mos
from opentact.voice.sdp.offer_answer import Negotiated

from .inbound import Inbound
from .outbound import Outbound
from .reports import Reports

Vitals = dict[str, object]


def stats(out: Outbound | None, heard: Inbound, reports: Reports) -> MediaStats:
    """Count what went through."""
    jitter = heard.reception.jitter_ms if heard.reception else 0.0
    trip = reports.round_trip_ms
    score = peer_score = None
    if heard.expected:
        score = round(mos(heard.lost / heard.expected, jitter, trip), 2)
    if reports.lost is not None:
        peer_score = round(mos(reports.lost, reports.jitter_ms, trip), 2)
    return MediaStats(
        packets_sent=out.sent.packets if out else 0,
        bytes_sent=out.sent.octets if out else 0,
        packets_received=heard.got.packets,
        bytes_received=heard.got.octets,
        lost=heard.lost,
        jitter_ms=jitter,
        first_rtp=heard.since_connect(heard.first_at),
        last_rtp=heard.since_connect(heard.last_at),
        strangers=heard.strangers,
        invalid=heard.invalid,
        mos=score,
        round_trip_ms=trip,
        peer_lost=reports.lost,
        peer_jitter_ms=None if reports.lost is None else reports.jitter_ms,
        peer_mos=peer_score,
        facts=heard.facts.all(),
    )


def vitals(
    out: Outbound | None, heard: Inbound, reports: Reports, agreed: Negotiated | None
) -> Vitals:
    """Tell what the leg is doing, in plain values."""
    counted = stats(out, heard, reports)
    return {
        "peer": "{}:{}".format(*heard.latch.address) if heard.latch else None,
        "latched": bool(heard.latch and heard.latch.locked),
        "codec": agreed.codec if agreed else None,
        "direction": agreed.direction if agreed else None,
        "packets_sent": counted.packets_sent,
        "packets_received": counted.packets_received,
        "lost": counted.lost,
        "jitter_ms": round(counted.jitter_ms, 2),
        "mos": counted.mos,
        "strangers": counted.strangers,
        "invalid": counted.invalid,
        "playing": out.playout.playing if out else None,
        "queued": out.playout.queued if out else 0,
        "recording": sorted(heard.recordings),
        "peer_hears": {
            "fraction_lost": round(reports.fraction_lost, 3),
            "jitter_ms": reports.jitter_ms,
            "round_trip_ms": reports.round_trip_ms,
            "mos": counted.peer_mos,
        },
        "facts": [each.kind for each in counted.facts],
    }
