"""Who sends an INVITE: a user who proves it, whatever place it comes from."""

from collections.abc import AsyncIterator

import pytest

from opentact.voice.sip.authorization import Challenge as Asked
from opentact.voice.sip.digest import Credentials, answer_challenge
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Request
from opentact.voice.sip.parser import parse
from opentact.voice.sip_directory import KnownUser
from opentact.voice.sip_login import Challenge, Nobody
from support.registering import DOMAIN, HOME, Phone, Rig, registrar
from support.sip_people import SECRET, domain, user
from support.world import build_world

TARGET = f"sip:bea@{DOMAIN}"


@pytest.fixture
async def rig(database_url: str) -> AsyncIterator[Rig]:
    async with build_world(database_url) as world:
        await domain(world.alice)
        await user(world.alice, "ann", same_domain_calls_only=True)
        async with registrar(world) as running:
            yield running


def invite(*lines: str, caller: str = f"<sip:ann@{DOMAIN}>") -> Request:
    message = parse(
        "\r\n".join(
            [
                f"INVITE {TARGET} SIP/2.0",
                "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx",
                f"From: {caller};tag=1",
                f"To: <{TARGET}>",
                "Call-ID: c",
                "CSeq: 1 INVITE",
                *lines,
                "\r\n",
            ]
        ).encode()
    )
    assert isinstance(message, Request)
    return message


def proof(asked: Challenge, login: str = "ann", password: str = SECRET) -> str:
    strongest = asked.headers[0][1]
    credentials = Credentials(login, password)
    value = answer_challenge(strongest, "INVITE", TARGET, credentials, "cn", 1)
    return f"Proxy-Authorization: {value}"


async def challenged(rig: Rig, request: Request, source: Address = HOME) -> Challenge:
    answer = await rig.logins.who(request, source)
    assert isinstance(answer, Challenge)
    return answer


async def test_a_user_is_asked_and_known(rig: Rig) -> None:
    asked = await challenged(rig, invite())
    assert asked.status == 407
    assert {name for name, _ in asked.headers} == {"proxy-authenticate"}
    known = await rig.logins.who(invite(proof(asked)), HOME)
    assert isinstance(known, KnownUser)
    assert (known.login, known.domain.name) == ("ann", DOMAIN)
    assert known.same_domain_calls_only


async def test_where_a_registered_phone_sits_is_no_proof(rig: Rig) -> None:
    assert (await Phone(rig).register()).status == 200
    assert (await challenged(rig, invite(), HOME)).status == 407


async def test_credentials_for_a_registration_are_none_for_a_call(rig: Rig) -> None:
    asked = await challenged(rig, invite())
    value = answer_challenge(
        asked.headers[0][1], "REGISTER", TARGET, Credentials("ann", SECRET), "cn", 1
    )
    await challenged(rig, invite(f"Proxy-Authorization: {value}"))
    assert rig.suspicions == [("wrong_password", f"ann@{DOMAIN}")]


async def test_a_guess_is_asked_again_and_told_to_the_guard(rig: Rig) -> None:
    asked = await challenged(rig, invite())
    again = await challenged(rig, invite(proof(asked, "zoe")))
    assert not Asked.parse(again.headers[0][1]).stale
    await challenged(rig, invite(proof(again, "ann", "guess")))
    assert [what for what, _ in rig.suspicions] == ["unknown_user", "wrong_password"]


async def test_a_repeated_proof_is_stale(rig: Rig) -> None:
    asked = await challenged(rig, invite())
    proven = invite(proof(asked))
    assert isinstance(await rig.logins.who(proven, HOME), KnownUser)
    again = await challenged(rig, proven)
    assert Asked.parse(again.headers[0][1]).stale
    assert rig.suspicions == [("replayed_login", f"ann@{DOMAIN}")]


@pytest.mark.parametrize("caller", ["<sip:ann@elsewhere.example>", "<tel:+12015550100>"])
async def test_callers_of_other_domains_are_nobody(rig: Rig, caller: str) -> None:
    assert await rig.logins.who(invite(caller=caller), HOME) == Nobody()


async def test_a_login_with_its_domain_behind_it_is_the_same_user(rig: Rig) -> None:
    asked = await challenged(rig, invite())
    known = await rig.logins.who(invite(proof(asked, f"ann@{DOMAIN}")), HOME)
    assert isinstance(known, KnownUser)


async def test_the_name_of_a_domain_may_be_written_in_any_case(rig: Rig) -> None:
    caller = f"<sip:ann@{DOMAIN.upper()}.>"
    asked = await challenged(rig, invite(caller=caller))
    assert isinstance(await rig.logins.who(invite(proof(asked), caller=caller), HOME), KnownUser)
