"""A node's rules on a real database, with an account of so many dollars."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

import pytest

from opentact.accounts.accounts import Account, get_account
from opentact.accounts.users import open_account
from opentact.adapters.storage.database import Database
from opentact.app.rule_wiring import RuleParts, open_rules
from opentact.app.settings import load
from opentact.billing.ledger import Line, RefType, post
from opentact.billing.rate_sheets import seed_decks
from opentact.kit.ids import new_id
from opentact.voice.outbound_profiles import OutboundVoiceProfile
from opentact.voice.rules.asks import OutboundAsk
from support.world import NOON, Hands


@dataclass
class Node:
    """Rules with an account and its profile; `numbers` are those the account leases."""

    parts: RuleParts
    database: Database
    clock: Hands
    account: Account
    profile: OutboundVoiceProfile
    numbers: set[int] = field(default_factory=lambda: {12025550100})

    def ask(self, to: str = "+12025550123", user: UUID | None = None) -> OutboundAsk:
        """A call to a number that costs a cent a minute."""
        return OutboundAsk(
            self.account, self.profile, None, "+12025550100", to, new_id(), user=user
        )


@pytest.fixture
async def node(database_url: str) -> AsyncIterator[Node]:
    database = Database(database_url)
    async with database.write() as session:
        account = await open_account(session, name="Alice", email="a@example.com", now=NOON)
        await post(session, account.uuid, [Line(Decimal("0.025"), RefType.PAYMENT)], now=NOON)
        await seed_decks(session, NOON)
    async with database.read() as session:
        account = await get_account(session, account.uuid)
    profile = OutboundVoiceProfile(
        account_uuid=account.uuid,
        name="Main",
        tech_prefix=123456,
        created_on=NOON,
        modified_on=NOON,
    )
    clock = Hands()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        made: list[Node] = []

        async def holder(number: int) -> UUID | None:
            await asyncio.sleep(0)
            return account.uuid if number in made[0].numbers else None

        parts = await open_rules(stack, load({}), database, clock, "node", holder)
        made.append(Node(parts, database, clock, account, profile))
        yield made[0]
