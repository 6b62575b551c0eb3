"""One of everything that an account can own, made through the API as a customer would."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx

from opentact.numbers.profiles import TnSpecialPrice
from opentact.voice.batches import Batch, add_batch
from opentact.voice.calls import Call, CallState, Direction
from opentact.voice.recordings import Recording, RecordingState
from opentact.voice.verified_numbers import VerifiedNumber, VerifiedState

from .numbers import FIRST, buy, stocked
from .registering import registration
from .sip_people import SECRET, ha1b
from .world import Tenant, World

FLOW = b"<Response><Say>Hello</Say></Response>"
NUMBERS = 100
"""Numbers put on sale, from `FIRST`: the lower half for belongings, the upper for tests."""

Make = Callable[[World, Tenant, dict[str, str]], Awaitable[str]]


async def posted(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Create something, and give the object of the answer."""
    answer = await client.post(path, json=body)
    assert answer.status_code in {200, 201}, f"POST {path}: {answer.text}"
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


def _made_by(path: str, body: dict[str, Any], key: str = "uuid") -> Make:
    async def make(_: World, who: Tenant, owned: dict[str, str]) -> str:
        filled = {
            name: value.format(**owned) if isinstance(value, str) else value
            for name, value in body.items()
        }
        return str((await posted(who.client, path.format(**owned), filled))[key])

    return make


async def _second_user(_: World, who: Tenant, owned: dict[str, str]) -> str:
    name = f"second-{owned['account']}-{owned['round']}@example.com"
    body = {"email": name, "password": "correct horse battery"}
    return str((await posted(who.client, "/rest/account/user", body))["uuid"])


async def _flow(_: World, who: Tenant, owned: dict[str, str]) -> str:
    path = f"/rest/sip/app/call/flow/{owned['app']}"
    answer = await who.client.post(path, files={"file": ("flow.xml", FLOW)})
    assert answer.status_code == 200, answer.text
    return owned["app"]


async def _ha1b(_: World, __: Tenant, owned: dict[str, str]) -> str:
    return ha1b("ann", owned["sip_domain"])


async def _group(world: World, _: Tenant, owned: dict[str, str]) -> str:
    path = f"/rest/app/group?ha1b={owned['sip_user_ha1b']}"
    body = {"name": "friends", "users": [owned["sip_friend"]]}
    return str((await posted(world.anonymous, path, body))["uuid"])


async def _tn(_: World, __: Tenant, owned: dict[str, str]) -> str:
    return str(FIRST + int(owned["round"]))


async def _order(_: World, who: Tenant, owned: dict[str, str]) -> str:
    order = await buy(who, int(owned["tn"]))
    assert order["success"] == 1, order
    return str(order["uuid"])


async def _lease(_: World, who: Tenant, owned: dict[str, str]) -> str:
    answer = await who.client.get(f"/rest/lease/tn/{owned['tn']}")
    return str(answer.json()["payload"]["uuid"])


async def _registration(world: World, _: Tenant, owned: dict[str, str]) -> str:
    binding = registration(UUID(owned["sip_user"]), world.clock.now())
    async with world.database.write() as session:
        session.add(binding)
    return binding.key


async def _call(world: World, who: Tenant, owned: dict[str, str]) -> str:
    now = world.clock.now()
    call = Call(
        account_uuid=who.account,
        direction=Direction.IN,
        from_=f"+1303555{int(owned['round']):04}",
        to=owned["tn"],
        tn=int(owned["tn"]),
        node="test",
        state=CallState.DESTROYED,
        app_uuid=UUID(owned["app"]),
        init_on=now,
        destroy_on=now,
        created_on=now,
        modified_on=now,
    )
    async with world.database.write() as session:
        session.add(call)
    return str(call.uuid)


async def _batch(world: World, who: Tenant, owned: dict[str, str]) -> str:
    now = world.clock.now()
    batch = Batch(
        account_uuid=who.account,
        created_by=who.user,
        profile_uuid=UUID(owned["voice_profile"]),
        lease_uuid=UUID(owned["lease"]),
        node="test",
        xml="<Response/>",
        created_on=now,
        modified_on=now,
    )
    async with world.database.write() as session:
        await add_batch(session, batch, [int(owned["tn"])])
    return str(batch.uuid)


async def _foreign(_: World, who: Tenant, owned: dict[str, str]) -> str:
    return str(13_035_551_000 + who.account.int % 1000 * 1000 + int(owned["round"]))


