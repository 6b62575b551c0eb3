"""SIP messages summed up: what each says, in the members a person looks for, and in a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opentact.voice.sdp.faults import SdpRefused
from opentact.voice.sdp.session import Media, Session
from opentact.voice.sip.info_digits import read_info_digit
from opentact.voice.sip.message import Message, Request, Response
from opentact.voice.sip.names import printed
from opentact.voice.sip.parser import parse

KEYS = ("from", "to", "call-id", "cseq", "contact", "user-agent", "server", "reason", "require")
LONGEST = 300  # characters of a header shown in a summary; `raw` has all of it
_WORDS = {
    "INVITE": "a call",
    "ACK": "the answer has arrived",
    "BYE": "the end of the call",
    "CANCEL": "never mind, before there was an answer",
    "PRACK": "the early answer has arrived",
    "UPDATE": "a change of the session",
    "INFO": "information within the call",
    "OPTIONS": "is anybody there",
    "REFER": "call somebody else",
    "NOTIFY": "news",
}
_AGAIN = "a change of the session"


@dataclass(frozen=True, slots=True)
class Description:
    """What an SDP says of audio. `codecs` are payload types with names where they are given."""

    address: str | None
    port: int
    direction: str
    codecs: tuple[str, ...]
    secure: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {
            "address": self.address,
            "port": self.port,
            "direction": self.direction,
            "codecs": list(self.codecs),
            "secure": self.secure,
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """A message in short. `start` is its start line, `method` that of its request (CSeq)."""

    start: str
    method: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    sdp: Description | None = None
    digit: str | None = None

    @property
    def name(self) -> str:
        """What stands on the arrow: `INVITE (SDP)`, `180 Ringing`."""
        name = self.method if self.status is None else self.start.partition(" ")[2]
        return f"{name[:40]} (SDP)" if self.sdp is not None else name[:40]


def summary_of(text: str) -> Summary:
    """Sum up a message, whatever it is."""
    try:
        message = parse(text.encode("utf-8", "surrogateescape"))
    except ValueError:
        start = text.lstrip().partition("\r\n")[0][:LONGEST]
        return Summary(start, start.partition(" ")[0][:20])
    headers = {
        printed(name): ", ".join(message.headers[name])[:LONGEST]
        for name in KEYS
        if name in message.headers
    }
    start = str(bytes(message).partition(b"\r\n")[0], "utf-8", "replace")[:LONGEST]
    sdp, digit = _description(message), _digit(message)
    if isinstance(message, Response):
        return Summary(start, _method(message), message.status, headers, sdp, digit)
    return Summary(start, _method(message), None, headers, sdp, digit)


def sentence_of(summary: Summary, *, ours: bool, peer: str, again: bool) -> str:
    """Say in a sentence what the message does; `ours` if we sent it, `again` for a repetition."""
    if summary.status is None:
        inside = summary.method == "INVITE" and ";tag=" in summary.headers.get("To", "")
        meant = _AGAIN if inside else _WORDS.get(summary.method, "something else")
        what = f"{summary.method} ({meant})"
        words = f"We send {peer} {what}" if ours else f"{peer} sends {what}"
    else:
        what = f"{summary.start.partition(' ')[2]} to {summary.method}"
        words = f"We answer {peer}: {what}" if ours else f"{peer} answers {what}"
    if summary.digit is not None:
        words += f": the key {summary.digit}"
    if summary.sdp is not None:
        words += f"; media {_said(summary.sdp)}"
    if summary.headers.get("Reason"):
        words += f"; reason {summary.headers['Reason']}"
    return f"{words}; once more" if again else words


def _said(sdp: Description) -> str:
    if not sdp.port:
        return "refused"
    codecs = ", ".join(sdp.codecs[:4])
    where = f"at {sdp.address}:{sdp.port}, {codecs}"
    return where if sdp.direction == "sendrecv" else f"{where}, {sdp.direction}"


def _method(message: Message) -> str:
    if isinstance(message, Request):
        return message.method
    try:
        return message.cseq.method
    except ValueError:
        return "?"


def _digit(message: Message) -> str | None:
    if _method(message) != "INFO" or not message.body:
        return None
    info = read_info_digit(message.first("content-type") or "", message.body)
    return info.digit if info is not None else None


def _description(message: Message) -> Description | None:
    if not message.body or "sdp" not in (message.first("content-type") or "").lower():
        return None
    try:
        session = Session.parse(message.body)
    except SdpRefused:
        return None
    audio = next((media for media in session.media if media.kind == "audio"), None)
    if audio is None:
        return None
    directions = ("sendonly", "recvonly", "inactive", "sendrecv")
    named = [name for name, _ in (*audio.attributes, *session.attributes) if name in directions]
    return Description(
        audio.connection or session.connection,
        audio.port,
        named[0] if named else "sendrecv",
        tuple(_codec(audio, each) for each in audio.formats[:16]),
        "SAVP" in audio.protocol,
    )


_STATIC = {"0": "PCMU", "3": "GSM", "4": "G723", "8": "PCMA", "9": "G722", "13": "CN", "18": "G729"}


def _codec(audio: Media, number: str) -> str:
    for name, value in audio.attributes:
        if name == "rtpmap" and value and value.partition(" ")[0] == number:
            return value.partition(" ")[2].partition("/")[0]
    return _STATIC.get(number, number)
