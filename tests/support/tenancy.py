"""What one tenant may do to another: the kinds of cases, and the attack itself.

In paths and bodies `{theirs.app}` is the victim's app and `{mine.app}` the attacker's own; the
names are those of `support.belongings.THINGS`. The cases are in `support.tenancy_cases`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from .belongings import belongings, for_sale
from .world import PASSWORD, Tenant, World


class Then(Enum):
    """What a stranger must get."""

    NOT_FOUND = auto()
    NOTHING_OF_THEIRS = auto()
    FORBIDDEN = auto()


@dataclass(frozen=True)
class Case:
    """One request of a stranger.

    `shows`: the owner's answer to the same request names something of the owner's.
    `as_user`: the stranger asks as this SIP user's application, told by its HA1B.
    """

    then: Then
    path: dict[str, str] = field(default_factory=dict)
    body: Any = None
    files: dict[str, Any] | None = None
    shows: bool = False
    as_user: str | None = None


def to_app(case: Case) -> Case:
    """Have the attacker's own SIP user ask."""
    return replace(case, as_user="{mine.sip_user_ha1b}", shows=False)


def hidden(body: Any = None, *, files: dict[str, Any] | None = None, **path: str) -> Case:
    """Expect 404 for the victim's ids, and no 404 for one's own."""
    named = {name: f"{{theirs.{thing}}}" for name, thing in path.items()}
    return Case(Then.NOT_FOUND, named, body, files)


def hidden_in_body(body: Any, **path: str) -> Case:
    """Expect 404 for one's own thing pointed at the victim's."""
    named = {name: f"{{mine.{thing}}}" for name, thing in path.items()}
    return Case(Then.NOT_FOUND, named, body)


def mine_only(body: Any = None, *, shows: bool = True) -> Case:
    """Expect an answer that names nothing of the victim's."""
    return Case(Then.NOTHING_OF_THEIRS, body=body, shows=shows)


def admins_only(body: Any = None, **path: str) -> Case:
    """Expect 401."""
    return Case(Then.FORBIDDEN, {name: f"{{theirs.{t}}}" for name, t in path.items()}, body)


def routes(app: FastAPI) -> Iterator[str]:
    """Name every route of the app as `METHOD /path`."""
    for route in iter_route_contexts(app.routes):
        methods = getattr(route, "methods", None) or ["WEBSOCKET"]
        yield from (f"{method} {route.path}" for method in sorted(methods))


