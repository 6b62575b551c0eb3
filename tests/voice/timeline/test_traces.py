from collections.abc import Callable

import pytest

from opentact.kit.ids import new_id
from opentact.voice.call_events import CallCard
from opentact.voice.timeline.traces import (
    LAST_ENTRIES,
    MOST_ENTRIES,
    MOST_UNCLAIMED,
    MOST_WAITING,
    Traces,
    current,
)
from support.tracing import INVITE, PEER, card

BYE = b"BYE sip:1@x SIP/2.0\r\n\r\n"


class Watch:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def traces(watch: Callable[[], float]) -> Traces:
    return Traces(watch)


def kinds(traces: Traces, call: CallCard) -> list[str]:
    trace = traces.of(call.call.uuid)
    assert trace is not None
    return [entry.kind for entry in trace.entries]


def test_an_invite_that_came_before_its_record_is_the_first_entry(traces: Traces) -> None:
    traces.on_message("in", INVITE, PEER, "a")
    traces.on_message("out", b"SIP/2.0 100 Trying\r\n\r\n", PEER, "a")
    call = card()
    traces.opened(call)
    traces.on_message("in", BYE, PEER, "a")
    assert kinds(traces, call) == ["in", "out", "in"]


def test_messages_of_nobody_we_know_are_not_kept(traces: Traces) -> None:
    traces.on_message("in", BYE, PEER, "b")
    traces.on_message("in", INVITE, PEER, "")
    call = card("b")
    traces.opened(call)
    assert kinds(traces, call) == []


def test_a_leg_that_goes_out_belongs_to_the_call_that_it_went_out_for(traces: Traces) -> None:
    caller = card("a")
    traces.opened(caller)
    callee = card(None, caller.call.uuid)
    traces.opened(callee)
    traces.on_message("out", INVITE, PEER, "b")
    traces.claim(callee, "b")
    trace = traces.of(callee.call.uuid)
    assert trace is traces.of(caller.call.uuid)
    assert trace is not None
    assert trace.legs == {"a": str(caller.call.uuid), "b": str(callee.call.uuid)}
    assert kinds(traces, caller) == ["out"]


def test_a_trace_is_taken_a_little_after_the_last_leg_has_ended(
    traces: Traces, watch: Watch
) -> None:
    caller = card("a")
    traces.opened(caller)
    callee = card("b", caller.call.uuid)
    traces.opened(callee)
    traces.ended(caller)
    watch.now += 10
    assert traces.take_ended(linger=2) == []
    traces.ended(callee)
    watch.now += 1
    assert traces.take_ended(linger=2) == []
    traces.on_message("in", b"SIP/2.0 200 OK\r\n\r\n", PEER, "b")
    watch.now += 2
    [trace] = traces.take_ended(linger=2)
    assert [entry.kind for entry in trace.entries] == ["in"]


def test_nothing_is_left_of_a_trace_that_was_taken(traces: Traces) -> None:
    for _ in range(10):
        caller = card("a")
        traces.opened(caller)
        callee = card(None, caller.call.uuid)
        traces.opened(callee)
        traces.claim(callee, "b")
        traces.ended(callee)
        traces.ended(caller)
        traces.take_ended(linger=0)
        assert traces.of(callee.call.uuid) is None
    assert repr(traces) == "<Traces calls=0 waiting=0>"


def test_a_call_keeps_its_beginning_and_its_end_and_counts_the_middle(traces: Traces) -> None:
    call = card()
    traces.opened(call)
    for number in range(1000):
        traces.note(call.call.uuid, "digit", {"digit": str(number)})
    trace = traces.of(call.call.uuid)
    assert trace is not None
    assert len(trace.entries) == MOST_ENTRIES
    assert len(trace.last) == LAST_ENTRIES
    assert trace.cut == 1000 - MOST_ENTRIES - LAST_ENTRIES
    assert trace.last[-1].what == {"digit": "999"}


def test_large_messages_are_cut_and_count_by_their_size(traces: Traces) -> None:
    call = card()
    traces.opened(call)
    for _ in range(100):
        traces.on_message("in", b"x" * 60_000, PEER, "a")
    trace = traces.of(call.call.uuid)
    assert trace is not None
    kept = [*trace.entries, *trace.last]
    assert sum(len(entry.what) for entry in kept) <= 96 * 1024 + LAST_ENTRIES * 8 * 1024


def test_a_flood_of_strangers_takes_no_more_memory_than_its_bound(traces: Traces) -> None:
    for number in range(MOST_WAITING + 50):
        traces.on_message("in", INVITE, PEER, f"flood {number}")
    for _ in range(50):
        traces.on_message("in", INVITE, PEER, "again")
    call = card("again")
    traces.opened(call)
    assert len(kinds(traces, call)) == MOST_UNCLAIMED
    assert repr(traces) == f"<Traces calls=1 waiting={MOST_WAITING - 1}>"


def test_what_runs_for_a_call_knows_its_trace(traces: Traces) -> None:
    call = card()
    traces.opened(call)
    assert current.get() is traces.of(call.call.uuid)


def test_what_is_told_of_no_call_is_no_error(traces: Traces) -> None:
    stranger = card("z")
    traces.claim(stranger, "z")
    traces.ended(stranger)
    assert not traces.note(new_id(), "digit", {})
    assert traces.take_ended(linger=0) == []
