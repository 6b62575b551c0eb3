import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from opentact.adapters.sip.tls import (
    TlsFiles,
    client_context,
    explain,
    fault_of,
    server_context,
)
from support.certificates import Authority


def test_peers_are_verified_by_name_and_listeners_speak_1_2_at_least(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files = TlsFiles(*authority.issue("sip.example.com"), authority.ca)
    client, server = client_context(files), server_context(files)
    assert (client.verify_mode, client.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert client.minimum_version == server.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("missing", ["certificate", "key"])
def test_a_listener_needs_both_files(tmp_path: Path, missing: str) -> None:
    certificate, key = Authority(tmp_path).issue("x")
    given = {"certificate": certificate, "key": key, missing: None}
    with pytest.raises(ValueError, match="needs a certificate and its key"):
        server_context(TlsFiles(**given))


def test_a_key_of_another_certificate_is_told(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, _ = authority.issue("one")
    _, key = authority.issue("other")
    with pytest.raises(ValueError, match=r"cannot be used: .*mismatch"):
        server_context(TlsFiles(certificate, key))


def test_what_is_no_pem_is_told(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("rubbish")
    with pytest.raises(ValueError, match="holds no CA certificates"):
        client_context(TlsFiles(ca=rubbish))


def handshake(tmp_path: Path, *names: str, **more: timedelta) -> ssl.SSLError:
    """Shake hands in memory with a server of these names; give what the client says to it."""
    authority = Authority(tmp_path)
    server_files = TlsFiles(*authority.issue(*names, **more))
    server_in, client_in = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context(server_files).wrap_bio(server_in, client_in, server_side=True)
    client = client_context(TlsFiles(ca=authority.ca)).wrap_bio(
        client_in, server_in, server_hostname="sip.example.com"
    )
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                return error
    raise AssertionError("they understood each other")


def test_a_certificate_that_does_not_hold_is_explained(tmp_path: Path) -> None:
    expired = handshake(tmp_path, "sip.example.com", expires=-timedelta(1))
    assert explain(expired, "sip.example.com") == "the certificate of sip.example.com has expired"
    assert fault_of(expired) == "certificate has expired"
    other = handshake(tmp_path, "sip.example.net")
    assert explain(other, "p") == "the certificate of p is for another name"


@pytest.mark.parametrize(
    ("error", "sentence", "fault"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "p refused the connection", "refused"),
        (TimeoutError(), "p did not answer in time", "no answer in time"),
        (OSError(113, "No route to host"), "no connection to p: No route to host", "no connection"),
    ],
)
def test_why_there_is_no_connection_is_one_sentence(
    error: OSError, sentence: str, fault: str
) -> None:
    assert (explain(error, "p"), fault_of(error)) == (sentence, fault)
