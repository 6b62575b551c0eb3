"""The torture messages of RFC 4475: each gets what the RFC says of it, by section.

The agent is a user agent without a registrar: REGISTER, where it is well-formed, gets 405.
`test` is in the RFC's archive but in none of its sections.
"""

from pathlib import Path

import pytest

from opentact.voice.sip.agent import Agent
from opentact.voice.sip.effects import Dropped, Incoming, Transmit
from opentact.voice.sip.headers import CSeq, Via
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Response
from opentact.voice.sip.parser import parse
from opentact.voice.sip.routing import Identity
from opentact.voice.sip.uri import SipUri
from voice.sip.samples import read_request, read_response

MESSAGES = Path(__file__).parents[2] / "data" / "rfc4475"
SOURCE = Address("192.0.2.77", 5099)
ACCEPTED = "100 and handed up"
DROPPED = "dropped"

OUTCOMES = [
    ("3.1.1.1", "wsinv", "481"),  # well-formed; its tag of To names no dialog of ours
    ("3.1.1.2", "intmeth", "501"),
    ("3.1.1.3", "esc01", ACCEPTED),
    ("3.1.1.4", "escnull", "405"),
    ("3.1.1.5", "esc02", "501"),  # escapes in a method are none: it is not REGISTER
    ("3.1.1.6", "lwsdisp", "200"),
    ("3.1.1.7", "longreq", ACCEPTED),
    ("3.1.1.8", "dblreq", "405"),  # the second request is only excess bytes
    ("3.1.1.9", "semiuri", "200"),
    ("3.1.1.10", "transports", "200"),
    ("3.1.1.11", "mpart01", "405"),
    ("3.1.1.12", "unreason", DROPPED),  # well-formed, but an answer to no request of ours
    ("3.1.1.13", "noreason", DROPPED),
    ("3.1.2.1", "badinv01", "400"),
    ("3.1.2.2", "clerr", "400"),
    ("3.1.2.3", "ncl", "400"),
    ("3.1.2.4", "scalar02", "400"),
    ("3.1.2.5", "scalarlg", DROPPED),
    ("3.1.2.6", "quotbal", "400"),
    ("3.1.2.7", "ltgtruri", "400"),
    ("3.1.2.8", "lwsruri", "400"),
    ("3.1.2.9", "lwsstart", "400"),
    ("3.1.2.10", "trws", "400"),
    ("3.1.2.11", "escruri", "400"),
    ("3.1.2.12", "baddate", ACCEPTED),  # nothing here depends on Date
    ("3.1.2.13", "regbadct", "400"),
    ("3.1.2.14", "badaspec", "400"),
    ("3.1.2.15", "baddn", "400"),
    ("3.1.2.16", "badvers", "505"),
    ("3.1.2.17", "mismatch01", "400"),
    ("3.1.2.18", "mismatch02", "400"),
    ("3.1.2.19", "bigcode", DROPPED),
    ("3.2.1", "badbranch", "200"),
    ("3.3.1", "insuf", "400"),
    ("3.3.2", "unkscm", "416"),
    ("3.3.3", "novelsc", "416"),
    ("3.3.4", "unksm2", "405"),
    ("3.3.5", "bext01", "420"),
    ("3.3.6", "invut", "415"),
    ("3.3.7", "regaut01", "405"),
    ("3.3.8", "multi01", "400"),
    ("3.3.9", "mcl01", "400"),
    ("3.3.10", "bcast", DROPPED),
    ("3.3.11", "zeromf", "200"),  # a user agent is where the hops end anyway
    ("3.3.12", "cparam01", "405"),
    ("3.3.13", "cparam02", "405"),
    ("3.3.14", "regescrt", "405"),
    ("3.3.15", "sdp01", "406"),
    ("3.4.1", "inv2543", ACCEPTED),
    ("none", "test", DROPPED),
]


def load(name: str) -> bytes:
    return next(MESSAGES.glob(f"*/{name}.dat")).read_bytes()


def outcome(data: bytes) -> str:
    agent = Agent(Identity("192.0.2.250", 5060), lambda: "ours")
    effects = agent.datagram(data, SOURCE, now=0.0)
    if any(isinstance(effect, Incoming) for effect in effects):
        return ACCEPTED
    (effect,) = effects
    if isinstance(effect, Dropped):
        assert not len(agent.core.transactions)
        return DROPPED
    assert isinstance(effect, Transmit)
    return str(read_response(effect.data).status)


@pytest.mark.parametrize(
    ("name", "expected"),
    [pytest.param(name, expected, id=f"{section}-{name}") for section, name, expected in OUTCOMES],
)
def test_each_message_gets_what_the_rfc_says(name: str, expected: str) -> None:
    assert outcome(load(name)) == expected


