"""`opentact numbers verify`, against answers of paper; the whole of it in tests/e2e."""

from typing import Any

import pytest
from typer.testing import CliRunner

from opentact.app import cli_verify
from opentact.app.cli_numbers import numbers_app
from opentact.app.cli_verify import NotVerified, settled

NUMBER = {"uuid": "u", "tn": 493012345678}


class PaperApi:
    """Answers with one state after the other."""

    def __init__(self, *states: str) -> None:
        self.states = [*states]
        self.asked: list[tuple[str, Any]] = []

    def ask(self, path: str, body: object = None) -> Any:
        self.asked.append((path, body))
        if path == "/rest/profile/outbound_voice":
            return [{"uuid": "p", "name": "out"}]
        if body is not None:
            return {**NUMBER, "state": "pending", "code": "246810"}
        return {**NUMBER, "state": self.states.pop(0), "reason": "It did not answer"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_verify, "LOOK_S", 0.0)


def ran(monkeypatch: pytest.MonkeyPatch, api: PaperApi, *words: str) -> Any:
    monkeypatch.setattr(cli_verify, "api_of", lambda *_: api)
    return CliRunner().invoke(numbers_app, ["verify", "+493012345678", "--from", "+1202", *words])


def test_it_waits_until_it_is_known() -> None:
    api: Any = PaperApi("pending", "pending", "verified")
    assert settled(api, "u")["state"] == "verified"
    assert [path for path, _ in api.asked] == ["/rest/verified_number/u"] * 3


def test_the_code_is_shown_and_the_number_named(monkeypatch: pytest.MonkeyPatch) -> None:
    api = PaperApi("verified")
    done = ran(monkeypatch, api, "--name", "office")
    assert done.exit_code == 0, done.output
    assert "246810" in done.stderr
    assert done.stdout == "+493012345678 is verified\n"
    assert api.asked[1][1] == {
        "tn": "+493012345678",
        "name": "office",
        "outbound_voice_profile": "p",
        "from": "+1202",
    }


def test_a_number_that_nobody_verified_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    done = ran(monkeypatch, PaperApi("failed"), "--json")
    assert isinstance(done.exception, NotVerified)
    assert str(done.exception) == "+493012345678 is not verified: It did not answer"
    assert '"failed"' in done.stdout
