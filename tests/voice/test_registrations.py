"""The registrar: phones register, refresh, leave, are lost, and come back after a restart."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from opentact.accounts.accounts import Account
from opentact.voice import registrations
from opentact.voice.sip.authorization import Challenge
from opentact.voice.sip.machine import Address
from support.registering import DOMAIN, HOME, Phone, Rig, registrar, states
from support.sip_people import DOMAINS, domain, user
from support.world import World, build_world

OFFICE = Address("198.51.100.4", 5062)
OVER_TCP = Address("192.0.2.7", 50000, "tcp", 17)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        await domain(built.alice)
        yield built


@pytest.fixture
async def ann(world: World) -> UUID:
    return UUID((await user(world.alice, "ann"))["uuid"])


@pytest.fixture
async def rig(world: World, ann: UUID) -> AsyncIterator[Rig]:
    assert ann
    async with registrar(world) as running:
        yield running


def contacts(rig: Rig, ann: UUID) -> list[str]:
    return [binding.contact for binding in rig.registrar.contacts_of(ann)]


def later(world: World, seconds: float) -> None:
    world.clock.at += timedelta(seconds=seconds)


async def test_a_phone_registers_and_is_found_where_it_came_from(rig: Rig, ann: UUID) -> None:
    answer = await Phone(rig).register(expires=600)
    assert answer.status == 200
    assert answer.each("contact") == ["<sip:ann@192.0.2.7:40000>;expires=600"]
    [binding] = rig.registrar.contacts_of(ann)
    assert binding.source == HOME
    assert rig.registrar.is_online(ann)


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
async def test_a_phone_may_choose_the_algorithm(rig: Rig, algorithm: str) -> None:
    assert (await Phone(rig, algorithm=algorithm).register()).status == 200


async def test_who_says_nothing_of_itself_is_asked(rig: Rig, ann: UUID) -> None:
    answer = await rig.ask(Phone(rig).request("Contact: <sip:thief@203.0.113.1>"))
    assert answer.status == 401
    asked = [Challenge.parse(each) for each in answer.each("www-authenticate")]
    assert [(each.realm, each.algorithm) for each in asked] == [
        (DOMAIN, "SHA-256"),
        (DOMAIN, "MD5"),
    ]
    assert contacts(rig, ann) == []


async def test_old_agents_are_asked_for_md5_alone(world: World, ann: UUID) -> None:
    assert ann
    async with registrar(world, old_agents=["Baresip v1."]) as rig:
        old = Phone(rig, headers=["User-Agent: baresip v1.0.0 (x86_64/linux)"])
        asked = (await rig.ask(old.request())).each("www-authenticate")
        assert [Challenge.parse(each).algorithm for each in asked] == ["MD5"]
        new = Phone(rig, headers=["User-Agent: baresip v3.1.0"])
        assert len((await rig.ask(new.request())).each("www-authenticate")) == 2


async def test_an_unknown_user_and_a_wrong_password_look_the_same(rig: Rig, ann: UUID) -> None:
    wrong = await Phone(rig, password="not the secret").register()
    unknown = await Phone(rig, login="zoe").register()

    def shape(answer: Any) -> Any:
        told = [Challenge.parse(each) for each in answer.each("www-authenticate")]
        return answer.status, answer.phrase, [(c.realm, c.algorithm, c.stale) for c in told]

    assert shape(wrong) == shape(unknown)
    assert wrong.status == 401
    assert rig.suspicions == [
        ("wrong_password", f"ann@{DOMAIN}"),
        ("unknown_user", f"zoe@{DOMAIN}"),
    ]
    assert contacts(rig, ann) == []


async def test_a_domain_of_others_is_refused_without_a_reason(rig: Rig) -> None:
    answer = await Phone(rig, domain="elsewhere.example").register()
    assert (answer.status, answer.phrase, answer.headers) == (403, None, ())
    assert rig.suspicions == [("unknown_domain", "sip:ann@elsewhere.example")]


async def test_nobody_registers_for_somebody_else(rig: Rig, world: World, ann: UUID) -> None:
    await user(world.alice, "bea")
    thief = Phone(rig, login="bea", called=f"sip:ann@{DOMAIN}")
    assert (await thief.register()).status == 403
    assert contacts(rig, ann) == []
    assert rig.suspicions == [("foreign_address", f"sip:ann@{DOMAIN}")]


async def test_a_login_may_be_written_as_some_clients_do(rig: Rig, world: World) -> None:
    await user(world.alice, "jo@mail.example")
    phone = Phone(rig, login="jo@mail.example", called=f"sip:jo_mail_example@{DOMAIN}")
    assert (await phone.register(f"Contact: <sip:jo@{HOME}>")).status == 200


async def test_a_replayed_register_is_told_its_nonce_is_stale(rig: Rig, ann: UUID) -> None:
    phone = Phone(rig)
    line = f"Contact: {phone.contact};expires=600"
    challenged = await rig.ask(phone.request(line))
    proven = phone.proven(challenged, line)
    assert (await rig.ask(proven)).status == 200
    replayed = await rig.ask(proven, OFFICE)
    assert replayed.status == 401
    assert all(Challenge.parse(each).stale for each in replayed.each("www-authenticate"))
    assert rig.registrar.contacts_of(ann)[0].source == HOME
    assert rig.suspicions == [("replayed_login", f"ann@{DOMAIN}")]


async def test_the_same_nonce_serves_again_with_a_higher_count(rig: Rig) -> None:
    phone = Phone(rig)
    challenged = await rig.ask(phone.request())
    for count in (1, 2, 3):
        line = f"Contact: {phone.contact}"
        assert (await rig.ask(phone.proven(challenged, line, count=count))).status == 200


async def test_a_nonce_that_nobody_gave_out_looks_nobody_up(rig: Rig) -> None:
    phone = Phone(rig)
    challenged = await rig.ask(phone.request())
    forged = phone.proven(challenged)
    [value] = forged.headers["authorization"]
    forged.headers["authorization"] = [value.replace('nonce="', 'nonce="AAAA')]
    answer = await rig.ask(forged)
    assert answer.status == 401
    assert rig.suspicions == []


async def test_a_user_is_told_online_and_offline_once(rig: Rig, world: World, ann: UUID) -> None:
    home, office = Phone(rig), Phone(rig, source=OFFICE)
    for phone in (home, office, home):
        assert (await phone.register()).status == 200
    await home.register("Contact: *", "Expires: 0")
    await rig.book.settled()
    assert contacts(rig, ann) == []
    assert states(world) == [f"ann@{DOMAIN} is online", f"ann@{DOMAIN} is offline"]


async def test_an_unrefreshed_binding_ends(rig: Rig, world: World, ann: UUID) -> None:
    await Phone(rig).register(expires=60)
    await Phone(rig, source=OFFICE).register(expires=120)
    later(world, 60)
    assert contacts(rig, ann) == ["sip:ann@198.51.100.4:5062"]
    rig.registrar.expire()
    later(world, 60)
    rig.registrar.expire()
    await rig.book.settled()
    assert not rig.registrar.is_online(ann)
    assert len(rig.registrar) == 0
    assert states(world) == [f"ann@{DOMAIN} is online", f"ann@{DOMAIN} is offline"]


async def test_a_closed_connection_takes_its_bindings_along(rig: Rig, ann: UUID) -> None:
    await Phone(rig, source=OVER_TCP).register()
    await Phone(rig, source=OFFICE).register()
    rig.registrar.flow_closed(99)
    rig.registrar.flow_closed(17)
    rig.registrar.flow_closed(17)
    assert contacts(rig, ann) == ["sip:ann@198.51.100.4:5062"]


@pytest.mark.parametrize(
    "change", [{"password": "another long secret 7"}, {"is_active": False}, None]
)
async def test_who_may_no_longer_log_in_is_registered_no_more(
    rig: Rig, world: World, ann: UUID, change: dict[str, Any] | None
) -> None:
    world.services.sip_changes.listen(rig.directory.forget)
    world.services.sip_changes.listen(rig.registrar.forget)
    await Phone(rig).register()
    path = f"{DOMAINS}/acme/user/{ann}"
    alice = world.alice.client
    answer = await (alice.patch(path, json=change) if change else alice.delete(path))
    assert answer.is_success, answer.text
    await rig.registrar.settled()
    assert contacts(rig, ann) == []
    assert (await Phone(rig, number=5).register()).status == 401


async def test_other_changes_leave_a_registration_alone(rig: Rig, world: World, ann: UUID) -> None:
    world.services.sip_changes.listen(rig.registrar.forget)
    await Phone(rig).register()
    await world.alice.client.patch(f"{DOMAINS}/acme/user/{ann}", json={"first_name": "Ann"})
    await rig.registrar.settled()
    assert rig.registrar.is_online(ann)


async def test_users_of_a_closed_account_are_strangers_soon(rig: Rig, world: World) -> None:
    assert (await Phone(rig).register()).status == 200
    async with world.database.write() as session:
        closed = update(Account).where(Account.uuid == world.alice.account)
        await session.execute(closed.values(disabled_on=world.clock.now()))
    later(world, 6)
    assert (await Phone(rig, number=9).register()).status == 403


async def test_a_registrar_that_is_full_says_so(
    rig: Rig, world: World, ann: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ann
    await user(world.alice, "bea")
    monkeypatch.setattr(registrations, "MAX_USERS", 1)
    assert (await Phone(rig).register()).status == 200
    refused = await Phone(rig, login="bea").register()
    assert (refused.status, refused.each("retry-after")) == (503, ["60"])
    assert (await Phone(rig, number=9).register()).status == 200


async def test_rows_tell_who_is_where(rig: Rig, world: World) -> None:
    await Phone(rig, source=OVER_TCP, headers=["User-Agent: phone"]).register(expires=600)
    later(world, 90)
    [row] = rig.registrar.rows()
    assert row == {
        "user": f"ann@{DOMAIN}",
        "contact": "sip:ann@192.0.2.7:50000",
        "from": "192.0.2.7:50000",
        "transport": "tcp",
        "connection": 17,
        "agent": "phone",
        "since_s": 90,
        "expires_s": 510,
        "account": str(world.alice.account),
    }


@pytest.mark.parametrize("number", [1, 2])
async def test_what_is_wrong_with_a_register_is_said_to_its_owner_only(
    rig: Rig, number: int
) -> None:
    answer = await Phone(rig).register(f"Contact: <sip:ann@h>;expires={number}")
    assert (answer.status, answer.each("min-expires")) == (423, ["60"])


async def test_a_to_that_is_no_sip_address_is_refused(rig: Rig) -> None:
    answer = await Phone(rig, called="tel:+12015550100").register()
    assert answer.status == 400
