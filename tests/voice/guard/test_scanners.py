import pytest

from opentact.voice.guard.scanners import AGENTS, scanner_of


def message(agent: str, method: str = "OPTIONS", header: str = "User-Agent") -> bytes:
    return f"{method} sip:100@192.0.2.1 SIP/2.0\r\nVia: x\r\n{header}: {agent}\r\n\r\n".encode()


@pytest.mark.parametrize("agent", AGENTS)
def test_every_scanner_of_the_table_is_known(agent: str) -> None:
    assert scanner_of(message(agent)) == agent


@pytest.mark.parametrize("header", ["user-agent", "USER-AGENT  ", "Server"])
def test_headers_are_read_as_the_world_writes_them(header: str) -> None:
    assert scanner_of(message("Friendly-Scanner/0.2.8", "REGISTER", header)) == "friendly-scanner"


@pytest.mark.parametrize(
    "data",
    [
        message("Yealink SIP-T46S 66.85"),
        message("Grandstream, not friendly-scanner"),
        message("friendly-scanner", "BYE"),
        b"SIP/2.0 200 OK\r\nServer: friendly-scanner\r\n\r\n",
        b"INVITE sip:friendly-scanner@x SIP/2.0\r\nSubject: sipvicious\r\n\r\n",
        b"",
        b"\xff\xfe" * 40,
    ],
)
def test_others_are_not_taken_for_scanners(data: bytes) -> None:
    assert scanner_of(data) is None
