"""`opentact carrier`: added, listed, refused with every wrong field, removed."""

import json
from pathlib import Path

import pytest

from opentact.app.cli_carrier import _target
from opentact.app.operating import WrongValue
from support.command import command as run


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("192.0.2.7", ("192.0.2.7", None, "udp")),
        ("192.0.2.7:5080", ("192.0.2.7", 5080, "udp")),
        ("tcp:sip.example.com", ("sip.example.com", None, "tcp")),
        ("tls:sip.example.com", ("sip.example.com", None, "tls")),
        ("udp:[2001:db8::1]:5070", ("2001:db8::1", 5070, "udp")),
        ("[2001:db8::1]", ("2001:db8::1", None, "udp")),
        ("sip.example.com:5060", ("sip.example.com", 5060, "udp")),
    ],
)
def test_a_target_is_read_as_people_write_it(
    text: str, target: tuple[str, int | None, str]
) -> None:
    host, port, transport = target
    assert _target(text) == {"host": host, "port": port, "transport": transport}


def test_a_port_that_is_no_number_is_refused() -> None:
    with pytest.raises(WrongValue, match="'host:name' is no target"):
        _target("host:name")


def test_carriers_are_added_listed_and_removed(tmp_path: Path) -> None:
    assert run(tmp_path, "db", "upgrade").returncode == 0
    words = ["--target", "192.0.2.7", "--target", "tls:sip.example.com", "--prefix", "1"]
    added = run(
        tmp_path, "carrier", "add", "acme", *words, "--network", "198.51.100.0/24", "--json"
    )
    assert added.returncode == 0, added.stderr
    row = json.loads(added.stdout)
    assert row["targets"] == "udp:192.0.2.7:5060, tls:sip.example.com"
    assert json.loads(run(tmp_path, "carrier", "list", "--json").stdout) == [row]

    again = run(tmp_path, "carrier", "add", "acme")
    assert (again.returncode, again.stderr) == (
        1,
        "opentact: There is a carrier named 'acme' already\n",
    )
    wrong = run(tmp_path, "carrier", "add", "x", "--prefix", "+1", "--network", "everywhere")
    assert wrong.returncode == 1
    assert "networks.0: " in wrong.stderr
    assert "routes.0.prefix: " in wrong.stderr

    assert run(tmp_path, "carrier", "remove", "acme").returncode == 0
    assert run(tmp_path, "carrier", "remove", "acme").stderr == (
        "opentact: No carrier is named 'acme'\n"
    )
    assert "no carriers" in run(tmp_path, "carrier", "list").stdout
