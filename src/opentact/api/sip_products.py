"""/rest/sip/product: packages of routes and rates to choose from (spec/05)."""

from fastapi import APIRouter, Response

from opentact.voice.products import products_for

from .around import owner
from .envelope import Envelope, errors, ok
from .services import Caller, Inject
from .wire.sip import ProductOut, product_out

router = APIRouter(prefix="/rest/sip", tags=["SIP Product"])


@router.get(
    "/product",
    operation_id="GetSIPProductsList",
    response_model=Envelope[list[ProductOut]],
    responses=errors(),
)
@router.get(
    "/connection/product",
    operation_id="GetSIPConnectionProductsList",
    response_model=Envelope[list[ProductOut]],
    responses=errors(),
    deprecated=True,
)
async def products(who: Caller, services: Inject) -> Response:
    """List the products the account may choose."""
    async with services.database.read() as session:
        return ok([product_out(product) for product in await products_for(session, owner(who))])
