"""Where SIP listens, by which transport."""

from pathlib import Path

import pytest

from opentact.app.settings import BadSetting, Settings
from opentact.app.sip_listening import listening_of, places_of
from support.certificates import Authority


def test_only_tcp_is_there_by_default() -> None:
    assert listening_of(Settings(sip="127.0.0.1:5070")).places == {"tcp": ("127.0.0.1", 5070)}


def test_each_transport_has_its_place(tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).issue("sip.example.com")
    settings = Settings(
        sip_tcp="off",
        sip_tls="127.0.0.1:5061",
        sip_ws="[::1]:8088",
        sip_wss="127.0.0.1:8089",
        sip_tls_certificate=str(certificate),
        sip_tls_key=str(key),
        sip_tls_ca=str(tmp_path / "ca.pem"),
    )
    assert listening_of(settings).places == {
        "tls": ("127.0.0.1", 5061),
        "ws": ("::1", 8088),
        "wss": ("127.0.0.1", 8089),
    }
    assert places_of(settings) == (
        "127.0.0.1:5060 (UDP), 127.0.0.1:5061 (TLS), ::1:8088 (WebSocket),"
        " 127.0.0.1:8089 (secure WebSocket)"
    )


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"sip_tls": "127.0.0.1:0"}, "needs a certificate and its key"),
        (
            {"sip_wss": "127.0.0.1:0", "sip_tls_certificate": "no.crt", "sip_tls_key": "no.key"},
            "no.crt with the key no.key cannot be used: No such file",
        ),
        ({"sip_tls_ca": "no.pem"}, "no.pem holds no CA certificates: No such file"),
    ],
)
def test_files_that_are_no_good_are_one_sentence(given: dict[str, str], why: str) -> None:
    with pytest.raises(BadSetting, match=why) as refused:
        listening_of(Settings(**given))  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


def test_limits_are_settings() -> None:
    listening = listening_of(Settings(sip_connections=7, sip_connections_per_source=3))
    assert (listening.max_connections, listening.max_per_source) == (7, 3)
