"""Every request that the platform's documents ever printed is sent as printed, and works.

"As printed" is spec/11 B16 to B18: placeholders are real ids, `/{uuid}` stands where a heading
forgot it, misspelt names are read. The requests are data, see `tests/data/requests/README.md`.
"""

import base64
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from opentact.accounts.accounts import get_account
from opentact.numbers.profiles import TnProfile
from opentact.voice.call_events import CallCard
from opentact.voice.calls import Call, CallState
from opentact.voice.live_calls import NoCalls
from support.belongings import NUMBERS, belongings, for_sale
from support.numbers import FIRST
from support.placing import able_to_call
from support.world import PASSWORD, World, build_world

FOLDER = Path(__file__).parents[1] / "data" / "requests"


@dataclass(frozen=True)
class Printed:
    """One request, and what its answer shows."""

    operation: str
    request: str
    status: int
    shows: list[str]
    body: Any = None
    file: str | None = None


def printed() -> Iterator[Any]:
    """Give each page once for every header it is documented to log in by."""
    for path in sorted(FOLDER.glob("*.json")):
        page = json.loads(path.read_text())
        requests = [Printed(**request) for request in page["requests"]]
        for auth in page["auth"]:
            yield pytest.param(auth, requests, id=f"{path.stem} by {auth}")


class OneLiveCall(NoCalls):
    """A switchboard with one call on it, and what was asked of that call."""

    def __init__(self) -> None:
        self.card: CallCard | None = None
        self.ran: list[object] = []

    def find(self, account: UUID, uuid: UUID) -> Any:
        if self.card is None or (account, uuid) != (
            self.card.call.account_uuid,
            self.card.call.uuid,
        ):
            return None
        return SimpleNamespace(card=self.card, replace=self.ran.append, over=None)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with build_world(database_url) as world, able_to_call(world, tmp_path):
        world.services.switchboard = OneLiveCall()
        yield world


async def real_ids(world: World) -> dict[str, str]:
    """Make what the placeholders of the requests stand for."""
    await for_sale(world)
    ids = await belongings(world, world.alice, 1)
    other = await belongings(world, world.alice, 2)
    ids |= {f"other.{name}": value for name, value in other.items()}
    ids |= {f"free_{n}": str(FIRST + NUMBERS - n) for n in range(1, 10)}
    async with world.database.write() as session:
        price_list = await session.scalar(select(TnProfile.uuid).where(TnProfile.name == "US"))
        call = await session.get_one(Call, UUID(ids["call"]))
        call.state, call.destroy_on = CallState.LIVE, None
        account = await get_account(session, world.alice.account)
    world.services.switchboard.card = CallCard(call, account, None)  # type: ignore[attr-defined]
    answer = await world.alice.client.post(
        f"/rest/sip/app/{ids['app']}/tnlease", json={"add": [ids["other.lease"]]}
    )
    assert answer.status_code == 200, answer.text
    return {**ids, "price_list": str(price_list), "live_call": ids["call"]}


def filled(template: Any, ids: dict[str, str]) -> Any:
    """Put ids for placeholders; numbers stay numbers."""
    match template:
        case dict():
            return {name: filled(value, ids) for name, value in template.items()}
        case list():
            return [filled(value, ids) for value in template]
        case str() if template.startswith("{free_"):
            return int(ids[template[1:-1]])
        case str() if template.startswith("{"):
            return ids[template[1:-1]]
    return template


def path_of(request: str, ids: dict[str, str]) -> tuple[str, str]:
    method, path = request.split(" ")
    return method, "/".join(str(filled(part, ids)) for part in path.split("/"))


async def logged_in(world: World, auth: str) -> dict[str, str]:
    basic = base64.b64encode(f"{world.alice.email}:{PASSWORD}".encode()).decode()
    answer = await world.anonymous.get("/rest/auth", headers={"Authorization": f"Basic {basic}"})
    token = answer.json()["payload"]["token"]
    if auth.startswith('"'):
        return {auth.strip('"'): f'"{world.alice.token}"'}
    return {auth: token}


@pytest.mark.parametrize(("auth", "requests"), list(printed()))
async def test_every_request_of_a_page_works_as_printed(
    world: World, auth: str, requests: list[Printed]
) -> None:
    ids = await real_ids(world)
    headers = {"accept": "application/json", **await logged_in(world, auth)}
    for one in requests:
        answer = await sent(world, one, ids, headers)
        assert answer.status_code == one.status, f"{one.operation}: {answer.text}"
        assert answer.json()["success"] is True
        shown = answer.json()["payload"]
        if one.shows[0] == "[]":
            assert shown, f"{one.operation} shows nothing"
            assert isinstance(shown, list)
        for thing in shown if isinstance(shown, list) else [shown]:
            assert set(one.shows) - {"[]"} - set(thing) == set(), one.operation


async def sent(
    world: World, one: Printed, ids: dict[str, str], headers: dict[str, str]
) -> httpx.Response:
    method, path = path_of(one.request, ids)
    how: dict[str, Any] = {"headers": headers}
    if one.file is not None:
        how["files"] = {"file": ("flow.xml", one.file)}
    elif one.body is not None:
        how["json"] = filled(one.body, ids)
    return await world.anonymous.request(method, path, **how)


async def test_what_was_sent_under_old_names_is_what_is_kept(world: World) -> None:
    ids = await real_ids(world)
    for page, operation, kept in (
        ("control_apps_2020", "CreateSIPControlApp", {"subdomain": "acme", "is_active": True}),
        (
            "profiles_2020",
            "CreateMessagingProfile",
            {"callback_url2": "https://spare.example.com/sms", "tollfree_weight": 0},
        ),
        ("profiles_2020", "CreateOutboundVoiceProfile", {"file_format": "mp3", "max_rate": 0.05}),
    ):
        requests = json.loads((FOLDER / f"{page}.json").read_text())["requests"]
        [one] = [request for request in requests if request["operation"] == operation]
        method, path = path_of(one["request"], ids)
        answer = await world.alice.client.request(method, path, json=filled(one["body"], ids))
        shown = answer.json()["payload"]
        assert {name: shown[name] for name in kept} == kept


async def test_an_answer_never_carries_a_password_or_a_token_of_its_maker(world: World) -> None:
    ids = await real_ids(world)
    order = (await world.alice.client.get(f"/rest/order/{ids['order']}")).json()["payload"]
    assert order["created_by"]["email"] == world.alice.email
    assert not {"password", "password_hash", "token"} & set(order["created_by"])


async def test_a_batch_is_answered_with_the_objects_it_names(world: World) -> None:
    ids = await real_ids(world)
    [one] = json.loads((FOLDER / "batches_2022.json").read_text())["requests"]
    answer = await world.alice.client.post("/rest/batch", json=filled(one["body"], ids))
    batch = answer.json()["payload"]
    assert (batch["type"], batch["state"]) == ("call_xml", "created")
    assert batch["phones"] == one["body"]["phones"]
    dated = {"created_on", "modified_on", "uuid"}
    profile = {*dated, "name", "is_active", "tech_prefix", "shaken_sign_policy", "account"}
    lease = {*dated, "expired_on", "autorenew", "subscriptions", "tn"}
    assert profile - batch["outbound_voice_profile"].keys() == set()
    assert lease - batch["tn_lease"].keys() == set()
    assert batch["tn_lease"]["subscriptions"]
    assert {"email", "account"} - batch["created_by"].keys() == set()
