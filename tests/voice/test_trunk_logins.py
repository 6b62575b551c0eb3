"""Trunks that log in: asked like everybody, believed with the right password alone."""

from random import Random
from typing import Any, cast
from uuid import UUID

import pytest

from opentact.kit.units import Storage
from opentact.voice.sip.digest import Challenger, Credentials, answer_challenge
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Request
from opentact.voice.trunk_logins import TrunkLogins
from opentact.voice.trunk_rows import Login, Rows
from opentact.voice.trunk_ways import TrunkCaller, TrunkKind
from opentact.voice.trunks import Trunks

REALM, URI = "sip.example.com", "sip:12015550100@sip.example.com"
FROM = Address("203.0.113.77", 40_000)
PBX = TrunkCaller(TrunkKind.CONNECTION, "pbx", UUID(int=1), UUID(int=2))


class Door:
    """A platform with one trunk that logs in, and what was suspected."""

    def __init__(self, *logins: Login) -> None:
        self.suspected: list[tuple[str, str]] = []
        trunks = Trunks(cast(Storage, None), lambda: 0.0, Random(1).randrange)
        trunks.take(Rows(logins=logins))
        self.trunks, self.time = trunks, 1000.0
        self.logins = TrunkLogins(
            trunks, Challenger(b"secret"), REALM, lambda: self.time, self._note
        )

    def ask(self, *answers: str) -> Any:
        return self.logins.who(Request("INVITE", URI, {"proxy-authorization": [*answers]}), FROM)

    def answered(self, username: str, password: str, *, count: int = 1, which: int = 0) -> Any:
        header = self.ask()[which][1]
        credentials = Credentials(username, password)
        return self.ask(answer_challenge(header, "INVITE", URI, credentials, "c", count))

    def _note(self, source: Address, what: str, detail: str) -> None:
        assert source == FROM
        self.suspected.append((what, detail))


@pytest.fixture
def door() -> Door:
    return Door(Login("pbx7", "correct", PBX))


def test_everybody_is_asked_the_same(door: Door) -> None:
    headers = door.ask()
    assert [name for name, _ in headers] == ["proxy-authenticate"] * 2
    assert all(f'realm="{REALM}"' in value for _, value in headers)


def test_where_nobody_logs_in_nobody_is_asked() -> None:
    assert Door().ask() == []
    assert Door().ask('Digest username="pbx7"') == []


@pytest.mark.parametrize("algorithm", [0, 1])
def test_the_right_password_is_believed_by_either_algorithm(door: Door, algorithm: int) -> None:
    assert door.answered("pbx7", "correct", which=algorithm) is PBX
    assert door.suspected == []


@pytest.mark.parametrize(
    ("username", "what"), [("pbx7", "wrong_password"), ("pbx8", "unknown_user")]
)
def test_a_guess_is_asked_again_and_noted(door: Door, username: str, what: str) -> None:
    again = door.answered(username, "guess")
    assert [name for name, _ in again] == ["proxy-authenticate"] * 2
    assert "stale" not in str(again)
    assert door.suspected == [(what, f"trunk {username}")]


def test_an_answer_lets_in_once(door: Door) -> None:
    header = door.ask()[0][1]
    answer = answer_challenge(header, "INVITE", URI, Credentials("pbx7", "correct"), "c", 1)
    assert door.ask(answer) is PBX
    assert "stale=true" in str(door.ask(answer))


def test_an_old_nonce_is_stale_and_no_crime(door: Door) -> None:
    header = door.ask()[0][1]
    door.time += 3600
    answer = answer_challenge(header, "INVITE", URI, Credentials("pbx7", "correct"), "c", 1)
    assert "stale=true" in str(door.ask(answer))
    assert door.suspected == []


@pytest.mark.parametrize("junk", ["", "Digest", "Basic eA==", 'Digest realm="x"', "\x00"])
def test_junk_is_asked_again(door: Door, junk: str) -> None:
    assert door.ask(junk)


def test_a_changed_password_holds_at_once_and_old_ones_are_forgotten(door: Door) -> None:
    for number in range(9):
        door.trunks.take(Rows(logins=(Login("pbx7", f"word {number}", PBX),)))
        assert door.answered("pbx7", f"word {number}") is PBX
        assert door.answered("pbx7", f"word {number - 1}") is not PBX
    assert len(door.logins._known) <= 3
