"""Users, tokens and secrets of accounts, on both databases."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from opentact.accounts.accounts import Account, get_account
from opentact.accounts.secrets import platform_secret
from opentact.accounts.tokens import (
    TokenNotFound,
    create_token,
    get_token,
    remove_all_tokens,
    remove_token,
    tokens_of,
)
from opentact.accounts.users import (
    User,
    UserExists,
    add_user,
    count_users,
    get_user,
    open_account,
    user_by_email,
    users_of,
)
from opentact.adapters.storage.database import Database
from opentact.kit.faults import NotFound

NOON = datetime(2024, 1, 16, 12, tzinfo=UTC)


@dataclass
class Someone:
    account: Account
    user: User


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def someone(database: Database, name: str, email: str | None = None) -> Someone:
    address = email or f"{name}@example.com"
    async with database.write() as session:
        account = await open_account(session, name=name, email=address, now=NOON)
        user = User(
            account_uuid=account.uuid,
            email=address,
            password_hash="-",
            created_on=NOON,
            modified_on=NOON,
        )
        await add_user(session, user)
    return Someone(account, user)


async def test_an_address_is_one_users_however_it_is_written(database: Database) -> None:
    ann = await someone(database, "ann", " Ann@Example.COM ")
    with pytest.raises(UserExists, match=r"ann@example\.com"):
        await someone(database, "other", "ANN@example.com")
    async with database.read() as session:
        found = await user_by_email(session, "aNN@example.com")
        assert found is not None
        assert (found.uuid, found.email) == (ann.user.uuid, "ann@example.com")
        assert await count_users(session) == 1


async def test_a_user_is_seen_by_its_own_account_only(database: Database) -> None:
    ann, bob = await someone(database, "ann"), await someone(database, "bob")
    async with database.read() as session:
        assert (await get_user(session, ann.account.uuid, ann.user.uuid)).email == ann.user.email
        with pytest.raises(NotFound, match="User not found"):
            await get_user(session, bob.account.uuid, ann.user.uuid)
        assert [u.uuid for u in await users_of(session, bob.account.uuid)] == [bob.user.uuid]
        with pytest.raises(NotFound, match="Account not found"):
            await get_account(session, uuid4())


async def test_an_account_is_open_until_it_is_disabled_or_deleted(database: Database) -> None:
    account = (await someone(database, "ann")).account
    assert account.is_open
    account.disabled_on = NOON
    assert not account.is_open
    account.disabled_on, account.deleted_on = None, NOON
    assert not account.is_open


async def test_a_token_is_kept_as_a_hash_and_found_by_its_owner_only(database: Database) -> None:
    ann, bob = await someone(database, "ann"), await someone(database, "bob")
    secret = "a" * 44 + "wxyz"
    async with database.write() as session:
        made = await create_token(
            session, ann.account.uuid, ann.user.uuid, secret, name="ci", ttl=3600, now=NOON
        )
    assert secret not in repr(vars(made))
    assert (made.hint, made.expired_on) == ("wxyz", NOON + timedelta(hours=1))
    async with database.write() as session:
        assert (await get_token(session, ann.user.uuid, made.uuid)).name == "ci"
        with pytest.raises(TokenNotFound):
            await get_token(session, bob.user.uuid, made.uuid)
        with pytest.raises(TokenNotFound):
            await remove_token(session, bob.user.uuid, secret)
        await remove_token(session, ann.user.uuid, secret)
        assert await tokens_of(session, ann.user.uuid) == []


async def test_removing_all_tokens_leaves_those_of_others(database: Database) -> None:
    both = [await someone(database, "ann"), await someone(database, "bob")]
    async with database.write() as session:
        for n, who in enumerate(both):
            await create_token(
                session, who.account.uuid, who.user.uuid, f"{n:048}", name="", ttl=None, now=NOON
            )
        await remove_all_tokens(session, both[0].user.uuid)
        left = [len(await tokens_of(session, who.user.uuid)) for who in both]
    assert left == [0, 1]


async def test_a_secret_of_the_platform_stays_what_it_was_first(database: Database) -> None:
    async with database.write() as session:
        assert await platform_secret(session, "jwt", b"first", now=NOON) == b"first"
    async with database.write() as session:
        assert await platform_secret(session, "jwt", b"second", now=NOON) == b"first"
        assert await platform_secret(session, "other", b"second", now=NOON) == b"second"
