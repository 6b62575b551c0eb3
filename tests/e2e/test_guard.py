"""The guard of a whole server: strangers learn nothing, floods leave nothing, thieves starve."""

import asyncio
import json
import re
import socket
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from e2e.test_bad_input import Place, open_place
from e2e.web import until
from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.voice.bans import ban_of, lift
from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.effects import ENDS, Answered
from support.command import command

pytestmark = pytest.mark.e2e

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 0\r\n"
)
STRANGE = {"carriers": "192.0.2.0/24", "guard_loopback": True, "guard_rate": 0}
SECRET = "correct horse battery"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """A server to which this machine is a stranger like any other."""
    async with open_place(tmp_path / "data", media="inline", **STRANGE) as opened:
        yield opened


@asynccontextmanager
async def stranger(host: str, agent: str = "phone") -> AsyncIterator[SipEndpoint]:
    endpoint = await SipEndpoint.open(
        host, 0, on_call=lambda leg: leg.reject(480), user_agent=agent
    )
    try:
        yield endpoint
    finally:
        await endpoint.close(grace=0.5)


async def people(place: Place) -> str:
    """A domain with the user ann; give its name."""
    made = await place.alice.ask("POST", "/rest/sip/domain", {"domain": "acme"})
    user = {"login": "ann", "password": SECRET}
    await place.alice.ask("POST", f"/rest/sip/domain/{made['domain']}/user", user)
    return str(made["domain"])


def shape(event: Any) -> str:
    """What a stranger is told, without what is drawn anew each time."""
    return re.sub(r'(nonce|tag)="?[^";, ]+"?', r"\1=…", repr(event))


async def invite(who: SipEndpoint, place: Place, to: str, caller: str) -> tuple[str, float]:
    """Call as a stranger; give what is answered, and after how long."""
    began = time.perf_counter()
    leg = who.call(
        to,
        to=to,
        caller=caller,
        sdp=SDP,
        destination=place.platform.sip.local,
    )
    async with asyncio.timeout(10):
        while not isinstance(event := await leg.events.get(), (Answered, *ENDS)):
            pass
    return shape(event), time.perf_counter() - began


async def test_whoever_calls_whomever_as_a_stranger_is_told_the_same(place: Place) -> None:
    leased = await place.alice.number_with_flow("<Response><Hangup/></Response>")
    domain = await people(place)
    host = place.sip
    numbers = [leased, 12125550142, 19005550100, 100, 999999999999999]
    targets = [f"sip:{n}@{host}" for n in numbers]
    targets += [f"sip:ann@{domain}", f"sip:zoe@{domain}", "sip:ann@elsewhere.example"]
    told: dict[str, set[str]] = {"elsewhere.example": set(), domain: set()}
    for n, target in enumerate(targets):
        async with stranger(f"127.0.67.{n + 1}") as who:
            for caller in ("elsewhere.example", domain):
                for name in ("ann", "zoe"):
                    answer, _ = await invite(who, place, target, f"sip:{name}@{caller}")
                    told[caller].add(answer)
    assert [len(each) for each in told.values()] == [1, 1], told
    assert "403" in told["elsewhere.example"].pop()
    assert "407" in told[domain].pop()
    assert await place.alice.calls(tn=leased) == []


async def login(who: SipEndpoint, place: Place, user: str, domain: str, word: str) -> Any:
    aor = f"sip:{user}@{domain}"
    return await who.ask(
        "REGISTER",
        f"sip:{domain}",
        to=aor,
        caller=aor,
        destination=place.platform.sip.local,
        headers=[("contact", f"<sip:{user}@{who.local}>")],
        credentials=Credentials(user, word),
    )


async def test_unknown_users_and_wrong_passwords_are_told_the_same_in_the_same_time(
    place: Place,
) -> None:
    domain = await people(place)
    took: dict[str, list[float]] = {"ann": [], "zoe": []}
    told: dict[str, set[str]] = {"ann": set(), "zoe": set()}
    for n in range(40):  # a source each, as every one of them is soon banned
        async with stranger(f"127.0.68.{n + 1}") as who:
            for user in ("ann", "zoe"):
                began = time.perf_counter()
                reply = await login(who, place, user, domain, "guess")
                took[user].append(time.perf_counter() - began)
                names = sorted(name for name in reply.headers if name != "date")
                told[user].add(f"{reply.status} {reply.phrase} {names}")
    assert told["ann"] == told["zoe"]
    assert len(told["ann"]) == 1
    known, unknown = (statistics.median(each) for each in took.values())
    assert abs(known - unknown) < 0.02


async def test_guessing_is_banned_shown_and_undone(place: Place) -> None:
    domain = await people(place)
    guard = place.platform.services.guard
    async with stranger("127.0.69.1") as who:
        for n in range(11):
            assert (await login(who, place, "ann", domain, f"guess {n}")).status == 401
        pending = asyncio.ensure_future(login(who, place, "ann", domain, SECRET))
        await asyncio.sleep(1.0)
        assert not pending.done()
        await guard.settle()
        rows = await place.platform.services.inspect["guard"]()
        [row] = [each for each in rows if each["source"] == "127.0.69.1"]
        assert (row["banned"], row["standing"]) == (True, "stranger")
        async with place.platform.database.write() as session:
            now = place.platform.services.clock.now()
            lift(await ban_of(session, "127.0.69.1", now), "ann", now)
        async with asyncio.timeout(10):
            assert (await pending).status == 200


