"""The ground a drill is played on: a server in a temporary folder, and a customer worth robbing."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from opentact.kit.faults import Fault
from opentact.kit.ids import new_id
from opentact.kit.money import ZERO
from opentact.voice.bans import active_bans
from opentact.voice.sip.machine import Address

from .ground import local_url
from .platform import Platform
from .serve import serving
from .settings import Settings, load
from .setup import demo_token

LOOPBACK = "127.0.0.1"
# A range nobody in the drill calls from: the loopback is for strangers here.
CARRIERS = "192.0.2.0/24"


class DrillFailed(Fault):
    """The drill could not be set up; the sentence says which step failed, and why."""

    code = "drill_failed"
    status = 500


@dataclass(frozen=True)
class Limits:
    """What the customer's outbound profile allows."""

    channels: int = 2
    daily_spend: Decimal = Decimal(5)
    max_rate: Decimal = Decimal("0.5")
    user_calls_per_minute: int = 10


LIMITS = Limits()


@dataclass
class Prey:
    """A customer with a SIP user, a number and later a trunk; `place` is the server's SIP."""

    platform: Platform
    api: aiohttp.ClientSession
    number: int = 0
    domain: str = ""
    profile: str = ""
    login: str = "reception"
    password: str = ""

    @property
    def address(self) -> Address:
        """Where the server takes SIP."""
        return Address(*self.platform.sip.local[:2])

    @property
    def place(self) -> str:
        """The same, as a URI names it."""
        return str(self.address)

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """Ask the API as the customer, or `DrillFailed`."""
        async with self.api.request(method, path, json=body) as answer:
            content = await answer.json(content_type=None)
        if not content["success"]:
            raise DrillFailed(f"{method} {path} answered {answer.status}: {content['message']}")
        return content["payload"]

    async def settle_in(self) -> None:
        """Order a number, and open a domain with a user that may call out by it."""
        self.number = await self._order()
        lease = await self.ask("GET", f"/rest/lease/tn/{self.number}/tn")
        limits = {
            "channel_limit": LIMITS.channels,
            "daily_spend_limit": float(LIMITS.daily_spend),
            "max_rate": float(LIMITS.max_rate),
            "user_calls_per_minute": LIMITS.user_calls_per_minute,
        }
        body = {"name": "drill", "tn_lease": lease["uuid"], **limits}
        self.profile = (await self.ask("POST", "/rest/profile/outbound_voice", body))["uuid"]
        home = {"domain": "drill", "outbound_voice_profile": self.profile}
        self.domain = (await self.ask("POST", "/rest/sip/domain", home))["domain"]
        self.password = str(new_id())
        user = {"login": self.login, "password": self.password}
        await self.ask("POST", "/rest/sip/domain/drill/user", user)

    async def give_trunk(self, host: str, port: int) -> None:
        """Let a PBX call out from this place, as thieves of its address then do."""
        body = {"name": "pbx", "ip": host, "port": port, "outbound_voice_profile": self.profile}
        await self.ask("POST", "/rest/sip/connection", body)

    async def balance(self) -> Decimal:
        """Tell the customer's balance once every call has ended."""
        async with asyncio.timeout(10):
            while self.platform.switchboard.live:  # noqa: ASYNC110 - they end by and by
                await asyncio.sleep(0.05)
        return Decimal(str((await self.ask("GET", "/rest/account"))["balance"]))

    async def price(self, number: str, seconds: int) -> Decimal:
        """Price a call by the rate deck; nothing for what has no price."""
        body = {"to": number, "seconds": seconds, "outbound_voice_profile": self.profile}
        price = (await self.ask("POST", "/rest/call/price", body))["price"]
        return ZERO if price is None else Decimal(str(price))

    async def ban_reason(self, host: str) -> str | None:
        """Tell why a source is banned, None if it is not."""
        services = self.platform.services
        await services.guard.settle()
        async with services.database.read() as session:
            bans = await active_bans(session, services.clock.now())
        return next((each.reason for each in bans if each.place == host), None)

    async def _order(self) -> int:
        wanted = {"type": "long_code", "country": "US", "take": 1}
        [found, *_] = (await self.ask("POST", "/rest/tn/search", wanted))["data"]
        item = {"tn": int(found["tn"]), "features": ["voice"], "autorenew": False}
        order = await self.ask("POST", "/rest/order", {"items": [item]})
        async with asyncio.timeout(10):
            while order["state"] in {"created", "verify", "processing"}:
                await asyncio.sleep(0.05)
                order = await self.ask("GET", f"/rest/order/{order['uuid']}")
        if order["state"] != "success":
            raise DrillFailed(f"The order of +{found['tn']} ended as {order['state']}")
        return int(found["tn"])


@asynccontextmanager
async def prey() -> AsyncIterator[Prey]:
    """Run a server of its own in a temporary folder, with a customer in it."""
    with TemporaryDirectory(prefix="opentact-drill-") as folder:
        settings = _settings(Path(folder))
        async with serving(settings) as (platform, ready):
            headers = {"X-Auth-Token": demo_token(settings, ready)}
            async with aiohttp.ClientSession(local_url(settings), headers=headers) as api:
                found = Prey(platform, api)
                await found.settle_in()
                yield found


def _settings(folder: Path) -> Settings:
    given = {
        "data": folder,
        "http": f"{LOOPBACK}:{_free_port()}",
        "sip": f"{LOOPBACK}:0",
        "sip_tcp": "off",
        "media": "inline",
        "carriers": CARRIERS,
        "guard_loopback": True,
        "log_level": "error",
    }
    return load(given, environ={}, file=folder / "none.toml")


def _free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind((LOOPBACK, 0))
        return int(free.getsockname()[1])
