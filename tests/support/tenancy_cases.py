"""The registry of tenancy: what a stranger gets, for every route there is.

`tests/api/test_tenancy.py` fails until a new route has its line here.
"""

from collections.abc import Sequence

from .belongings import FLOW
from .numbers import FIRST, order
from .tenancy import Case, Then, admins_only, hidden, hidden_in_body, mine_only, to_app

_PROFILE = {"outbound_voice_profile": "{theirs.voice_profile}"}
_OWN = {"outbound_voice_profile": "{mine.voice_profile}", "tn_lease": "{mine.lease}"}
_SHOWS = {"outbound_voice_profile": "{mine.voice_profile}", "tn_lease": "{theirs.lease}"}
_FILE = {"file": ("flow.xml", FLOW)}

CASES: dict[str, Case | Sequence[Case]] = {
    "GET /rest/auth": mine_only(),
    "GET /rest/user": mine_only(),
    "GET /rest/user/{uuid}": hidden(uuid="user"),
    "PATCH /rest/user/{uuid}": hidden({"first_name": "Mallory"}, uuid="user"),
    "DELETE /rest/user/{uuid}": hidden(uuid="second_user"),
    "GET /rest/account": mine_only(),
    "GET /rest/account/{uuid}": hidden(uuid="account"),
    "PATCH /rest/account": mine_only({"time_zone": "Europe/Paris"}),
    "PATCH /rest/account/{uuid}/limits": admins_only({"channel_limit": 1}, uuid="account"),
    "GET /rest/admin/rate_deck": admins_only(),
    "GET /rest/admin/rate_deck/{deck}": admins_only(deck="connection"),
    "PUT /rest/admin/rate_deck/{deck}": admins_only(deck="connection"),
    "PATCH /rest/account/notification": mine_only({"balance_changed": True}),
    "GET /rest/account/user": mine_only(),
    "POST /rest/account/user": mine_only(
        {"email": "third@example.com", "password": "correct horse battery"}, shows=False
    ),
    "PUT /rest/account/user/{uuid}": hidden(uuid="second_user"),
    "DELETE /rest/account/user/{uuid}": hidden(uuid="second_user"),
    "POST /rest/token": mine_only({"name": "mine"}, shows=False),
    "GET /rest/token/list": mine_only(),
    "PATCH /rest/token/{uuid}": hidden({"name": "taken over"}, uuid="token"),
    "DELETE /rest/token/all": mine_only(shows=False),
    "DELETE /rest/token/{token}": hidden(token="token_text"),
    "GET /rest/profile/messaging": mine_only(),
    "POST /rest/profile/messaging": mine_only({"name": "mine"}),
    "GET /rest/profile/messaging/{uuid}": hidden(uuid="messaging_profile"),
    "GET /rest/event": mine_only(shows=False),
    "GET /rest/event/subscription": mine_only(),
    "POST /rest/event/subscription": mine_only({"type": "sms"}),
    "GET /rest/event/subscription/{uuid}": hidden(uuid="subscription"),
    "PATCH /rest/event/subscription/{uuid}": hidden({"is_active": True}, uuid="subscription"),
    "DELETE /rest/event/subscription/{uuid}": hidden(uuid="subscription"),
    "PATCH /rest/profile/messaging/{uuid}": hidden({"name": "x"}, uuid="messaging_profile"),
    "DELETE /rest/profile/messaging/{uuid}": hidden(uuid="messaging_profile"),
    "GET /rest/profile/outbound_voice": mine_only(),
    "POST /rest/profile/outbound_voice": mine_only({"name": "mine"}),
    "GET /rest/profile/outbound_voice/{uuid}": hidden(uuid="voice_profile"),
    "PATCH /rest/profile/outbound_voice/{uuid}": hidden({"name": "x"}, uuid="voice_profile"),
    "DELETE /rest/profile/outbound_voice/{uuid}": hidden(uuid="voice_profile"),
    "GET /rest/sip/product": mine_only(shows=False),
    "GET /rest/sip/connection/product": mine_only(shows=False),
    "GET /rest/sip/connection": mine_only(),
    "POST /rest/sip/connection": [
        mine_only({"name": "mine", "ip": "192.0.2.8", "port": 5060}),
        hidden_in_body({"name": "mine", "ip": "192.0.2.8", "port": 5060, **_PROFILE}),
    ],
    "GET /rest/sip/connection/{uuid}": hidden(uuid="connection"),
    "PATCH /rest/sip/connection/{uuid}": [
        hidden({"name": "x"}, uuid="connection"),
        hidden_in_body(_PROFILE, uuid="connection"),
    ],
    "DELETE /rest/sip/connection/{uuid}": hidden(uuid="connection"),
    "GET /rest/sip/app": mine_only(),
    "POST /rest/sip/app": [
        mine_only({"name": "mine"}),
        hidden_in_body({"name": "mine", **_PROFILE}),
    ],
    "GET /rest/sip/app/{uuid}": hidden(uuid="app"),
    "PATCH /rest/sip/app/{uuid}": [
        hidden({"name": "x"}, uuid="app"),
        hidden_in_body(_PROFILE, uuid="app"),
    ],
    "DELETE /rest/sip/app/{uuid}": hidden(uuid="app"),
    "GET /rest/sip/app/call/flow/{uuid}": hidden(uuid="app_with_flow"),
    "POST /rest/sip/app/call/flow/{uuid}": hidden(files=_FILE, uuid="app"),
    "DELETE /rest/sip/app/call/flow/{uuid}": hidden(uuid="app_with_flow"),
}


