# ruff: noqa: INP001 - a script, no package
"""Let a coverage-guided fuzzer loose on what meets hostile SIP first: parser, framing, agent.

Usage: .venv/bin/python tools/fuzz_sip.py MINUTES [FOLDER]

FOLDER keeps what led to new code (the corpus) from one run to the next; the captures of
tests/data/sip are where it starts. Needs `pip install atheris`. An input that breaks something
is written to ./crash-* with the traceback on the screen, and the exit status is not 0.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["opentact.voice.sip"]):
    from opentact.voice.sip.agent import Agent
    from opentact.voice.sip.effects import Effect, Incoming
    from opentact.voice.sip.framing import Framer
    from opentact.voice.sip.incoming import IncomingCall
    from opentact.voice.sip.invitation import Invitation
    from opentact.voice.sip.machine import Address
    from opentact.voice.sip.message import Request
    from opentact.voice.sip.parser import MAX_BYTES, MAX_HEAD, Malformed, parse
    from opentact.voice.sip.routing import Identity

ROOT = Path(__file__).resolve().parents[1]
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
ME = Identity("192.0.2.1", 5060)
# Longer than any timer: after it nothing may be left of what was not a call of ours.
LONG = 4000.0
OUR_BRANCH = b"z9hG4bKt2"
WORDS = (
    *("INVITE sip:a@b SIP/2.0", "ACK sip:a@b SIP/2.0", "BYE sip:a@b SIP/2.0", "SIP/2.0 200 OK"),
    *("CANCEL sip:a@b SIP/2.0", "PRACK sip:a@b SIP/2.0", "UPDATE sip:a@b SIP/2.0", "REGISTER"),
    *("Via: SIP/2.0/UDP h;branch=z9hG4bK1", "Via: SIP/2.0/TCP h;rport;branch=z9hG4bK2", "l: 0"),
    *("From: <sip:a@b>;tag=1", "To: <sip:a@b>", "To: <sip:a@b>;tag=1", "Call-ID: 1"),
    *("CSeq: 1 INVITE", "CSeq: 2 BYE", "CSeq: 1 ACK", "Contact: <sip:a@192.0.2.9>", "Contact: *"),
    *("Content-Length: 0", "Max-Forwards: 70", "Record-Route: <sip:p;lr>", "Route: <sip:p>"),
    *("Session-Expires: 90;refresher=uac", "Min-SE: 90", "Require: 100rel", "RAck: 1 1 INVITE"),
    *("Supported: timer, 100rel", "RSeq: 1", "Privacy: id", "P-Asserted-Identity: <sip:a@b>"),
    *("Authorization: Digest realm=", "Content-Type: application/sdp", "Expires: 60", "Path: <x>"),
)


def fuzz_parser(data: bytes) -> None:
    """Anything is a message or `Malformed`; its headers are values or ValueErrors."""
    try:
        message = parse(data)
    except Malformed as wrong:
        if wrong.request is not None:
            bytes(wrong.request)
        return
    for name in ("via", "sender", "recipient", "cseq", "call_id", "contact"):
        with suppress(ValueError):
            getattr(message, name)
    if isinstance(message, Request):
        _ = message.reply_lines


def fuzz_framing(data: bytes) -> None:
    """However a stream is cut, it keeps no more than a message, and gives the same ones."""
    whole, pieces = Framer(), Framer()
    at_once = whole.feed(data, 0.0)
    step = 1 + (data[0] if data else 0) % 61
    in_pieces = [
        each
        for start in range(0, len(data), step)
        for each in pieces.feed(data[start : start + step], 0.0)
    ]
    if at_once != in_pieces or whole.broken != pieces.broken:
        raise AssertionError(f"cut by {step}: {at_once!r} {in_pieces!r}")
    if any(len(each) > MAX_HEAD + MAX_BYTES + 4 for each in at_once):
        raise AssertionError("longer than a message may be")


def fuzz_agent(data: bytes) -> None:
    """Hold a conversation of any messages; once its timers have run, nothing may be left."""
    agent = Agent(ME, _counting())
    calls: list[IncomingCall] = []
    now = 0.0
    for number, piece in enumerate(data.split(b"\0\0")[:12]):
        choice = piece[0] if piece else 0
        transport = ("udp", "tcp")[choice & 1]
        source = Address("192.0.2.9", 5060, transport, choice & 1)
        _act(agent.datagram(piece[1:], source, now), calls, choice, now)
        now += (choice >> 1) % 40 if number % 2 else 0.1
        agent.woken(now)
    for call in calls:
        call.hangup(now)
    _drain(agent, now)


def fuzz_caller(data: bytes) -> None:
    """Call somebody who answers anything; once given up, nothing may be left."""
    agent = Agent(ME, _counting())
    there = Address("192.0.2.9", 5060)
    target = "sip:b@192.0.2.9"
    call = agent.invite(Invitation(target, target, "sip:a@192.0.2.1", SDP, there), 0.0)
    agent.effects()
    now = 0.0
    for piece in data.split(b"\0\0")[:12]:
        now += 0.2
        # Branch, tag and Call-ID of ours, which a fuzzer could not guess.
        agent.datagram(piece.replace(b"BRANCH", OUR_BRANCH), there, now)
        agent.woken(now)
    call.hangup(now)
    _drain(agent, now)


def _drain(agent: Agent, now: float) -> None:
    while (wake_at := agent.wake_at) is not None and wake_at < now + LONG:
        agent.woken(max(wake_at, now))
    left = len(agent.core.transactions), len(agent.core.calls)
    if any(left):
        raise AssertionError(f"transactions and calls left behind: {left}")


def _act(effects: Iterable[Effect], calls: list[IncomingCall], choice: int, now: float) -> None:
    """Do with a call what somebody might."""
    for effect in effects:
        if isinstance(effect, Incoming):
            calls.append(effect.call)
            if choice & 2:
                effect.call.ring(now, SDP if choice & 4 else None, 183 if choice & 4 else 180)
            if choice & 8:
                effect.call.answer(SDP, now)
            elif choice & 16:
                effect.call.reject(486, now)


def _counting() -> Callable[[], str]:
    numbers = iter(range(1_000_000))
    return lambda: f"t{next(numbers)}"


def fuzz(data: bytes) -> None:
    which, rest = (data[0] % 4, data[1:]) if data else (0, b"")
    (fuzz_parser, fuzz_framing, fuzz_agent, fuzz_caller)[which](rest)


def main() -> None:
    minutes = float(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(scratch) / "corpus"  # noqa: PLR2004 - two arguments
        corpus.mkdir(exist_ok=True)
        _plant(corpus)
        words = Path(scratch) / "words"
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in WORDS))
        atheris.Setup(
            [
                sys.argv[0],
                f"-max_total_time={int(minutes * 60)}",
                "-max_len=8192",
                "-rss_limit_mb=1024",
                "-timeout=10",
                "-print_final_stats=1",
                f"-dict={words}",
                str(corpus),
            ],
            fuzz,
        )
        atheris.Fuzz()


def _plant(corpus: Path) -> None:
    """Seed the corpus: captures as they are, and one after the other as conversations."""
    captures = [each.read_bytes() for each in sorted((ROOT / "tests/data/sip").rglob("*.*"))]
    messages = [each for each in captures if b"SIP/2.0" in each[:4000]]
    for number, message in enumerate(messages):
        for which in range(3):
            prefix = bytes([which]) + (b"\x0e" if which == 2 else b"")  # noqa: PLR2004 - the agent
            (corpus / f"seed-{number}-{which}").write_bytes(prefix + message)
    talk = [_said(*words) for words in (("INVITE", 1), ("ACK", 1), ("INVITE", 2), ("BYE", 3))]
    answers = b"\0\0".join(_answered(status) for status in (100, 183, 200, 200))
    (corpus / "seed-answers").write_bytes(b"\x03" + answers)
    (corpus / "seed-refusal").write_bytes(b"\x03" + _answered(180) + b"\0\0" + _answered(486))
    (corpus / "seed-talk").write_bytes(b"\x02" + b"\0\0".join(b"\x0e" + each for each in talk))


def _said(method: str, number: int) -> bytes:
    tag = ";tag=t0" if number > 1 or method == "ACK" else ""
    lines = [
        f"{method} sip:a@192.0.2.1 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{method}{number}",
        "From: <sip:b@192.0.2.9>;tag=1",
        f"To: <sip:a@192.0.2.1>{tag}",
        "Call-ID: 1",
        f"CSeq: {number} {method}",
        "Contact: <sip:b@192.0.2.9>",
        "Max-Forwards: 70",
        "Content-Type: application/sdp",
    ]
    return "\r\n".join([*lines, f"Content-Length: {len(SDP)}\r\n\r\n"]).encode() + SDP


def _answered(status: int) -> bytes:
    lines = [
        f"SIP/2.0 {status} Whatever",
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=BRANCH",
        "From: <sip:a@192.0.2.1>;tag=t1",
        "To: <sip:b@192.0.2.9>;tag=1",
        "Call-ID: t0",
        "CSeq: 1 INVITE",
        "Contact: <sip:b@192.0.2.9>",
        *(["Require: 100rel", "RSeq: 1"] if status == 183 else []),  # noqa: PLR2004 - early media
        "Content-Type: application/sdp",
    ]
    return "\r\n".join([*lines, f"Content-Length: {len(SDP)}\r\n\r\n"]).encode() + SDP


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"')


if __name__ == "__main__":
    main()
