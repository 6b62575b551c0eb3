"""What only a websocket says: the auth frame, and events as readers of 2022 know them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from opentact.accounts.accounts import Account
from opentact.accounts.users import User
from opentact.events.log import Place
from opentact.kit.clock import stamp

from .accounts import account_out, user_out


def auth_frame(
    uuid: UUID,
    at: datetime,
    user: User,
    account: Account,
    *,
    connection: UUID,
    ip: str,
    start: Place,
) -> dict[str, Any]:
    """Write the success frame (spec/08, step 3), and beside it where the events begin.

    `after` is the last event that is not sent, the cursor of a client that hears nothing more;
    `gap` tells that events it asked for are no longer kept (spec/11 D-37).
    """
    moment = stamp(at)
    shown = account_out(account)
    return {
        "uuid": str(uuid),
        "created_on": moment,
        "modified_on": moment,
        "timestamp": moment,
        "type": "auth",
        "success": True,
        "message": f"WSS connection {connection}@{ip} - success auth {user.email}",
        "payload": {
            "uuid": str(connection),
            "ip": ip,
            "user": user_out(user, online=True),
            "account": shown,
        },
        "account": shown,
        "after": str(start.uuid) if start.uuid else None,
        "gap": start.gap,
    }


_OF_2024 = ("created_on", "modified_on", "call", "ref_id", "account", "delivery_report")


def as_2022(text: str) -> str:
    """Spell a frame as it was in 2022: the entity in the payload (spec/11 E4).

    `uuid` stays, as the cursor of whoever reads it.
    """
    frame: dict[str, Any] = orjson.loads(text)
    if frame["type"] == "call_state":
        frame["payload"] = {**frame.get("call", {}), **frame["payload"]}
    for member in _OF_2024:
        frame.pop(member, None)
    return orjson.dumps(frame).decode()