# Numbers that the cases order: each once, by whoever comes first.
_FREE = iter(range(FIRST + 60, FIRST + 100))
_ADD = {"add": ["{theirs.lease}"]}
_REMOVE = {"remove": ["{theirs.lease}"]}

CASES |= {
    "GET /rest/profile/messaging/{uuid}/tnleases": hidden(uuid="messaging_profile"),
    "GET /rest/sip/connection/{uuid}/tnlease": hidden(uuid="connection"),
    "POST /rest/sip/connection/{uuid}/tnlease": [
        hidden({}, uuid="connection"),
        hidden_in_body(_ADD, uuid="connection"),
        hidden_in_body(_REMOVE, uuid="connection"),
    ],
    "GET /rest/sip/app/{uuid}/tnlease": hidden(uuid="app"),
    "POST /rest/sip/app/{uuid}/tnlease": [
        hidden({}, uuid="app"),
        hidden_in_body(_ADD, uuid="app"),
        hidden_in_body(_REMOVE, uuid="app"),
    ],
    "POST /rest/sip/app/{uuid}/logs": hidden({}, uuid="app"),
    "POST /rest/call/search": mine_only({}),
    "POST /rest/sip/app/call/search": mine_only({}),
    "POST /rest/call/price": hidden_in_body({"to": "+12025550123", **_PROFILE}),
    "POST /rest/call": [
        hidden_in_body({"to": "+12025550123", "xml": "<Response/>", **_PROFILE}),
        hidden_in_body({"to": "+12025550123", "xml": "<Response/>", **_SHOWS}),
        hidden_in_body({"to": "+12025550123", "sip_control_app": "{theirs.app}", **_OWN}),
    ],
    "POST /rest/call/bridge": hidden_in_body(
        {"call_a": "{theirs.call}", "call_b": "{theirs.call}"}
    ),
    "POST /rest/batch": [
        hidden_in_body({"phones": [12025550123], "xml": "<Response/>", **_PROFILE}),
        hidden_in_body({"phones": [12025550123], "xml": "<Response/>", **_SHOWS}),
        hidden_in_body({"phones": [12025550123], "sip_control_app": "{theirs.app}", **_OWN}),
    ],
    "POST /rest/verified_number": [
        hidden_in_body({"tn": "+13035550170", **_PROFILE}),
        hidden_in_body({"tn": "+13035550171", **_SHOWS}),
    ],
    "GET /rest/verified_number": mine_only(),
    "GET /rest/verified_number/{name}": [hidden(name="verified_number"), hidden(name="foreign")],
    "DELETE /rest/verified_number/{name}": [
        hidden(name="verified_number"),
        hidden(name="foreign"),
    ],
    "GET /rest/batch": mine_only(),
    "GET /rest/batch/{uuid}": hidden(uuid="batch"),
    "GET /rest/batch/{uuid}/number": hidden(uuid="batch"),
    "DELETE /rest/batch/{uuid}": hidden(uuid="batch"),
    "GET /rest/call/online": mine_only(shows=False),
    "GET /rest/sip/app/call/online": mine_only(shows=False),
    "GET /rest/call/{uuid}": hidden(uuid="call"),
    "GET /rest/call/{uuid}/timeline": hidden(uuid="call"),
    "GET /rest/sip/app/call/{uuid}": hidden(uuid="call"),
    "DELETE /rest/call/{uuid}": hidden(uuid="call"),
    "POST /rest/call/sca/{uuid}": hidden(files=_FILE, uuid="call"),
    "POST /rest/sip/app/call/{uuid}": hidden(files=_FILE, uuid="call"),
    "GET /rest/record/{uuid}": hidden(uuid="recording"),
    "DELETE /rest/record/{uuid}": hidden(uuid="recording"),
    "POST /rest/tn/search": mine_only({}, shows=False),
    "GET /rest/tn/search/countries": mine_only(shows=False),
    "POST /rest/order": mine_only(order(next(_FREE)), shows=False),
    "POST /rest/order/tn": [
        mine_only({"tns": [next(_FREE)]}, shows=False),
        hidden_in_body({"tns": [next(_FREE)], "sip_connection": "{theirs.connection}"}),
        hidden_in_body({"tns": [next(_FREE)], "sip_control_app": "{theirs.app}"}),
    ],
    "POST /rest/order/price": mine_only(order(next(_FREE)), shows=False),
    "GET /rest/order": mine_only(),
    "POST /rest/order/search": mine_only({}),
    "GET /rest/order/{uuid}": hidden(uuid="order"),
    "GET /rest/lease/tn": mine_only(),
    "POST /rest/lease/tn/search": mine_only({}),
    "DELETE /rest/lease/tn": hidden_in_body({"item": ["{theirs.lease}"]}),
    "GET /rest/lease/tn/{name}": [hidden(name="lease"), hidden(name="tn")],
    "GET /rest/lease/tn/{name}/tn": hidden(name="tn"),
    "GET /rest/lease/tn/{name}/route": admins_only(name="tn"),
    "GET /rest/admin/inspect/{what}": Case(Then.FORBIDDEN, path={"what": "calls"}),
    "PATCH /rest/lease/tn/{name}": [
        hidden({"autorenew": False}, name="lease"),
        hidden({"autorenew": False}, name="tn"),
        hidden_in_body({"sip_connection": "{theirs.connection}"}, name="lease"),
        hidden_in_body({"sip_control_app": "{theirs.app}"}, name="lease"),
        hidden_in_body({"messaging_profile": "{theirs.messaging_profile}"}, name="lease"),
    ],
    "GET /rest/profile/tn": mine_only(),
    "POST /rest/profile/tn": mine_only({"name": "mine"}, shows=False),
    "GET /rest/profile/tn/special_prices": mine_only(),
    "GET /rest/profile/tn/{uuid}": hidden(uuid="tn_profile"),
    "PATCH /rest/profile/tn/{uuid}": hidden({"description": "x"}, uuid="tn_profile"),
    "DELETE /rest/profile/tn/{uuid}": hidden(uuid="tn_profile"),
    "POST /rest/profile/tn/{uuid}/blacklist": hidden({"add": ["12025550100"]}, uuid="tn_profile"),
    "POST /rest/profile/tn/{uuid}/whitelist": hidden({"add": ["12025550100"]}, uuid="tn_profile"),
    "POST /rest/transaction/search": mine_only({}),
    "GET /rest/transaction/{uuid}": hidden(uuid="transaction"),
    "GET /rest/transaction/report/invoice": mine_only(shows=False),
    "GET /rest/transaction/report/dashboard/{ref_type}": Case(
        Then.NOTHING_OF_THEIRS, path={"ref_type": "tnlease_nrc"}
    ),
    "GET /rest/dict/country": mine_only(shows=False),
    "GET /rest/dict/tz": mine_only(shows=False),
    "GET /rest/dict/gtts": mine_only(shows=False),
    "GET /rest/dict/lerg/states": mine_only(shows=False),
    "GET /rest/dict/lerg/ratecenters": mine_only(shows=False),
    "DELETE /rest/lease/tn/{name}": [hidden(name="lease"), hidden(name="tn")],
}
CASES["POST /rest/profile/outbound_voice"] = [
    mine_only({"name": "mine"}),
    hidden_in_body({"name": "mine", "tn_lease": "{theirs.lease}"}),
]
CASES["PATCH /rest/profile/outbound_voice/{uuid}"] = [
    hidden({"name": "x"}, uuid="voice_profile"),
    hidden_in_body({"tn_lease": "{theirs.lease}"}, uuid="voice_profile"),
]