def test_no_message_is_forgotten() -> None:
    files = {file.stem for file in MESSAGES.glob("*/*.dat")}
    assert len(files) == 50
    assert {name for _, name, _ in OUTCOMES} == files


def test_a_comma_in_a_bare_name_is_refused_for_its_own_sake() -> None:
    # The archive's baddn.dat also lacks the empty line after its headers.
    assert outcome(load("baddn") + b"\r\n") == "400"


def test_white_space_and_folds_are_read_through() -> None:
    wsinv = read_request(load("wsinv"))
    assert wsinv.recipient.tag == "1918181833n"
    assert wsinv.sender.display == 'J Rosenberg \\"'
    assert wsinv.sender.tag == "98asjd8"
    assert wsinv.cseq == CSeq(9, "INVITE")
    assert wsinv.first("subject") == ""
    assert wsinv.first("newfangledheader") == "newfangled value continued newfangled value"
    assert [Via.parse(via) for via in wsinv.each("via")] == [
        Via("192.0.2.2", params=(("branch", "390skdjuw"),)),
        Via("spindle.example.com", params=(("branch", "z9hG4bK9ikj8"),), transport="TCP"),
        Via("192.168.255.111", params=(("branch", "z9hG4bK30239"),)),
    ]
    assert wsinv.contact is not None
    assert dict(wsinv.contact.params) == {
        "newparam": "newvalue",
        "secondparam": None,
        "q": "0.33",
    }


def test_strange_but_legal_tokens_are_kept() -> None:
    intmeth = read_request(load("intmeth"))
    assert intmeth.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert intmeth.sender.tag == "_token~1'+`*%!-."
    assert intmeth.recipient.display == "BEL:\x07 NUL:\x00 DEL:\x7f"
    uri = SipUri.parse(intmeth.uri)
    assert uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert uri.host == "example.com"


def test_escapes_are_undone_in_uris_only() -> None:
    esc01 = read_request(load("esc01"))
    assert SipUri.parse(esc01.uri).user == "sips:user@example.com"
    assert esc01.recipient.user == "user"
    assert esc01.sender.user == "I have spaces"
    assert esc01.contact is not None
    assert esc01.contact.sip_uri.params == (("lr", None), ("name", "value%41"))
    escnull = read_request(load("escnull"))
    assert escnull.sender.sip_uri.user == "null-\x00-null"
    esc02 = read_request(load("esc02"))
    assert esc02.method == "RE%47IST%45R"
    assert esc02.recipient.display == "%Z%45"
    assert len(esc02.each("contact")) == 2, "C%6Fntact is another header"


def test_a_parameter_without_brackets_is_the_headers() -> None:
    bare, bracketed = read_request(load("cparam01")), read_request(load("cparam02"))
    assert bare.contact is not None
    assert bare.contact.params == (("unknownparam", None),)
    assert bracketed.contact is not None
    assert bracketed.contact.params == ()
    assert bracketed.contact.sip_uri.params == (("unknownparam", None),)


def test_semicolons_belong_to_the_user_part() -> None:
    semiuri = read_request(load("semiuri"))
    assert SipUri.parse(semiuri.uri).user == "user;par=u@example.net"
    assert SipUri.parse(semiuri.uri).host == "example.com"
    assert len(semiuri.each("accept")) == 6


def test_excess_bytes_are_cut_off() -> None:
    assert read_request(load("dblreq")).body == b""


def test_every_spelling_of_via_is_one_header() -> None:
    longreq = read_request(load("longreq"))
    assert len(longreq.headers["via"]) == 34
    assert longreq.sender.tag is not None


def test_a_binary_body_is_kept_to_the_byte() -> None:
    assert len(read_request(load("mpart01")).body) == 553


@pytest.mark.parametrize(("name", "status"), [("noreason", 100), ("unreason", 200)])
def test_a_reason_phrase_may_be_anything(name: str, status: int) -> None:
    message = parse(load(name))
    assert isinstance(message, Response)
    assert message.status == status


def test_what_is_refused_is_named() -> None:
    agent = Agent(Identity("192.0.2.250", 5060), lambda: "ours")
    answers = {}
    for name in ("bext01", "invut", "sdp01", "clerr"):
        (effect,) = agent.datagram(load(name), SOURCE, now=0.0)
        assert isinstance(effect, Transmit)
        answers[name] = read_response(effect.data)
    assert answers["bext01"].first("unsupported") == (
        "nothingSupportsThis, nothingSupportsThisEither"
    )
    assert answers["invut"].first("accept") == "application/sdp"
    assert answers["sdp01"].first("accept") == "application/sdp"
    assert answers["clerr"].phrase == ("Bad Request: Content-Length says 9999, the body has 154")
