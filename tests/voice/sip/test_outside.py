"""Requests outside of any dialog: REGISTER handed up, OPTIONS and REGISTER of ours."""

import pytest

from opentact.voice.sip.agent import MAX_TRANSACTIONS, Agent
from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.effects import Asked, Effect, Replied, Reply, Transmit
from opentact.voice.sip.machine import TIMEOUT
from opentact.voice.sip.message import Request, Response
from opentact.voice.sip.outside import Question, ReceivedRequest
from opentact.voice.sip.parser import parse
from opentact.voice.sip.routing import Identity
from voice.sip.samples import PEER, SDP, request, response
from voice.sip.wire import words

REGISTRAR = "sip:192.0.2.9:5062"


def agent(*methods: str, max_transactions: int = MAX_TRANSACTIONS) -> Agent:
    return Agent(
        Identity("192.0.2.2", 5060),
        words("ours"),
        max_transactions=max_transactions,
        serves=frozenset(methods),
    )


def register(number: int = 1) -> bytes:
    return request("REGISTER", branch=f"z9hG4bKreg{number}", number=number, uri="sip:192.0.2.2")


def asked(effects: list[Effect]) -> list[ReceivedRequest]:
    return [effect.asked for effect in effects if isinstance(effect, Asked)]


def statuses(effects: list[Effect]) -> list[int]:
    messages = [parse(effect.data) for effect in effects if isinstance(effect, Transmit)]
    return [message.status for message in messages if isinstance(message, Response)]


def sent(effects: list[Effect]) -> list[Request]:
    messages = [parse(effect.data) for effect in effects if isinstance(effect, Transmit)]
    return [message for message in messages if isinstance(message, Request)]


def replies(effects: list[Effect]) -> list[Reply]:
    return [effect.reply for effect in effects if isinstance(effect, Replied)]


def test_a_register_is_handed_up_once_and_answered_for_good() -> None:
    ua = agent("REGISTER")
    (one,) = asked(ua.datagram(register(), PEER, 0.0))
    assert ua.datagram(register(), PEER, 0.5) == [], "a repeat waits for the same answer"
    one.respond(200, 0.6, headers=[("contact", "<sip:ann@192.0.2.9>;expires=60")])
    one.respond(500, 0.7)
    (answer,) = [parse(one.data) for one in ua.effects() if isinstance(one, Transmit)]
    assert isinstance(answer, Response)
    assert (answer.status, answer.first("contact")) == (200, "<sip:ann@192.0.2.9>;expires=60")
    assert answer.recipient.tag
    assert statuses(ua.datagram(register(), PEER, 1.0)) == [200]


def test_where_nobody_serves_it_it_is_not_allowed() -> None:
    assert statuses(agent().datagram(register(), PEER, 0.0)) == [405]


def test_a_flood_of_guesses_leaves_nothing_behind() -> None:
    ua = agent("REGISTER")
    for number in range(1, 101):
        (one,) = asked(ua.datagram(register(number), PEER, 0.0))
        one.respond(401, 0.0)
        assert statuses(ua.effects()) == [401]
    assert not len(ua.core.transactions)
    assert ua.wake_at is None


def test_what_waits_for_an_answer_is_limited() -> None:
    ua = agent("REGISTER", max_transactions=10)
    taken = [asked(ua.datagram(register(number), PEER, 0.0)) for number in range(1, 21)]
    assert [len(one) for one in taken] == [1] * 10 + [0] * 10


def test_an_answer_must_be_final_and_of_single_lines() -> None:
    ua = agent("REGISTER")
    (one,) = asked(ua.datagram(register(), PEER, 0.0))
    with pytest.raises(ValueError, match="not a final answer"):
        one.respond(100, 0.0)
    with pytest.raises(ValueError, match="line break"):
        one.respond(200, 0.0, headers=[("x-a", "b\r\nc: d")])
    one.respond(500, 0.0)
    assert statuses(ua.effects()) == [500], "what could not be written can still be answered"


def ask(ua: Agent, **but: object) -> Request:
    wanted = {
        "method": "OPTIONS",
        "target": REGISTRAR,
        "to": REGISTRAR,
        "caller": "sip:bob@192.0.2.2;tag=old",
    }
    question = Question(**(wanted | but))  # type: ignore[arg-type] # by name
    ua.ask(question, 0.0)
    (request,) = sent(ua.effects())
    return request


def test_an_answer_is_told_once() -> None:
    ua = agent()
    options = ask(ua, headers=(("accept", "application/sdp"), ("via", "never")))
    assert (options.method, options.uri, options.first("accept")) == (
        "OPTIONS",
        REGISTRAR,
        "application/sdp",
    )
    assert len(options.each("via")) == 1
    assert "old" not in str(options.sender)
    data = response(404, "X-Why: test", method="OPTIONS", branch=options.via.branch or "")
    (reply,) = replies(ua.datagram(data, PEER, 0.1))
    assert (reply.status, reply.phrase, reply.first("x-why")) == (404, "Whatever", "test")
    assert reply.first("x-nothing") is None
    assert replies(ua.datagram(data, PEER, 0.2)) == []
    ua.woken(100.0)
    assert ua.wake_at is None


def test_nobody_answers() -> None:
    ua = agent()
    ask(ua)
    told: list[Reply] = []
    while (at := ua.wake_at) is not None:
        told += replies(ua.woken(at))
        last = at
    assert told == [Reply(408, "Request Timeout")]
    assert last == TIMEOUT


def test_a_challenge_is_answered_with_the_next_number() -> None:
    ua = agent()
    first = ask(
        ua, method="REGISTER", credentials=Credentials("bob", "secret"), call_id="series", number=7
    )
    assert (first.call_id, str(first.cseq)) == ("series", "7 REGISTER")
    data = response(
        401,
        'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"',
        method="REGISTER",
        branch=first.via.branch or "",
        number=7,
    )
    effects = ua.datagram(data, PEER, 0.1)
    assert replies(effects) == []
    (second,) = sent(effects)
    assert (second.call_id, str(second.cseq)) == ("series", "8 REGISTER")
    assert 'username="bob"' in (second.first("authorization") or "")
    again = data.replace(b"CSeq: 7", b"CSeq: 8").replace(
        (first.via.branch or "").encode(), (second.via.branch or "").encode()
    )
    (reply,) = replies(ua.datagram(again, PEER, 0.2))
    assert reply.status == 401


@pytest.mark.parametrize(
    ("but", "words_"),
    [
        ({"target": "sip:carrier.example.com"}, "name a destination"),
        ({"target": "nothing"}, "not a URI"),
        ({"caller": "<<"}, "not an address"),
        ({"headers": (("x", "a\nb"),)}, "line break"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_leaves_nothing(
    but: dict[str, object], words_: str
) -> None:
    ua = agent()
    with pytest.raises(ValueError, match=words_):
        ask(ua, **but)
    assert ua.effects() == []
    assert not len(ua.core.transactions)


def test_a_body_goes_along() -> None:
    options = ask(agent(), body=SDP, headers=(("content-type", "application/sdp"),))
    assert options.body == SDP
