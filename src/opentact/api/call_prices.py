"""/rest/call/price: what a call would cost, and whether it would be let out (spec/11 D-31)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AliasChoices, BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import get_account
from opentact.accounts.ownership import get_owned
from opentact.billing.rating import MINUTE_S
from opentact.kit.faults import BadField, BadRequest, Fault, NotFound
from opentact.kit.ids import new_id
from opentact.numbers.leases import Lease
from opentact.voice.domains import SipDomain
from opentact.voice.outbound_profiles import OutboundVoiceProfile
from opentact.voice.rules.asks import OutboundAsk
from opentact.voice.rules.quotes import Quote
from opentact.voice.verified_numbers import may_show

from .auth import Principal
from .envelope import Envelope, errors, ok
from .fields import Whole
from .services import Caller, Inject
from .wire.limits import PriceOut, dollars_out, refusal_out

MOST_SECONDS = 86_400
router = APIRouter(prefix="/rest/call", tags=["Call"])


class PriceAsk(BaseModel):
    """A call that might be placed: by a profile, or by the profile of a SIP domain."""

    to: Annotated[str, Field(pattern=r"^\+?[0-9]{3,15}$")]
    outbound_voice_profile: UUID | None = None
    sip_domain: Annotated[str | None, Field(max_length=255)] = None
    caller: Annotated[
        str | None,
        Field(pattern=r"^\+?[0-9]{3,15}$", validation_alias=AliasChoices("from", "caller")),
    ] = None
    seconds: Annotated[Whole, Field(ge=0, le=MOST_SECONDS)] = MINUTE_S


class NoQuotes(Fault):
    """This server places no calls, so it quotes none."""

    code = "no_quotes"
    status = 503


@router.post(
    "/price",
    operation_id="QuoteCall",
    response_model=Envelope[PriceOut],
    responses=errors(404, 503),
)
async def price(body: PriceAsk, who: Caller, services: Inject) -> Response:
    """Quote a call: its rate and price, and every rule that would refuse it."""
    async with services.database.read() as session:
        account = await get_account(session, who.account)
        profile = await _profile(session, who, body)
        shown = body.caller or await _shown(session, profile)
        own = bool(shown) and await may_show(session, who.account, int(shown.lstrip("+")))
    if services.quotes is None:
        raise NoQuotes
    ask = OutboundAsk(
        account, profile, body.sip_domain, shown, body.to, new_id(), caller_is_own=own
    )
    return ok(_out(body, await services.quotes.quote(ask, profile)))


async def _profile(session: AsyncSession, who: Principal, body: PriceAsk) -> OutboundVoiceProfile:
    chosen = body.outbound_voice_profile
    if chosen is None and body.sip_domain is not None:
        domain = await session.scalar(
            select(SipDomain).where(
                SipDomain.account_uuid == who.account,
                SipDomain.domain == body.sip_domain.lower(),
            )
        )
        if domain is None:
            raise NotFound("SIP domain not found")
        chosen = domain.outbound_voice_profile_uuid
        if chosen is None:
            raise NotFound("The SIP domain is linked to no outbound voice profile: link one")
    if chosen is None:
        message = "name an outbound voice profile, or a SIP domain that is linked to one"
        raise BadRequest(message, fields={"params.outbound_voice_profile": BadField(message)})
    return await get_owned(session, OutboundVoiceProfile, who.account, chosen)


async def _shown(session: AsyncSession, profile: OutboundVoiceProfile) -> str:
    """Find the number that the profile shows as caller; "" if it has none."""
    if profile.tn_lease_uuid is None:
        return ""
    tn = await session.scalar(
        select(Lease.tn).where(Lease.uuid == profile.tn_lease_uuid, Lease.released_on.is_(None))
    )
    return f"+{tn}" if tn else ""


def _out(body: PriceAsk, quote: Quote) -> PriceOut:
    there = quote.destination
    rate = there.rate if there else None
    return {
        "to": quote.digits,
        "country": quote.country,
        "prefix": there.prefix if there else None,
        "destination": there.name if there else None,
        "rate": dollars_out(rate.per_minute if rate else None),
        "connect_fee": dollars_out(rate.connect_fee if rate else None),
        "initial": rate.initial if rate else None,
        "increment": rate.increment if rate else None,
        "seconds": body.seconds,
        "billed_seconds": rate.billed_seconds(body.seconds) if rate else None,
        "price": dollars_out(quote.price(body.seconds)),
        "allowed": not quote.refusals,
        "refusals": [refusal_out(refused) for refused in quote.refusals],
    }
