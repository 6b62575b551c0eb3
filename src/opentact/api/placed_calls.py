"""POST /rest/call: have the platform call somebody, and run a flow (spec/11 D-9)."""

from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import get_account
from opentact.billing.rating import MINUTE_S
from opentact.kit.faults import Conflict, Fault, NotFound
from opentact.numbers.leases import get_lease
from opentact.voice import causes
from opentact.voice.apps import get_app_for_call
from opentact.voice.call_events import CallCard
from opentact.voice.call_orders import FlowSource, terms_of
from opentact.voice.calls import get_call
from opentact.voice.causes import Cause
from opentact.voice.placing import RING_S, CallRefused, Order, Placer, Way
from opentact.voice.rules.asks import Kind

from .auth import Principal
from .envelope import Envelope, errors, ok, say_fault
from .fields import Flag, WebUrl, Whole, sound
from .idempotency import Doing, Once, Rebuild
from .services import Caller, Inject, Services
from .wire.call_shapes import CallOut
from .wire.calls import call_entity
from .wire.limits import dollars_out, refusal_out
from .wire.placed import FREE_OF_CHARGE, RehearsedOut, cause_out, route_out

MOST_XML = 65_536  # characters: a document has at most 64 KiB (spec/11 D-13)
router = APIRouter(prefix="/rest/call", tags=["Call"])


def _text(value: object) -> object:
    """Take a number for its digits, as bulk calls write them (spec/07)."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Number = Annotated[str, BeforeValidator(_text), Field(pattern=r"^\+?[0-9]{3,15}$")]
Callee = Annotated[
    str,
    BeforeValidator(_text),
    Field(
        pattern=r"^(\+?[0-9]{3,15}|[A-Za-z0-9_.+!~*'-]{1,64}@[A-Za-z0-9.-]{1,253})$",
        description="a number, or `login@domain` of a SIP user of the account",
    ),
]
RingSeconds = Annotated[Whole, Field(ge=5, le=180)]
CallSeconds = Annotated[Whole, Field(ge=1, le=86_400)]
Document = Annotated[str, Field(min_length=1, max_length=MOST_XML)]


class FlowFields(BaseModel):
    """What runs when somebody answers: one of the three."""

    xml: Document | None = None
    call_flow_url: WebUrl | None = None
    sip_control_app: UUID | None = None

    @model_validator(mode="after")
    def _one_flow(self) -> Self:
        given = [self.xml, self.call_flow_url, self.sip_control_app, *self._more()]
        if sum(each is not None for each in given) != 1:
            raise ValueError("expected one of xml, call_flow_url and sip_control_app")
        if self.xml is not None:
            sound(self.xml)
        return self

    def _more(self) -> list[object]:
        return []

    @property
    def source(self) -> FlowSource:
        """The flow's."""
        return FlowSource(self.xml, self.call_flow_url, self.sip_control_app)


class ShownFields(BaseModel):
    """The profile to call by, and the number that is shown: without one, the profile's."""

    outbound_voice_profile: UUID
    tn_lease: UUID | None = None
    caller: Annotated[
        Number | None,
        Field(
            validation_alias=AliasChoices("from", "caller"),
            serialization_alias="from",
            description="a number that the account holds, or has verified",
        ),
    ] = None

    @property
    def shown(self) -> UUID | int | None:
        """The number to be shown."""
        return self.tn_lease or (int(self.caller.lstrip("+")) if self.caller else None)


class OrderFields(FlowFields, ShownFields):
    """What is called by, shown, and run."""


class BridgeTo(BaseModel):
    """Whom to call next, and to connect with who answered first."""

    to: Number
    tn_lease: UUID | None = None


class CallNew(OrderFields):
    """A call to be placed. Without `tn_lease` and `from`, the profile's number is shown."""

    bridge: Annotated[
        BridgeTo | None,
        Field(description="in place of a flow: call this number, and connect the two"),
    ] = None

    to: Callee
    timeout: Annotated[RingSeconds, Field(description="seconds that it rings at most")] = int(
        RING_S
    )
    max_duration: Annotated[
        CallSeconds | None, Field(description="seconds after which the call is ended")
    ] = None
    dry_run: Annotated[
        Flag, Field(description="answer price, route and refusals; nobody is called")
    ] = False

    def _more(self) -> list[object]:
        return [self.bridge]


class NoCallsPlaced(Fault):
    """This server places no calls: it has no telephone exchange."""

    code = "no_calls_placed"
    status = 503


class CutOff(Conflict):
    """The first request with this key was cut off before the call rang: take a new key."""

    code = "call_cut_off"


