"""Answering challenges: once per realm, stale nonces again, and never a stranger's."""

import pytest

from opentact.voice.sip.agent import Agent
from opentact.voice.sip.authorization import Answer
from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.effects import Answered, Effect, Refused, Told, Transmit
from opentact.voice.sip.invitation import Invitation
from opentact.voice.sip.logins import MAX_REALMS, MAX_ROUNDS, Login
from opentact.voice.sip.message import Request
from opentact.voice.sip.outgoing import OutgoingCall
from opentact.voice.sip.parser import parse
from opentact.voice.sip.routing import Identity
from voice.sip.samples import PEER, SDP, read_response, request, response
from voice.sip.wire import words

BOB = Credentials("bob", "secret")
TARGET = "sip:ann@192.0.2.9:5062"


def challenge(
    realm: str = "carrier", nonce: str = "n1", *, stale: bool = False, algorithm: str = "MD5"
) -> str:
    age = ", stale=true" if stale else ""
    return f'Digest realm="{realm}", nonce="{nonce}", qop="auth", algorithm={algorithm}{age}'


def challenged(status: int, *challenges: str, **but: object) -> bytes:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    return response(status, *(f"{name}: {one}" for one in challenges), **but)  # type: ignore[arg-type] # by name


def call_out(credentials: Credentials | None = BOB) -> tuple[Agent, OutgoingCall, Request]:
    ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
    wanted = Invitation(TARGET, TARGET, "sip:bob@192.0.2.2", SDP, credentials=credentials)
    call = ua.invite(wanted, 0.0)
    (invite,) = sent(ua.effects())
    return ua, call, invite


def sent(effects: list[Effect]) -> list[Request]:
    messages = [parse(effect.data) for effect in effects if isinstance(effect, Transmit)]
    return [message for message in messages if isinstance(message, Request)]


def told(effects: list[Effect]) -> list[object]:
    return [effect.event for effect in effects if isinstance(effect, Told)]


def branch(request: Request) -> str:
    return request.via.branch or ""


def test_an_invite_is_sent_again_with_the_answer() -> None:
    ua, call, invite = call_out()
    effects = ua.datagram(challenged(407, challenge(), branch=branch(invite)), PEER, 0.1)
    ack, again = sent(effects)
    assert told(effects) == []
    assert (ack.method, str(ack.cseq), branch(ack)) == ("ACK", "1 ACK", branch(invite))
    assert (str(again.cseq), again.call_id) == ("2 INVITE", invite.call_id)
    assert again.sender.tag == invite.sender.tag
    assert branch(again) != branch(invite)
    answer = Answer.parse(again.first("proxy-authorization") or "")
    assert (answer.username, answer.realm, answer.count) == ("bob", "carrier", "00000001")
    done = ua.datagram(response(200, branch=branch(again), number=2, body=SDP), PEER, 0.2)
    assert told(done) == [Answered(SDP)]
    # What follows brings the answer along, with the next count (RFC 3261 22.3).
    call.hangup(1.0)
    (bye,) = sent(ua.effects())
    assert str(bye.cseq) == "3 BYE"
    assert Answer.parse(bye.first("proxy-authorization") or "").uri == bye.uri


def test_a_second_refusal_is_the_end() -> None:
    ua, _, invite = call_out()
    _, again = sent(ua.datagram(challenged(401, challenge(), branch=branch(invite)), PEER, 0.1))
    second = challenged(401, challenge(nonce="n2"), branch=branch(again), number=2)
    effects = ua.datagram(second, PEER, 0.2)
    assert [one.method for one in sent(effects)] == ["ACK"]
    assert told(effects) == [Refused(401, "Whatever")]
    assert not ua.core.calls