async def _verified_number(world: World, who: Tenant, owned: dict[str, str]) -> str:
    now = world.clock.now()
    number = VerifiedNumber(
        tn=int(owned["foreign"]),
        account_uuid=who.account,
        created_by=who.user,
        state=VerifiedState.VERIFIED,
        expires_on=now,
        counted_from=now,
        verified_on=now,
        created_on=now,
        modified_on=now,
    )
    async with world.database.write() as session:
        session.add(number)
    return str(number.uuid)


async def _recording(world: World, who: Tenant, owned: dict[str, str]) -> str:
    now = world.clock.now()
    recording = Recording(
        account_uuid=who.account,
        call_uuid=UUID(owned["call"]),
        state=RecordingState.STORED,
        tag="greeting",
        file="none.wav",
        created_on=now,
        modified_on=now,
    )
    async with world.database.write() as session:
        session.add(recording)
    return str(recording.uuid)


async def _special_price(world: World, who: Tenant, _: dict[str, str]) -> str:
    now = world.clock.now()
    # Not the list that orders are priced by, so that belongings cost what they cost.
    price = TnSpecialPrice(account_uuid=who.account, name="CA", created_on=now, modified_on=now)
    async with world.database.write() as session:
        session.add(price)
    return str(price.uuid)


async def _transaction(_: World, who: Tenant, __: dict[str, str]) -> str:
    answer = await who.client.post("/rest/transaction/search", json={"ref_type": "tnlease_nrc"})
    return str(answer.json()["payload"]["data"][0]["uuid"])


# In the order of making: a later one may point at an earlier one.
THINGS: dict[str, Make] = {
    "token": _made_by("/rest/token", {"name": "spare"}),
    "token_text": _made_by("/rest/token", {"name": "spare"}, "token"),
    "second_user": _second_user,
    "subscription": _made_by("/rest/event/subscription", {"type": "balance"}),
    "messaging_profile": _made_by("/rest/profile/messaging", {"name": "texts"}),
    "voice_profile": _made_by("/rest/profile/outbound_voice", {"name": "calls out"}),
    "used_voice_profile": _made_by("/rest/profile/outbound_voice", {"name": "in use"}),
    "connection": _made_by(
        "/rest/sip/connection",
        {
            "name": "office",
            "ip": "192.0.2.7",
            "port": 5060,
            "outbound_voice_profile": "{used_voice_profile}",
        },
    ),
    "app": _made_by("/rest/sip/app", {"name": "menu"}),
    "app_with_flow": _flow,
    "sip_domain": _made_by("/rest/sip/domain", {"domain": "{name}-{round}"}, "domain"),
    "sip_user": _made_by(
        "/rest/sip/domain/{sip_domain}/user", {"login": "ann", "password": SECRET}
    ),
    "sip_user_ha1b": _ha1b,
    "sip_friend": _made_by(
        "/rest/sip/domain/{sip_domain}/user", {"login": "bea", "password": SECRET}
    ),
    "sip_registration": _registration,
    "sip_switch": _made_by(
        "/rest/sip/domain/{sip_domain}/switch", {"name": "pbx", "remote_ip": "192.0.2.9"}
    ),
    "sip_invite": _made_by(
        "/rest/sip/domain/{sip_domain}/invite",
        {"name": "team", "expired_on": "2124-01-01T00:00:00Z"},
    ),
    "sip_group": _group,
    "empty_sip_domain": _made_by("/rest/sip/domain", {"domain": "{name}-empty-{round}"}, "domain"),
    "tn": _tn,
    "order": _order,
    "lease": _lease,
    "call": _call,
    "recording": _recording,
    "foreign": _foreign,
    "verified_number": _verified_number,
    "batch": _batch,
    "transaction": _transaction,
    "special_price": _special_price,
    "tn_profile": _made_by("/rest/profile/tn", {"name": "screening {round}"}),
}


async def for_sale(world: World) -> None:
    """Put the numbers on sale that belongings are made of; once in a world."""
    await stocked(world, NUMBERS)


async def belongings(world: World, who: Tenant, made: int = 1) -> dict[str, str]:
    """Make one of everything; `made`, from 1 up, tells one set in a world from another."""
    owned = {"account": str(who.account), "user": str(who.user), "round": str(made)}
    owned["name"] = who.email.partition("@")[0]
    for name, make in THINGS.items():
        owned[name] = await make(world, who, owned)
    del owned["round"], owned["name"]
    return owned