async def test_a_replayed_login_is_refused_and_counted(place: Place) -> None:
    domain = await people(place)
    sent: list[bytes] = []
    host = "127.0.70.1"
    phone = await SipEndpoint.open(
        host,
        0,
        on_call=lambda leg: leg.reject(480),
        on_message=lambda way, data, *_: sent.append(data) if way == "out" else None,
    )
    assert (await login(phone, place, "ann", domain, SECRET)).status == 200
    await phone.close()
    proven = next(each for each in reversed(sent) if b"authorization:" in each.lower())
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as thief:
        thief.bind(("127.0.70.2", 0))
        thief.setblocking(False)  # noqa: FBT003 - the socket API's own
        loop = asyncio.get_running_loop()
        for n in range(30):
            branch = f"branch=z9hG4bKreplay{n}".encode()
            replayed = re.sub(rb"branch=[^;\r\n]+", branch, proven, count=1)
            replayed = re.sub(rb"(?i)(call-id: )[^\r\n]+", rb"\g<1>replay%d" % n, replayed)
            replayed = replayed.replace(
                f"Via: SIP/2.0/UDP {phone.local}".encode(),
                b"Via: SIP/2.0/UDP 127.0.70.2:%d" % thief.getsockname()[1],
            )
            await loop.sock_sendto(thief, replayed, place.platform.sip.local[:2])
            await asyncio.sleep(0.01)
        answers = []
        while True:
            try:
                answers.append(thief.recv(65_536).split(b" ")[1])
            except BlockingIOError:
                break
    assert b"200" not in answers
    assert b"401" in answers
    assert place.platform.services.guard.noticed["replayed_login"] > 0


async def test_a_storm_of_ten_thousand_registrations_and_bombs_leaves_nothing(
    place: Place,
) -> None:
    domain = await people(place)
    target = place.platform.sip.local[:2]
    began = time.perf_counter()
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as flood:
        flood.bind(("127.0.71.1", 0))
        flood.setblocking(False)  # noqa: FBT003 - the socket API's own
        for n in range(10_000):
            flood.sendto(_register(n, domain, "127.0.71.1"), target)
            if n % 50 == 0:
                await asyncio.sleep(0)
        for bomb in (_bomb("Via", 5_000), _bomb("Contact", 5_000), _bomb("Route", 3_000)):
            flood.sendto(bomb[:65_000], target)
        await asyncio.sleep(0.1)
    assert time.perf_counter() - began < 60
    snapshot = place.platform.sip.snapshot

    async def is_quiet() -> bool:
        shown = snapshot()
        return not shown["transactions"] and not shown["dialogs"]

    await until(is_quiet, 40)
    assert place.platform.sip.counters.dropped["fault of ours"] == 0
    rows = await place.platform.services.inspect["registrations"]()
    assert rows == []
    async with stranger("127.0.71.2") as phone:
        assert (await login(phone, place, "ann", domain, SECRET)).status == 200


async def test_a_bye_from_elsewhere_ends_no_call(place: Place) -> None:
    domain = await people(place)
    async with stranger("127.0.72.1") as phone, stranger("127.0.72.2") as other:
        assert (await login(phone, place, "ann", domain, SECRET)).status == 200
        bye = await other.ask(
            "BYE",
            f"sip:ann@{place.sip}",
            to=f"sip:ann@{domain};tag=guessed",
            caller=f"sip:bob@{domain}",
            destination=place.platform.sip.local,
        )
        assert bye.status == 481
        assert (await login(phone, place, "ann", domain, SECRET)).status == 200


def test_thieves_are_stopped_within_the_limits(tmp_path: Path) -> None:
    played = command(tmp_path, "drill", "tollfraud", "--size", "16", "--json")
    assert played.returncode == 0, (played.stdout, played.stderr)
    told = json.loads(played.stdout)
    by_name = {each["attempt"]: each for each in told["attacks"]}
    assert by_name["scanning"]["stopped_by"]["guard: silence"] == 16
    assert by_name["calls of strangers"]["through"] == 0
    for theft in ("a stolen password", "a hijacked trunk"):
        stopped = by_name[theft]["stopped_by"]
        assert by_name[theft]["through"] <= 2
        assert {"rule: countries", "rule: open_prefixes"} <= set(stopped), stopped
    assert told["within_limits"]
    assert told["cost"] < 1
    assert told["would_have_cost"] > 100


def _register(n: int, domain: str, host: str) -> bytes:
    return (
        f"REGISTER sip:{domain} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:5060;branch=z9hG4bKf{n}\r\n"
        f"From: <sip:u{n}@{domain}>;tag=1\r\nTo: <sip:u{n}@{domain}>\r\nCall-ID: f{n}\r\n"
        f"CSeq: 1 REGISTER\r\nContact: <sip:u{n}@{host}>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def _bomb(name: str, count: int) -> bytes:
    value = "SIP/2.0/UDP a;branch=z9hG4bKb" if name == "Via" else "<sip:a@b>"
    head = _register(99_999, "acme", "127.0.71.1").removesuffix(b"Content-Length: 0\r\n\r\n")
    return head + f"{name}: {','.join([value] * count)}\r\n\r\n".encode()
