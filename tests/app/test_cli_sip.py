"""`opentact sip`: domains and users made by hand, which the API then shows."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from opentact.app.cli_operator import account_app, db_app
from opentact.app.cli_sip import sip_app
from opentact.kit.faults import Fault

EMAIL, SECRET = "a@example.com", "correct horse"


def run(app: Any, data: Path, *words: str) -> str:
    """Run a command in this process; a new one for each would take most of the time."""
    done = CliRunner().invoke(app, [*words, "--data", str(data)])
    if isinstance(done.exception, Fault):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with an account in it."""
    run(db_app, tmp_path, "upgrade")
    run(account_app, tmp_path, "create", "--email", EMAIL, "--password", "long enough")
    return tmp_path


def told(data: Path, *words: str) -> Any:
    return json.loads(run(sip_app, data, *words, "--json"))


def refused(data: Path, *words: str) -> str:
    with pytest.raises(Fault) as refusal:
        run(sip_app, data, *words)
    return str(refusal.value)


def test_a_domain_and_its_users_are_made_and_listed(data: Path) -> None:
    assert told(data, "domain", "list", "--email", EMAIL) == []
    made = told(data, "domain", "add", "acme", "--email", EMAIL)
    assert made["domain"] == "acme.sip.localhost"
    said = run(sip_app, data, "user", "add", "ann", "--domain", "acme", "--password", SECRET)
    assert said == "ann@acme.sip.localhost may register.\n"
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
    assert "ann" in run(sip_app, data, "user", "list", "--domain", "acme")


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
