"""`opentact sip`: domains and users made by hand, which the API then shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.server import command as run

EMAIL, SECRET = "a@example.com", "correct horse"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with an account in it."""
    assert run(tmp_path, "db", "upgrade").returncode == 0
    made = run(tmp_path, "account", "create", "--email", EMAIL, "--password", "long enough")
    assert made.returncode == 0, made.stderr
    return tmp_path


def told(data: Path, *words: str) -> Any:
    done = run(data, "sip", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(data: Path, *words: str) -> str:
    done = run(data, "sip", *words)
    assert done.returncode == 1
    [sentence] = done.stderr.splitlines()
    return str(sentence)


def test_a_domain_and_its_users_are_made_and_listed(data: Path) -> None:
    assert told(data, "domain", "list", "--email", EMAIL) == []
    made = told(data, "domain", "add", "acme", "--email", EMAIL)
    assert made["domain"] == "acme.sip.localhost"
    said = run(data, "sip", "user", "add", "ann", "--domain", "acme", "--password", SECRET)
    assert said.stdout == "ann@acme.sip.localhost may register.\n"
    bob = told(
        data,
        *("user", "add", "bob", "--domain", "acme.sip.localhost", "--password", SECRET),
        "--same-domain",
    )
    users = told(data, "user", "list", "--domain", "acme")
    assert [user["login"] for user in users] == ["ann", "bob"]
    assert users[1] == bob
    assert bob["same_domain_calls_only"] is True
    [domain] = told(data, "domain", "list", "--email", EMAIL)
    assert (domain["domain"], domain["users"]) == ("acme.sip.localhost", 2)
    assert "ann" in run(data, "sip", "user", "list", "--domain", "acme").stdout


def test_what_is_wrong_is_one_sentence(data: Path) -> None:
    told(data, "domain", "add", "acme", "--email", EMAIL)
    user = ("user", "add", "ann", "--domain", "acme", "--password")
    told(data, *user, SECRET)
    assert "acme.sip.localhost is taken" in refused(data, "domain", "add", "acme", "--email", EMAIL)
    assert "is no name" in refused(data, "domain", "add", "-", "--email", EMAIL)
    assert "no user nobody@" in refused(
        data, "domain", "add", "other", "--email", "nobody@example.com"
    )
    assert "has a SIP user ann already" in refused(data, *user, SECRET)
    assert "digits alone" in refused(data, *user, "12345678")
    assert "is no login" in refused(
        data, "user", "add", "a b", "--domain", "acme", "--password", SECRET
    )
    assert "no SIP domain nowhere" in refused(data, "user", "list", "--domain", "nowhere")