@dataclass
class Attack:
    """A stranger tries every case; `complaints` collects what went wrong.

    The stranger logs in by password: one of the cases removes every token.
    """

    world: World
    theirs: dict[str, str] = field(default_factory=dict)
    mine: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    _rounds: int = 0

    async def prepare(self) -> None:
        """Make one of everything for both tenants."""
        self.world.bob.client.headers.pop("x-auth-token")
        self.world.bob.client.auth = httpx.BasicAuth(self.world.bob.email, PASSWORD)
        await for_sale(self.world)
        self.theirs = await self._things_of(self.world.alice)
        self.mine = await self._things_of(self.world.bob)

    async def run(self, cases: dict[str, Case | Sequence[Case]]) -> list[str]:
        """Attack by every case, then show that one's own ids would have worked."""
        flat = [(r, c) for r, some in cases.items() for c in _as_list(some)]
        before = await self._state_of_theirs()
        for route, case in flat:
            await self._attack(route, case)
        if await self._state_of_theirs() != before:
            self.complaints.append("what is the victim's has changed")
        self.mine = await self._things_of(self.world.bob)
        for route, case in sorted(flat, key=lambda one: _removes(one[0])):
            await self._control(route, case)
        return self.complaints

    async def _attack(self, route: str, case: Case) -> None:
        answer = await self._send(self.world.bob, route, case, self.theirs, self.mine)
        said = f"{route} {case.body or ''}: {answer.status_code} {answer.text[:300]}"
        leaked = [name for name, mark in self._marks(case).items() if mark in answer.text]
        if leaked:
            self.complaints.append(f"names the victim's {leaked}: {said}")
        elif not _as_expected(answer, case.then):
            self.complaints.append(f"wanted {case.then.name}: {said}")

    async def _control(self, route: str, case: Case) -> None:
        """Show that the attack failed for whose the ids were, and for nothing else."""
        who = self.world.bob
        if case.then is Then.FORBIDDEN:
            return
        if case.then is Then.NOTHING_OF_THEIRS and not route.startswith("DELETE"):
            who = self.world.alice
        elif _removes(route):
            self.mine = await self._things_of(self.world.bob)
        answer = await self._send(who, route, case, self.mine, self.mine)
        said = f"{route} {case.body or ''}: {answer.status_code} {answer.text[:300]}"
        if answer.status_code not in {200, 201, 202, 409}:
            self.complaints.append(f"proves nothing, fails with one's own: {said}")
        elif case.shows and not any(mark in answer.text for mark in self._all_marks().values()):
            self.complaints.append(f"proves nothing, shows the owner nothing: {said}")

    async def _send(
        self, who: Tenant, route: str, case: Case, theirs: dict[str, str], mine: dict[str, str]
    ) -> httpx.Response:
        method, path = route.split(" ")
        for name, value in case.path.items():
            path = re.sub(rf"\{{{name}(:\w+)?\}}", _filled(value, theirs, mine), path)
        assert "{" not in path, f"{route}: which thing is {path}?"
        body, client = _filled(case.body, theirs, mine), who.client
        if case.as_user:
            client = self.world.anonymous
            path += f"?ha1b={_filled(case.as_user, theirs, mine)}"
        if case.files:
            return await client.request(method, path, files=case.files)
        return (
            await client.request(method, path, json=body)
            if body is not None
            else (await client.request(method, path))
        )

    def _all_marks(self) -> dict[str, str]:
        return {**self.theirs, "email": self.world.alice.email}

    def _marks(self, case: Case) -> dict[str, str]:
        """Tell what may not show: a refusal may repeat the ids that the stranger sent."""
        sent = str(_filled([case.path, case.body], self.theirs, self.mine))
        return {name: mark for name, mark in self._all_marks().items() if mark not in sent}

    async def _things_of(self, who: Tenant) -> dict[str, str]:
        self._rounds += 1
        return await belongings(self.world, who, self._rounds)

    async def _state_of_theirs(self) -> list[str]:
        paths = (
            "/rest/account",
            "/rest/token/list",
            "/rest/profile/messaging",
            "/rest/profile/outbound_voice",
            "/rest/sip/connection",
            "/rest/sip/app",
            "/rest/sip/domain",
            f"/rest/sip/domain/{self.theirs['sip_domain']}/user",
            f"/rest/app/group?ha1b={self.theirs['sip_user_ha1b']}",
            f"/rest/sip/app/call/flow/{self.theirs['app_with_flow']}",
            "/rest/lease/tn",
            "/rest/order",
            "/rest/profile/tn",
            f"/rest/call/{self.theirs['call']}",
        )
        return [(await self.world.alice.client.get(path)).text for path in paths]


def _removes(route: str) -> bool:
    return route.startswith("DELETE")


def _as_list(cases: Case | Sequence[Case]) -> Sequence[Case]:
    return [cases] if isinstance(cases, Case) else cases


def _as_expected(answer: httpx.Response, then: Then) -> bool:
    match then:
        case Then.NOT_FOUND:
            return answer.status_code == 404
        case Then.FORBIDDEN:
            return answer.status_code == 401
        case Then.NOTHING_OF_THEIRS:
            return answer.status_code in {200, 201, 202}


def _filled(template: Any, theirs: dict[str, str], mine: dict[str, str]) -> Any:
    """Put ids for `{theirs.app}` and `{mine.app}`, however deep they stand."""
    if isinstance(template, dict):
        return {key: _filled(value, theirs, mine) for key, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, theirs, mine) for value in template]
    if not isinstance(template, str):
        return template
    for whose, things in (("theirs", theirs), ("mine", mine)):
        for name, value in things.items():
            template = template.replace(f"{{{whose}.{name}}}", value)
    return template
