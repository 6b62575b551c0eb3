"""Registrations of trunks: sent, refreshed, moved to another target, taken back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.effects import Reply
from opentact.voice.sip.registration_client import RegistrationState
from opentact.voice.trunk_ways import Transport, TrunkTarget
from support.virtual_time import passes, virtually

from .trunk_paper import ONE, TWO, Net, trunk


@asynccontextmanager
async def kept(net: Net) -> AsyncIterator[Net]:
    task = asyncio.create_task(net.keeper.run())
    try:
        yield net
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await net.keeper.close()


@virtually
async def test_a_trunk_registers_at_once_and_refreshes_in_one_series() -> None:
    async with kept(Net()) as net:
        net.have(trunk(register=True, expires=100))
        await passes(250)
        asked = net.asked("REGISTER")
        assert len(asked) == 4 or len(asked) == 3
        assert len({each.call_id for each in asked}) == 1
        assert [each.number for each in asked] == [2, 4, 6, 8][: len(asked)]
        assert asked[0].target == "sip:192.0.2.1:5060"
        assert asked[0].headers == {
            "contact": "<sip:me@198.51.100.1:5060>;expires=100",
            "expires": "100",
        }
        assert net.news == [("registration", "idle", "registered")]


@virtually
async def test_a_wrong_password_is_told_and_tried_again_slowly() -> None:
    async with kept(Net(lambda _: 401)) as net:
        net.have(trunk(register=True))
        await passes(600)
        assert net.news == [("registration", "idle", "failed")]
        assert net.reasons == ["401 x: the registrar does not take the username and password"]
        assert 3 <= len(net.asked("REGISTER")) <= 8


@virtually
async def test_the_end_takes_the_binding_back() -> None:
    net = Net()
    async with kept(net):
        net.have(trunk(register=True))
        await passes(5)
    assert [each.headers["expires"] for each in net.asked("REGISTER")] == ["3600", "0"]
    assert net.sent[-1].headers["contact"].endswith(";expires=0")


@virtually
async def test_the_end_waits_for_nobody_long() -> None:
    net = Net(lambda sent: None if sent.headers["expires"] == "0" else 200)
    async with kept(net):
        net.have(trunk(register=True))
        await passes(5)
        before = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - before <= 2.1


@virtually
async def test_other_credentials_begin_anew_and_take_the_old_binding_back() -> None:
    async with kept(Net()) as net:
        net.have(trunk(register=True))
        await passes(5)
        net.have(replace(trunk(register=True), credentials=Credentials("other", "word")))
        await passes(5)
        sent = [(e.headers["contact"], e.headers["expires"]) for e in net.asked("REGISTER")[1:]]
        assert sorted(sent) == [
            ("<sip:me@198.51.100.1:5060>;expires=0", "0"),
            ("<sip:other@198.51.100.1:5060>;expires=3600", "3600"),
        ]


@virtually
async def test_a_change_of_something_else_leaves_the_registration_alone() -> None:
    async with kept(Net()) as net:
        net.have(trunk(register=True))
        await passes(5)
        net.have(replace(trunk(register=True), name="renamed"))
        await passes(5)
        assert len(net.asked("REGISTER")) == 1


@virtually
async def test_a_registrar_that_is_down_is_left_for_the_next() -> None:
    async with kept(Net(lambda sent: None if "192.0.2.1" in sent.target else 200)) as net:
        net.have(trunk(ONE, TWO, register=True, options=10))
        await passes(120)
        client = net.trunks.registration(trunk().uuid)
        assert client is not None
        assert client.state is RegistrationState.REGISTERED
        assert net.asked("REGISTER")[-1].target == "sip:192.0.2.2:5060"


@virtually
async def test_a_longer_interval_that_is_asked_for_is_given_at_once() -> None:
    def brief(sent: object) -> Reply | int:
        asked = net.asked("REGISTER")[-1].headers["expires"]
        return 200 if asked == "900" else Reply(423, "Too Brief", {"min-expires": ["900"]})

    net = Net(brief)
    async with kept(net):
        net.have(trunk(register=True, expires=60))
        await passes(1)
        assert [each.headers["expires"] for each in net.sent] == ["60", "900"]


@virtually
async def test_over_tls_the_contact_says_so() -> None:
    async with kept(Net()) as net:
        net.have(trunk(TrunkTarget("192.0.2.1", 5061, Transport.TLS), register=True))
        await passes(1)
        assert net.sent[0].headers["contact"] == (
            "<sip:me@198.51.100.1:5060;transport=tls>;expires=3600"
        )
