import asyncio
from typing import Any

import pytest

from opentact.kit.faults import Fault
from opentact.kit.ids import new_id
from opentact.voice.fetching import Fetched
from opentact.voice.media import (
    DigitHeard,
    Latched,
    MediaEvent,
    MediaGone,
    Played,
    RecordFailed,
    RtpTimeout,
)
from opentact.voice.testing import PaperMedia
from opentact.voice.timeline.traces import Trace, Traces
from opentact.voice.timeline.watching import WatchedFetcher, WatchedMedia
from support.tracing import card


@pytest.fixture
def traces() -> Traces:
    return Traces(lambda: 1000.0)


def noted(trace: Trace | None) -> list[tuple[str, Any]]:
    assert trace is not None
    return [(entry.kind, entry.what) for entry in trace.entries]


async def test_what_a_leg_tells_is_kept_and_told_on(traces: Traces) -> None:
    call = card()
    leg = await WatchedMedia(PaperMedia(), traces).open(call.call.uuid, "127.0.0.1")
    traces.opened(call)
    told: list[MediaEvent] = [
        Latched(("192.0.2.1", 4000)),
        DigitHeard("5", 1.0, 160, "inband"),
        Played(1, "end"),
        RtpTimeout(60.0),
        RecordFailed(1, "disk full"),
        MediaGone("died"),
    ]
    for event in told:
        leg.events.put_nowait(event)
    assert noted(traces.of(call.call.uuid)) == [
        ("media", {"fact": "latched", "from": "192.0.2.1:4000"}),
        ("digit", {"digit": "5", "ms": 160, "kind": "inband"}),
        ("media", {"fact": "rtp_timeout", "seconds": 60.0}),
        ("media", {"fact": "record_failed", "reason": "disk full"}),
        ("media", {"fact": "media_gone", "reason": "died"}),
    ]
    assert [leg.events.get_nowait() for _ in told] == told


async def test_a_leg_that_is_no_call_by_itself_belongs_to_the_call_that_opened_it(
    traces: Traces,
) -> None:
    call = card()
    traces.opened(call)
    leg = await WatchedMedia(PaperMedia(), traces).open(new_id(), "127.0.0.1")
    leg.events.put_nowait(DigitHeard("1", 0.0, 100))
    assert noted(traces.of(call.call.uuid)) == [
        ("digit", {"digit": "1", "ms": 100, "kind": "rfc4733"})
    ]


class NoAnswer(Fault):
    """Nobody answers there."""

    code = "fetch_unreachable"


class Web:
    def __init__(self, answer: Fetched | BaseException) -> None:
        self.answer = answer

    async def fetch(self, method: str, url: str, **_: Any) -> Fetched:
        del method, url
        await asyncio.sleep(0)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


async def test_a_web_request_is_kept_with_its_answer_and_without_its_token(
    traces: Traces,
) -> None:
    call = card()
    traces.opened(call)
    answer = Fetched(200, "application/xml", b"<Response/>", "https://x", 3.0)
    await WatchedFetcher(Web(answer), traces).fetch("POST", "https://x/flow?token=abc")
    [(kind, what)] = noted(traces.of(call.call.uuid))
    assert kind == "web"
    assert what.pop("ms") >= 0
    assert what == {
        "method": "POST",
        "url": "https://x/flow?token=(masked)",
        "status": 200,
        "type": "application/xml",
        "bytes": 11,
    }


async def test_a_web_request_that_fails_is_kept_with_why(traces: Traces) -> None:
    call = card()
    traces.opened(call)
    with pytest.raises(NoAnswer):
        await WatchedFetcher(Web(NoAnswer("nobody there")), traces).fetch("GET", "https://x")
    [(_, what)] = noted(traces.of(call.call.uuid))
    assert (what["failed"], what["reason"]) == ("fetch_unreachable", "nobody there")


async def test_a_web_request_that_nobody_waits_for_is_kept_too(traces: Traces) -> None:
    call = card()
    traces.opened(call)
    asked = WatchedFetcher(Web(asyncio.CancelledError()), traces)
    with pytest.raises(asyncio.CancelledError):
        await asked.fetch("GET", "https://x")
    [(_, what)] = noted(traces.of(call.call.uuid))
    assert what["failed"] == "given_up"
