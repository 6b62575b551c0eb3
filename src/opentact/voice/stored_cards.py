"""The card of a call that is over, or that nobody here talks on, from what is stored of it."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import get_account
from opentact.events.log import Event

from .apps import get_app_for_call
from .call_events import CallCard
from .calls import Call


async def stored_card(session: AsyncSession, call: Call, debug_url: str | None) -> CallCard:
    """Put the card together; its events go on counting where the last one ended."""
    account = await get_account(session, call.account_uuid)
    app = await get_app_for_call(session, call.app_uuid) if call.app_uuid else None
    # Each event of a call has a number of its own, so their count is the last one given out.
    told = select(func.count()).select_from(Event).where(Event.ref_id == call.uuid)
    seq = await session.scalar(told) or 0
    return CallCard(call, account, app, seq=seq, debug_url=debug_url)
