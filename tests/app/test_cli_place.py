from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from opentact.app.cli_place import (
    NothingToCallWith,
    checked,
    follow,
    number_of,
    print_rehearsed,
    profile_of,
)
from opentact.voice.callflow.faults import FlowRefused


class PaperApi:
    """Answers by path, each path's answers in turn."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def ask(self, path: str, body: object = None) -> Any:
        name = path.rstrip("/").rpartition("/")[2]
        found = self.answers[f"made_{name}" if name == "outbound_voice" and body else name]
        return found.pop(0) if isinstance(found, list) and name == "c" else found


def api(**answers: Any) -> Any:
    return PaperApi(**answers)


PROFILES = [{"uuid": "1", "name": "one"}, {"uuid": "2", "name": "two"}]


def test_the_first_number_of_the_account_is_shown_unless_one_is_named() -> None:
    assert number_of(api(search={"data": [{"tn": {"tn": 12025550100}}]}), None) == "+12025550100"
    assert number_of(api(), "+1303") == "+1303"
    with pytest.raises(NothingToCallWith):
        number_of(api(search={"data": []}), None)


@pytest.mark.parametrize(("given", "uuid"), [(None, "1"), ("two", "2"), ("2", "2")])
def test_a_profile_is_found_by_name_or_uuid(given: str | None, uuid: str) -> None:
    assert profile_of(api(outbound_voice=PROFILES), given) == uuid


def test_a_profile_is_made_only_if_none_is_named() -> None:
    bare = api(outbound_voice=[], made_outbound_voice={"uuid": "9"})
    assert profile_of(bare, None) == "9"
    with pytest.raises(NothingToCallWith, match="three"):
        profile_of(api(outbound_voice=PROFILES), "three")


def test_a_flow_is_checked_before_anybody_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "flow.xml"
    file.write_text("<Response><Hangup/></Response>")
    assert checked(file) == "<Response><Hangup/></Response>"
    file.write_text("<Response><Sing/></Response>")
    with pytest.raises(FlowRefused):
        checked(file)


def test_a_call_is_followed_state_by_state() -> None:
    log = {"success": True, "command": {"path": "Say[0]"}}
    seen: dict[str, Any] = {"reason": None, "duration": 0, "price": 0.0, "logs": []}
    states = [
        {**seen, "state": "ringing"},
        {**seen, "state": "live", "logs": [log]},
        {**seen, "state": "destroyed", "logs": [log], "reason": "The callee hung up"},
    ]
    console = Console(record=True, width=100, quiet=False, force_terminal=False)
    assert follow(api(c=states), "c", console)["state"] == "destroyed"
    printed = console.export_text()
    assert [printed.count(word) for word in ("ringing", "live", "Say[0]", "hung up")] == [1] * 4


def test_a_rehearsed_call_tells_route_price_and_refusals() -> None:
    console = Console(record=True, width=100)
    told = {
        "route": {"kind": "pstn", "ways": ["main"]},
        "price_of_minute": 0.01,
        "refusals": [{"message": "no"}],
        "allowed": False,
    }
    print_rehearsed(told, console)
    printed = console.export_text()
    assert "pstn: main" in printed
    assert "refused no" in printed
    assert "allowed" not in printed