ANSWERS = errors(402, 404, 409, 422, 503) | {
    200: {"model": Envelope[RehearsedOut], "description": "A dry run: what the call would be"},
    403: {**errors(404)[404], "description": "A rule refuses the call; the message says which"},
}


@router.post(
    "",
    status_code=201,
    operation_id="CreateCall",
    response_model=Envelope[CallOut],
    responses=ANSWERS,
)
async def create(body: CallNew, who: Caller, services: Inject, once: Once) -> Response:
    """Call somebody from a number of yours; the flow runs when the call is answered.

    Answers as soon as the call is on its way: what becomes of it is told by events, and by
    `GET /rest/call/{uuid}`.
    """
    body.source.check()
    now = services.clock.now()
    async with services.database.read() as session:
        if once.given and not body.dry_run:
            replayed = await once.replay(session, _again(services, who), now=now)
            if replayed is not None:
                return replayed
        source = await _source(session, who, body)
        terms = await terms_of(
            session, who.account, body.outbound_voice_profile, body.shown, source, now
        )
    placer = placer_of(services)
    order = terms.order(body.to, ring_s=float(body.timeout), max_s=body.max_duration)
    if body.dry_run:
        return ok(await rehearsed(services, placer, order))
    return await _place(services, placer, once, order)


async def _source(session: AsyncSession, who: Principal, body: CallNew) -> FlowSource:
    """Give the flow; to bridge is a flow that dials."""
    if body.bridge is None:
        return body.source
    shown = body.bridge.tn_lease or body.shown
    if isinstance(shown, UUID):
        shown = (await get_lease(session, who.account, shown)).tn
    caller = f' from="+{shown}"' if shown else ""
    number = body.bridge.to.removeprefix("+")
    return FlowSource(f"<Response><Dial{caller}><Number>+{number}</Number></Dial></Response>")


def placer_of(services: Services) -> Placer:
    """Find who places calls, or `NoCallsPlaced`."""
    if services.placer is None:
        raise NoCallsPlaced
    return services.placer


def _again(services: Services, who: Principal) -> Rebuild:
    """Answer again for a call whose first answer was never written."""

    async def again(uuid: UUID) -> Response | None:
        if services.placer is not None and uuid in services.placer.placing:
            return None
        try:
            async with services.database.read() as session:
                call = await get_call(session, who.account, uuid)
                account = await get_account(session, who.account)
                app = await get_app_for_call(session, call.app_uuid) if call.app_uuid else None
        except NotFound:
            raise CutOff from None
        return ok(call_entity(CallCard(call, account, app)), 201)

    return again


async def _place(services: Services, placer: Placer, once: Doing, order: Order) -> Response:
    """Place it, with the key claimed before and answered after, if there is one."""
    if not once.given:
        call = await placer.place(order)
        return ok(call_entity(call.card), 201)
    with placer.starts(order.uuid):
        async with services.database.write() as session:
            await once.claim(session, order.uuid, now=services.clock.now())
        try:
            answer = ok(call_entity((await placer.place(order)).card), 201)
        except CallRefused as refused:
            answer = say_fault(refused)
        async with services.database.write() as session:
            await once.done(session, answer)
    return answer


async def rehearsed(services: Services, placer: Placer, order: Order) -> dict[str, Any]:
    """Tell what a call would cost, which way it would take, and all that would refuse it."""
    way = await placer.way(order)
    refusals: list[Any] = []
    told: dict[str, Any] = {}
    if isinstance(way, Cause):
        refusals.append(cause_out(way))
    elif way.kind is Kind.PSTN and services.quotes is not None:
        ask = placer.ask(order, way.kind)
        quote = await services.quotes.quote(ask, order.profile.profile)
        rate = quote.destination.rate if quote.destination else None
        refusals += [refusal_out(each) for each in quote.refusals]
        told = {
            "country": quote.country,
            "rate": dollars_out(rate.per_minute if rate else None),
            "connect_fee": dollars_out(rate.connect_fee if rate else None),
            "initial": rate.initial if rate else None,
            "increment": rate.increment if rate else None,
            "price_of_minute": dollars_out(quote.price(MINUTE_S)),
        }
    if isinstance(way, Way) and not way.stages:
        refusals.append(cause_out(causes.NO_ROUTE))
    return {
        "dry_run": True,
        "from": f"+{order.caller}",
        "to": order.to,
        "route": None if isinstance(way, Cause) else route_out(way),
        **(told or FREE_OF_CHARGE),
        "allowed": not refusals,
        "refusals": refusals,
    }
