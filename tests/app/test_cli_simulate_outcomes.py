"""What `opentact simulate call` prints and how it ends, for each outcome of the call."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from opentact.app import cli_simulate
from opentact.app.cli_simulate import CallNotAnswered, simulate_app
from opentact.app.simulate import CallOutcome, CallPlan, Tell

ANSWERED = CallOutcome(
    status=200, answered_after=0.25, talked=3.0, ended_by="the caller hung up", heard_seconds=1.5
)
BUSY = CallOutcome(status=486, phrase="Busy Here", reason="Q.850;cause=17")
NEEDED = ("call", "--from", "+12015550123", "--to", "12015550100", "--sip", "127.0.0.1:5099")


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[CallPlan]:
    """The plans of the calls that were placed; their outcome is in `outcomes`."""
    placed: list[CallPlan] = []

    class Placed:
        def __init__(self, plan: CallPlan, tell: Tell) -> None:
            self.tell = tell
            placed.append(plan)

        async def run(self) -> CallOutcome:
            self.tell("180 after 0.002 s")
            return outcomes[0]

    monkeypatch.setattr(cli_simulate, "Caller", Placed)
    return placed


outcomes: list[CallOutcome] = []


def run(outcome: CallOutcome, *more: str) -> Result:
    outcomes[:] = [outcome]
    return CliRunner().invoke(simulate_app, [*NEEDED, *more])


def test_an_answered_call_is_told_as_it_happens_and_summed_up(plans: list[CallPlan]) -> None:
    done = run(ANSWERED)
    assert done.exit_code == 0
    assert len(plans) == 1
    for expected in ("180 after", "after 0.25 s", "3.0 s, until the caller hung up", "1.5 s of"):
        assert expected in done.output
    assert "keys" not in done.output


@pytest.mark.usefixtures("plans")
@pytest.mark.parametrize("outcome", [ANSWERED, BUSY, CallOutcome()])
def test_in_json_there_is_the_outcome_and_nothing_else(outcome: CallOutcome) -> None:
    done = run(outcome, "--json")
    told: dict[str, Any] = json.loads(done.stdout)
    assert (told["status"], told["ended_by"]) == (outcome.status, outcome.ended_by)
    assert told["stats"]["packets_received"] == 0


@pytest.mark.usefixtures("plans")
@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (BUSY, "12015550100 did not answer: 486 Busy Here (Q.850;cause=17)"),
        (
            CallOutcome(ended_by="the caller gave up ringing"),
            "12015550100 did not answer: the caller gave up ringing",
        ),
        (CallOutcome(), "12015550100 did not answer: nothing came back"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_call_that_was_not_answered_is_a_failure_with_its_reason(
    outcome: CallOutcome, sentence: str, more: tuple[str, ...]
) -> None:
    done = run(outcome, *more)
    assert done.exit_code == 1
    assert isinstance(done.exception, CallNotAnswered)
    assert str(done.exception) == sentence


def test_its_options_are_the_plan(plans: list[CallPlan], tmp_path: Path) -> None:
    heard = tmp_path / "heard.wav"
    run(ANSWERED, "--digits", "1,2#", "--seconds", "2.5", "--heard", str(heard))
    [plan] = plans
    assert plan == CallPlan(
        caller="+12015550123",
        called="12015550100",
        server=("127.0.0.1", 5099),
        digits="1,2#",
        seconds=2.5,
        heard=heard,
    )


def test_without_numbers_there_is_no_call(plans: list[CallPlan]) -> None:
    done = CliRunner().invoke(simulate_app, ["call", "--to", "12015550100"])
    assert done.exit_code == 2
    assert plans == []
