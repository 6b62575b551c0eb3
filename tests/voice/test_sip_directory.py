"""Who is who: read together, kept for a while, forgotten when it changes, and bounded."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.voice import sip_directory
from opentact.voice.sip_directory import Found, SipDirectory
from support.registering import DOMAIN
from support.sip_people import DOMAINS, domain, user
from support.world import World, build_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        await domain(built.alice)
        await user(built.alice, "Ann", first_name="Ann", last_name="Archer")
        yield built


class Reads:
    """The world's database; counts reads, and fails if told to. `meanwhile` happens in one."""

    def __init__(self, world: World) -> None:
        self.count = 0
        self.fails = False
        self.meanwhile: Callable[[], None] | None = None
        self._database = world.database

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        self.count += 1
        if self.fails:
            raise OSError("the disk is gone")
        async with self._database.read() as session:
            if self.meanwhile:
                self.meanwhile()
            yield session

    write = read


@pytest.fixture
def reads(world: World) -> Reads:
    return Reads(world)


@pytest.fixture
async def directory(world: World, reads: Reads) -> AsyncIterator[SipDirectory]:
    made = SipDirectory(reads, lambda: world.clock.now().timestamp())
    yield made
    await made.close()


async def test_finds_a_user_whatever_the_case_of_its_login(
    directory: SipDirectory, world: World
) -> None:
    found = await directory.of(DOMAIN, "aNN")
    assert found is not None
    assert found.user is not None
    assert found.domain is found.user.domain
    assert (found.user.login, found.user.name) == ("Ann", "Ann Archer")
    assert found.domain.account == world.alice.account


@pytest.mark.parametrize(
    ("name", "login", "domains"),
    [(DOMAIN, None, [DOMAIN]), (DOMAIN, "zoe", [DOMAIN]), ("other.example", "ann", [])],
)
async def test_tells_who_is_not_there(
    directory: SipDirectory, name: str, login: str | None, domains: list[str]
) -> None:
    found = await directory.of(name, login)
    assert found is not None
    assert [each.name for each in [found.domain] if each] == domains
    assert found.user is None


async def test_many_names_wait_for_few_reads(directory: SipDirectory, reads: Reads) -> None:
    names = [directory.of(DOMAIN, f"user{n}") for n in range(250)]
    same = [directory.of(DOMAIN, "ann") for _ in range(50)]
    answers = await asyncio.gather(*names, *same)
    assert all(answer is not None and answer.user for answer in answers[250:])
    assert reads.count == 3


async def test_what_was_read_is_kept_for_some_seconds(
    directory: SipDirectory, reads: Reads, world: World
) -> None:
    for login in ("ann", "zoe", None, "ann", "zoe", None):
        await directory.of(DOMAIN, login)
    assert reads.count == 3
    world.clock.at += timedelta(seconds=sip_directory.FRESH_S)
    await directory.of(DOMAIN, "ann")
    assert reads.count == 4


async def test_a_change_is_seen_at_once(directory: SipDirectory, world: World) -> None:
    world.services.sip_changes.listen(directory.forget)
    assert await directory.of(DOMAIN, "bea") is not None
    await user(world.alice, "bea")
    found = await directory.of(DOMAIN, "bea")
    assert found is not None
    assert found.user is not None
    path = f"{DOMAINS}/acme/user/{found.user.uuid}"
    await world.alice.client.patch(path, json={"is_active": False})
    assert await directory.of(DOMAIN, "bea") == Found(found.domain)


async def test_what_was_read_before_a_change_is_not_kept(
    directory: SipDirectory, reads: Reads
) -> None:
    reads.meanwhile = lambda: directory.forget(None)
    await directory.of(DOMAIN, "ann")
    reads.meanwhile = None
    await directory.of(DOMAIN, "ann")
    assert reads.count == 2


async def test_memory_is_bounded(
    directory: SipDirectory, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sip_directory, "MAX_KEPT", 10)
    for n in range(30):
        await directory.of(DOMAIN, f"user{n}")
    assert len(directory) == 10
    await directory.of(DOMAIN, "user29")
    assert reads.count == 30


async def test_too_many_askers_are_told_that_it_cannot_be_known(
    directory: SipDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sip_directory, "MAX_WAITING", 5)
    answers = await asyncio.gather(*(directory.of(DOMAIN, f"user{n}") for n in range(8)))
    assert [answer is None for answer in answers] == [False] * 5 + [True] * 3


async def test_names_beyond_reason_are_nobodys(directory: SipDirectory, reads: Reads) -> None:
    assert await directory.of("x" * 300, "ann") == Found(None)
    assert reads.count == 0
    found = await directory.of(DOMAIN, "ann" + "x" * 10_000)
    assert found is not None
    assert found.user is None


async def test_a_database_that_fails_is_asked_again(directory: SipDirectory, reads: Reads) -> None:
    reads.fails = True
    assert await directory.of(DOMAIN, "ann") is None
    reads.fails = False
    found = await directory.of(DOMAIN, "ann")
    assert found is not None
    assert found.user is not None


async def test_one_askers_fault_is_not_the_others(directory: SipDirectory) -> None:
    def fails(_: Found | None) -> None:
        raise RuntimeError("asker")

    directory.find(DOMAIN, "ann", fails)
    assert await directory.of(DOMAIN, "ann") is not None