_SIP_USER = {"login": "mallory", "password": "correct horse battery"}
_SWITCH = {"name": "mine", "remote_ip": "192.0.2.10"}
_INVITE = {"name": "mine", "expired_on": "2124-01-01T00:00:00Z"}
_FRIEND = {"users": ["{theirs.sip_friend}"]}
CASES |= {
    "GET /rest/sip/registration": mine_only(),
    "POST /rest/sip/registration/search": mine_only({}),
    "GET /rest/sip/domain": mine_only(),
    "POST /rest/sip/domain": [
        hidden_in_body({"domain": "mallory", "sip_connection": "{theirs.connection}"}),
        hidden_in_body({"domain": "mallory", "sip_control_app": "{theirs.app}"}),
        hidden_in_body({"domain": "mallory", **_PROFILE}),
    ],
    "GET /rest/sip/domain/{domain}": hidden(domain="sip_domain"),
    "PATCH /rest/sip/domain/{domain}": [
        hidden({}, domain="sip_domain"),
        hidden_in_body({"sip_connection": "{theirs.connection}"}, domain="sip_domain"),
        hidden_in_body({"sip_control_app": "{theirs.app}"}, domain="sip_domain"),
        hidden_in_body(_PROFILE, domain="sip_domain"),
    ],
    "DELETE /rest/sip/domain/{domain}": hidden(domain="empty_sip_domain"),
    "GET /rest/admin/ban": admins_only(),
    "POST /rest/admin/ban": admins_only({"source": "192.0.2.1"}),
    "DELETE /rest/admin/ban/{uuid}": admins_only(uuid="connection"),
    "GET /rest/admin/carrier": admins_only(),
    "POST /rest/admin/carrier": admins_only({"name": "mine"}),
    "GET /rest/admin/carrier/{uuid}": admins_only(uuid="connection"),
    "PATCH /rest/admin/carrier/{uuid}": admins_only({"name": "mine"}, uuid="connection"),
    "DELETE /rest/admin/carrier/{uuid}": admins_only(uuid="connection"),
    "GET /rest/sip/tech_prefix/{tn}/{domain}": admins_only(tn="tn", domain="sip_domain"),
    "GET /rest/sip/domain/{domain}/user": hidden(domain="sip_domain"),
    "POST /rest/sip/domain/{domain}/user": [
        hidden(_SIP_USER, domain="empty_sip_domain"),
        hidden_in_body(
            {**_SIP_USER, "login": "eve", "tn_lease": "{theirs.lease}"}, domain="empty_sip_domain"
        ),
    ],
    "GET /rest/sip/domain/{domain}/user/{uuid}": hidden(domain="sip_domain", uuid="sip_user"),
    "PATCH /rest/sip/domain/{domain}/user/{uuid}": [
        hidden({"first_name": "Mallory"}, domain="sip_domain", uuid="sip_user"),
        hidden_in_body({"tn_lease": "{theirs.lease}"}, domain="sip_domain", uuid="sip_user"),
    ],
    "DELETE /rest/sip/domain/{domain}/user/{uuid}": hidden(domain="sip_domain", uuid="sip_user"),
    "GET /rest/sip/domain/{domain}/switch": hidden(domain="sip_domain"),
    "POST /rest/sip/domain/{domain}/switch": hidden(_SWITCH, domain="sip_domain"),
    "GET /rest/sip/domain/{domain}/switch/{uuid}": hidden(domain="sip_domain", uuid="sip_switch"),
    "PATCH /rest/sip/domain/{domain}/switch/{uuid}": hidden(
        {"name": "x"}, domain="sip_domain", uuid="sip_switch"
    ),
    "DELETE /rest/sip/domain/{domain}/switch/{uuid}": hidden(
        domain="sip_domain", uuid="sip_switch"
    ),
    "GET /rest/sip/domain/{domain}/invite": hidden(domain="sip_domain"),
    "POST /rest/sip/domain/{domain}/invite": hidden(_INVITE, domain="sip_domain"),
    "PATCH /rest/sip/domain/{domain}/invite/{uuid}": hidden(
        {"name": "xyz"}, domain="sip_domain", uuid="sip_invite"
    ),
    "DELETE /rest/sip/domain/{domain}/invite/{uuid}": hidden(
        domain="sip_domain", uuid="sip_invite"
    ),
    "GET /rest/app": to_app(mine_only()),
    "PATCH /rest/app": to_app(mine_only({"first_name": "Mallory"})),
    "GET /rest/app/users": to_app(mine_only()),
    "GET /rest/app/group": to_app(mine_only()),
    "POST /rest/app/group": to_app(hidden_in_body({"name": "mine", **_FRIEND})),
    "PATCH /rest/app/group/{uuid}": [
        to_app(hidden({"name": "x"}, uuid="sip_group")),
        to_app(hidden_in_body(_FRIEND, uuid="sip_group")),
    ],
    "DELETE /rest/app/group/{uuid}": to_app(hidden(uuid="sip_group")),
    "GET /rest/app/group/{uuid}/users": to_app(hidden(uuid="sip_group")),
    "POST /rest/app/group/{uuid}/users": [
        to_app(hidden({"users": ["{mine.sip_friend}"]}, uuid="sip_group")),
        to_app(hidden_in_body(_FRIEND, uuid="sip_group")),
    ],
    "PATCH /rest/app/group/{uuid}/users/{sip_user_uuid}": to_app(
        hidden(uuid="sip_group", sip_user_uuid="sip_friend")
    ),
    "DELETE /rest/app/group/{uuid}/users/{sip_user_uuid}": to_app(
        hidden(uuid="sip_group", sip_user_uuid="sip_friend")
    ),
}
