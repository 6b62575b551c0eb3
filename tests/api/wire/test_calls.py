"""How calls are spelt; the frames of their events are in docs/events, held by test_golden.py."""

from typing import Any
from uuid import UUID

import pytest

from opentact.api.wire.call_shapes import CallOut
from opentact.api.wire.calls import call_entity, call_in_event, call_with_times, recording_out
from opentact.voice.calls import CallState
from support.samples import NORMAL, RECORDING, call

TIMES = {"init_on", "ring_on", "answer_on", "hangup_on", "destroy_on"}
STATES = [state for state in CallState if state is not CallState.BRIDGED]


def members(shape: Any) -> set[str]:
    return set(shape.__annotations__)


@pytest.mark.parametrize("state", STATES)
def test_the_whole_call_has_every_member_that_is_documented(state: CallState) -> None:
    ended = NORMAL if state in {CallState.HANGUP, CallState.DESTROYED} else {}
    # What the doctor finds is worked out when one call is asked for.
    assert set(call_entity(call(state, **ended))) == members(CallOut) - {"findings"}


@pytest.mark.parametrize("state", STATES)
def test_an_event_of_a_state_has_that_states_time_alone(state: CallState) -> None:
    shown = call_in_event(call(CallState.DESTROYED, **NORMAL), state)
    times = TIMES & set(shown)
    assert len(times) == 1
    assert shown[times.pop()] is not None
    assert set(shown) <= members(CallOut)


def test_events_of_commands_and_recordings_have_all_times() -> None:
    shown = call_with_times(call(CallState.LIVE))
    assert set(shown) >= TIMES
    assert (shown["hangup_on"], shown["state_end"]) == (None, None)
    assert shown["answer_on"] is not None


def test_a_live_call_names_its_recordings_and_a_stored_one_shows_them() -> None:
    card = call(CallState.LIVE)
    card.recordings.append(UUID(int=7))
    assert call_entity(card)["records"] == [str(UUID(int=7))]
    assert call_entity(card, [], [recording_out(RECORDING, None)])["records"][0]["url"] is None
