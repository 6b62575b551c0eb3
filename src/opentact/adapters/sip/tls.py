"""TLS for SIP: our certificate, whom we trust, and failures in words (RFC 5922)."""

import ssl
from dataclasses import dataclass
from pathlib import Path

# X509_V_ERR_*: what OpenSSL found wrong, in the words of an operator.
_VERDICTS = {
    9: "is not valid yet",
    10: "has expired",
    18: "is self-signed and not trusted",
    19: "is signed by a self-signed CA that is not trusted",
    20: "is not signed by a CA that is trusted",
    21: "cannot be traced to a CA that is trusted",
    23: "has been revoked",
    62: "is for another name",
    64: "is for another address",
}


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files in PEM. `ca` holds whom we trust as a peer; the system's list without it."""

    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Make what TLS and WSS listeners need.

    Raises ValueError with one sentence when the files cannot be used.
    """
    if files.certificate is None or files.key is None:
        raise ValueError("TLS needs a certificate and its key: sip_tls_certificate, sip_tls_key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, files)
    return context


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """Make what connections to others need: they are verified, by name, always."""
    try:
        context = ssl.create_default_context(cafile=files.ca)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"{files.ca} holds no CA certificates: {_words(error)}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if files.certificate is not None and files.key is not None:
        # Who asks for a certificate of ours (mutual TLS) gets the one we listen with.
        _load(context, files)
    return context


def explain(error: BaseException, peer: str) -> str:
    """Say in one sentence why there is no connection to `peer`."""
    if isinstance(error, ssl.SSLCertVerificationError):
        verdict = _VERDICTS.get(error.verify_code, f"is refused: {error.verify_message}")
        return f"the certificate of {peer} {verdict}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS with {peer}: {_words(error)}"
    if isinstance(error, TimeoutError):
        return f"{peer} did not answer in time"
    if isinstance(error, ConnectionRefusedError):
        return f"{peer} refused the connection"
    return f"no connection to {peer}: {_words(error)}"


def fault_of(error: BaseException) -> str:
    """Name a failure with a word of a small set, fit to count by."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate " + _VERDICTS.get(error.verify_code, "refused")
    if isinstance(error, ssl.SSLError):
        return f"TLS: {(error.reason or 'failed').lower().replace('_', ' ')}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return "refused" if isinstance(error, ConnectionRefusedError) else "no connection"


def _load(context: ssl.SSLContext, files: TlsFiles) -> None:
    try:
        context.load_cert_chain(str(files.certificate), str(files.key))
    except (OSError, ssl.SSLError) as error:
        raise ValueError(
            f"the certificate {files.certificate} with the key {files.key}"
            f" cannot be used: {_words(error)}"
        ) from None


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