def test_a_stale_nonce_is_no_refusal_but_it_does_not_go_on_forever() -> None:
    ua, _, invite = call_out()
    rounds, number = 0, 1
    while True:
        data = challenged(
            401,
            challenge(nonce=f"n{number}", stale=number > 1),
            branch=branch(invite),
            number=number,
        )
        requests = sent(ua.datagram(data, PEER, 0.1 * number))
        if len(requests) < 2:
            break
        invite, rounds, number = requests[1], rounds + 1, number + 1
    assert rounds == MAX_ROUNDS
    assert not ua.core.calls


def test_without_credentials_a_challenge_is_a_refusal() -> None:
    ua, _, invite = call_out(None)
    effects = ua.datagram(challenged(401, challenge(), branch=branch(invite)), PEER, 0.1)
    assert told(effects) == [Refused(401, "Whatever")]


def test_a_proxy_and_the_callee_may_each_ask() -> None:
    login = Login(BOB, words("c"))
    assert login.take(read_response(challenged(407, challenge("proxy"))))
    assert login.take(read_response(challenged(401, challenge("callee"))))
    assert [name for name, _ in login.lines("INVITE", TARGET)] == [
        "proxy-authorization",
        "authorization",
    ]


def test_more_realms_than_honest_are_not_answered() -> None:
    login = Login(BOB, words("c"))
    taken = [login.take(read_response(challenged(401, challenge(f"r{n}")))) for n in range(5)]
    assert taken == [True] * MAX_REALMS + [False] * (5 - MAX_REALMS)


def test_the_first_that_can_be_answered_is() -> None:
    login = Login(BOB, words("c"))
    offered = [challenge(algorithm="WHATEVER-9"), challenge(algorithm="SHA-256"), challenge()]
    assert login.take(read_response(challenged(401, *offered)))
    ((_, written),) = login.lines("REGISTER", TARGET)
    assert Answer.parse(written).algorithm == "SHA-256"


@pytest.mark.parametrize("header", ["Basic realm=x", "Digest", 'Digest realm="x"', "Digest ,,,"])
def test_what_is_no_challenge_is_not_answered(header: str) -> None:
    assert not Login(BOB, words("c")).take(read_response(challenged(401, header)))


def test_a_stranger_who_challenges_our_bye_learns_no_digest() -> None:
    ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
    ua.datagram(request(body=SDP), PEER, 0.0)
    (call,) = ua.core.calls.values()
    call.answer(SDP, 0.0)  # type: ignore[attr-defined]
    ua.datagram(request("ACK", to_tag="ours1"), PEER, 0.0)
    call.hangup(0.1)
    bye = sent(ua.effects())[-1]
    effects = ua.datagram(challenged(407, challenge(), method="BYE", branch=branch(bye)), PEER, 0.2)
    assert sent(effects) == []
    assert not ua.core.calls


def test_a_callee_of_ours_gets_an_answer_only_to_the_realm_that_let_us_in() -> None:
    ua, call, invite = call_out()
    ua.datagram(response(200, branch=branch(invite), body=SDP), PEER, 0.1)
    call.hangup(0.2)
    (bye,) = sent(ua.effects())
    leak = challenged(401, challenge("somewhere else"), method="BYE", branch=branch(bye), number=2)
    assert sent(ua.datagram(leak, PEER, 0.3)) == []
    assert not ua.core.calls


def test_a_stale_nonce_at_the_bye_is_answered_and_the_call_ends() -> None:
    ua, call, invite = call_out()
    _, again = sent(ua.datagram(challenged(407, challenge(), branch=branch(invite)), PEER, 0.1))
    ua.datagram(response(200, branch=branch(again), number=2, body=SDP), PEER, 0.2)
    call.hangup(1.0)
    (bye,) = sent(ua.effects())
    stale = challenged(
        407, challenge(nonce="n2", stale=True), method="BYE", branch=branch(bye), number=3
    )
    (second,) = sent(ua.datagram(stale, PEER, 1.1))
    assert str(second.cseq) == "4 BYE"
    assert Answer.parse(second.first("proxy-authorization") or "").nonce == "n2"
    ua.datagram(response(200, method="BYE", branch=branch(second), number=4), PEER, 1.2)
    assert not ua.core.calls
