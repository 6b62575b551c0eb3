"""Settings: who wins, and what a wrong value says."""

from dataclasses import fields
from pathlib import Path

import pytest

from opentact.app.settings import BadSetting, Settings, load


def write(folder: Path, text: str) -> Path:
    file = folder / "opentact.toml"
    file.write_text(text)
    return file


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, 'http = "127.0.0.1:1"\nsip = "127.0.0.1:1"\nrtp_timeout = 1\n')
    environ = {"OPENTACT_HTTP": "127.0.0.1:2", "OPENTACT_SIP": "127.0.0.1:2"}
    settings = load({"http": "127.0.0.1:3", "sip": None}, environ=environ, file=file)
    assert settings.http == "127.0.0.1:3"
    assert settings.sip == "127.0.0.1:2"
    assert settings.rtp_timeout == 1
    assert settings.park_seconds == Settings().park_seconds


def test_the_environment_may_name_another_file(tmp_path: Path) -> None:
    file = write(tmp_path, "event_days = 7\n")
    assert load({}, environ={"OPENTACT_CONFIG": str(file)}).event_days == 7


@pytest.mark.parametrize("word", ["true", "1", "yes", "on", "TRUE"])
def test_a_switch_may_be_said_in_several_ways(word: str) -> None:
    assert load({}, environ={"OPENTACT_SIGN_UP": word}).sign_up is True
    assert load({}, environ={"OPENTACT_SIGN_UP": "off"}).sign_up is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("http", "8080"),
        ("http", "127.0.0.1:99999"),
        ("http", ":8080"),
        ("sip", "localhost"),
        ("sip_tcp", "on"),
        ("sip_connections", "0"),
        ("sip_tls", "5061"),
        ("sip_wss", "127.0.0.1:x"),
        ("rtp_ports", "20000"),
        ("rtp_ports", "3-2"),
        ("rtp_ports", "20000-70000"),
        ("rtp_timeout", "soon"),
        ("rtp_timeout", "0"),
        ("database_url", "nonsense"),
        ("database_url", "mysql://localhost/opentact"),
        ("public_url", "example.com"),
        ("carriers", "10.0.0.0/33"),
        ("carriers", "our carrier"),
        ("fetch_networks", "10.0.0.1/8"),
        ("media", "magic"),
        ("sign_up", "maybe"),
        ("event_days", "-1"),
        ("event_days", "0"),
        ("park_seconds", "1.5"),
        ("log_level", "loud"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_setting(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as refused:
        load({}, environ={f"OPENTACT_{name.upper()}": value}, file=Path("none"))
    sentence = str(refused.value)
    assert f"OPENTACT_{name.upper()}" in sentence
    assert repr(value.split(",", 1)[0]) in sentence
    assert "; give " in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("text", ["http = ", "htpp = 'x'", "\x00"])
def test_a_wrong_file_is_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadSetting) as refused:
        load({}, environ={}, file=write(tmp_path, text))
    assert "\n" not in str(refused.value)


def test_every_setting_says_what_it_is() -> None:
    assert [each.name for each in fields(Settings) if not each.metadata.get("about")] == []


def test_only_a_local_sip_listens_to_this_machine_by_default() -> None:
    assert load({}, environ={}, file=Path("none")).carrier_networks
    for elsewhere in ("0.0.0.0:5060", "sip.example.com:5060", "[::]:5060"):
        assert not load({"sip": elsewhere}, environ={}, file=Path("none")).carrier_networks


def test_sip_listens_by_tcp_where_it_does_by_udp_unless_told_otherwise() -> None:
    def place(text: str) -> tuple[str, int] | None:
        given = {"sip": "127.0.0.1:5070", "sip_tcp": text}
        return load(given, environ={}, file=Path("none")).sip_tcp_address

    assert place("") == ("127.0.0.1", 5070)
    assert place("127.0.0.1:5080") == ("127.0.0.1", 5080)
    assert place("off") is None
