"""Things that happen, for tests of those who hear of them."""

from decimal import Decimal
from uuid import UUID

from opentact.accounts.accounts import get_account
from opentact.billing.ledger import BalanceChanged

from .world import Tenant, World


async def change_balance(world: World, tenant: Tenant, *balances: int) -> list[UUID]:
    """Log one event for each balance, all in one commit."""
    async with world.database.write() as session:
        account = await get_account(session, tenant.account)
        changes = [BalanceChanged(account, Decimal(balance), "test") for balance in balances]
        logged = await world.services.events.append(
            session, tenant.account, *changes, now=world.clock.now()
        )
    return [event.uuid for event in logged]
