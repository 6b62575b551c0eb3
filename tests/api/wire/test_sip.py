"""How products, connections, control apps and outbound voice profiles are spelt."""

from decimal import Decimal
from typing import Any

import pytest

from opentact.api.wire.accounts import account_short, user_out
from opentact.api.wire.leases import LeaseAround, lease_out
from opentact.api.wire.sip import (
    AppOut,
    Around,
    ConnectionOut,
    OutboundProfileOut,
    ProductOut,
    ProfileShort,
    app_out,
    connection_out,
    outbound_profile_out,
    product_out,
)
from opentact.numbers.leases import Lease
from opentact.voice.apps import SipControlApp
from opentact.voice.connections import SipConnection
from opentact.voice.outbound_profiles import OutboundVoiceProfile
from opentact.voice.products import SEEDS, SipProduct
from support.samples import ACCOUNT, AT, LEASE, NEXT_MONTH, USER, uuid
from support.shapes import members, tells_a_secret

MADE: dict[str, Any] = {
    "created_on": AT,
    "modified_on": AT,
    "account_uuid": ACCOUNT.uuid,
    "created_by": USER.uuid,
    "modified_by": None,
    "tech_prefix": 421_700,
}
STANDARD = SipProduct(**SEEDS[0], created_on=AT, modified_on=AT)
HELD = Lease(
    uuid=LEASE,
    tn=12015550100,
    account_uuid=ACCOUNT.uuid,
    expired_on=NEXT_MONTH,
    created_on=AT,
    modified_on=AT,
)
OUT = OutboundVoiceProfile(
    uuid=uuid(95), name="out", product_id=1, tn_lease_uuid=LEASE, max_rate=Decimal("0.014"), **MADE
)
AROUND = Around(
    ACCOUNT,
    users={USER.uuid: USER},
    online=frozenset({USER.uuid}),
    products={1: STANDARD},
    profiles={OUT.uuid: OUT},
    leases={LEASE: lease_out(HELD, LeaseAround())},
)


def app(**more: Any) -> SipControlApp:
    return SipControlApp(uuid=uuid(96), name="menu", **MADE, **more)


def connection(**more: Any) -> SipConnection:
    return SipConnection(uuid=uuid(97), name="office", port=5060, **MADE, **more)


def test_a_product_has_every_member_that_is_documented() -> None:
    written = product_out(STANDARD)
    assert set(written) == members(ProductOut)
    assert (written["id"], written["name"], written["type"]) == (1, "Standard", "public")


@pytest.mark.parametrize(
    ("written", "shape"),
    [
        (app_out(app(), AROUND), AppOut),
        (connection_out(connection(), AROUND), ConnectionOut),
        (outbound_profile_out(OUT, AROUND), OutboundProfileOut),
    ],
    ids=["app", "connection", "outbound voice profile"],
)
def test_each_has_every_member_that_is_documented(written: dict[str, Any], shape: Any) -> None:
    assert set(written) == members(shape)
    assert written["account"] == account_short(ACCOUNT)
    assert written["created_by"] == user_out(USER, online=True)
    assert written["modified_by"] is None
    assert written["tech_prefix"] == 421_700
    assert tells_a_secret(written) == []


def test_what_an_app_points_at_stands_in_it_in_short() -> None:
    written = app_out(app(product_id=1, outbound_voice_profile_uuid=OUT.uuid), AROUND)
    assert written["product"] == product_out(STANDARD)
    profile = written["outbound_voice_profile"]
    assert profile is not None
    assert set(profile) == members(ProfileShort)
    assert (profile["uuid"], profile["name"]) == (str(OUT.uuid), "out")


def test_what_is_not_pointed_at_is_null() -> None:
    written = connection_out(connection(ip="192.0.2.7"), AROUND)
    assert (written["product"], written["outbound_voice_profile"]) == (None, None)
    assert (written["ip"], written["hostname"], written["port"]) == ("192.0.2.7", None, 5060)


def test_of_trunk_settings_only_what_customers_may_write_is_shown() -> None:
    settings = {"media_type": "Bypass Media", "gateway": "10.0.0.1"}
    written = connection_out(connection(class4_egress_trunk_settings=settings), AROUND)
    assert written["class4_egress_trunk_settings"] == {"media_type": "Bypass Media"}
    assert written["class4_ingress_trunk_settings"] == {"media_type": "Proxy Media"}


def test_an_outbound_profile_shows_its_number_limits_and_the_old_spelling() -> None:
    written = outbound_profile_out(OUT, AROUND)
    lease = written["tn_lease"]
    assert lease is not None
    assert lease["tn"]["tn"] == 12015550100
    assert (written["max_rate"], written["daily_spend_limit"], written["channel_limit"]) == (
        0.014,
        None,
        None,
    )
    assert written["filemat"] == written["file_format"] == "wav"


def test_an_app_shows_its_urls_and_times_as_they_were_sent() -> None:
    sent = {
        "webhook_url": "https://hooks.example.com/calls",
        "webhook_method": "POST",
        "webhook_request_timeout": 0,
        "call_flow_url": "https://flows.example.com/in",
        "call_flow_method": "POST",
        "call_flow_request_timeout": 3000,
        "max_call_length_min": 90,
        "auto_answer": False,
    }
    written: Any = app_out(app(**sent), AROUND)
    assert {name: written[name] for name in sent} == sent
