"""How messaging profiles are spelt."""

from typing import Any

from opentact.api.wire.profiles import MessagingProfileOut, messaging_profile_out
from opentact.api.wire.sip import Around
from opentact.messaging.profiles import MessagingProfile
from support.samples import ACCOUNT, AT, uuid
from support.shapes import members, tells_a_secret


def test_a_messaging_profile_has_every_member_that_is_documented() -> None:
    kept: dict[str, Any] = {
        "callback_url": "https://hooks.example.com/sms",
        "callback_url2": "https://spare.example.com/sms",
        "number_pool_enable": True,
        "long_code_weight": 9,
        "tollfree_weight": 0,
        "skip_unhealthy_tns": True,
        "sticky_sender": True,
    }
    made: dict[str, Any] = {"account_uuid": ACCOUNT.uuid, "created_on": AT, "modified_on": AT}
    profile = MessagingProfile(uuid=uuid(98), name="texts", **made, **kept)
    written: Any = messaging_profile_out(profile, Around(ACCOUNT))
    assert set(written) == members(MessagingProfileOut)
    assert {name: written[name] for name in kept} == kept
    assert (written["name"], written["operators"]) == ("texts", [])
    assert tells_a_secret(written) == []
