"""Messaging profiles as the wire spells them (spec/04)."""

from typing import Any

from opentact.messaging.profiles import MessagingProfile

from .sip import Around, OwnedOut, owned_out


class MessagingProfileOut(OwnedOut):
    """A messaging profile. `operators` lists surcharges per mobile operator; none yet."""

    callback_url: str | None
    callback_url2: str | None
    number_pool_enable: bool
    long_code_weight: int
    tollfree_weight: int
    skip_unhealthy_tns: bool
    sticky_sender: bool
    operators: list[Any]


def messaging_profile_out(profile: MessagingProfile, around: Around) -> MessagingProfileOut:
    """Write a messaging profile."""
    return {
        **owned_out(profile, profile.name, around),
        "callback_url": profile.callback_url,
        "callback_url2": profile.callback_url2,
        "number_pool_enable": profile.number_pool_enable,
        "long_code_weight": profile.long_code_weight,
        "tollfree_weight": profile.tollfree_weight,
        "skip_unhealthy_tns": profile.skip_unhealthy_tns,
        "sticky_sender": profile.sticky_sender,
        "operators": [],
    }
