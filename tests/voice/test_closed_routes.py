from uuid import UUID

import pytest

from opentact.kit.ids import new_id
from opentact.voice import causes
from opentact.voice.closed_routes import Origin, refusal_of
from opentact.voice.facts import DomainFacts, ProfileFacts, UserFacts
from opentact.voice.outbound_profiles import OutboundVoiceProfile
from support.phone import ACCOUNT, account
from support.world import NOON

PROFILE = OutboundVoiceProfile(
    name="out", tech_prefix=1, account_uuid=ACCOUNT, created_on=NOON, modified_on=NOON
)
PROFILE.uuid = new_id()
HOME = DomainFacts(new_id(), "acme.sip.localhost", account())
ALICE = UserFacts(new_id(), "alice", HOME.uuid)
OFFICE = Origin("+442071838750", ALICE, HOME, profile=ProfileFacts(PROFILE, None))
PBX = UUID(int=7)


@pytest.mark.parametrize(
    ("cause", "rule", "kind", "uuid", "limit", "present"),
    [
        (
            causes.SAME_DOMAIN_ONLY,
            "same_domain_calls_only",
            "sip_user",
            ALICE.uuid,
            "users of acme.sip.localhost",
            "+442071838750",
        ),
        (
            causes.PROFILE_INACTIVE,
            "is_active",
            "outbound_voice_profile",
            PROFILE.uuid,
            "true",
            "false",
        ),
        (
            causes.NO_CALLER_ID,
            "caller_id",
            "outbound_voice_profile",
            PROFILE.uuid,
            "a number of the account",
            "none",
        ),
        (
            causes.NO_PROFILE,
            "outbound_voice_profile",
            "sip_domain",
            HOME.uuid,
            "one that is linked",
            "none",
        ),
    ],
)
def test_what_closes_a_route_is_told_as_a_rule(
    cause: causes.Cause, rule: str, kind: str, uuid: UUID, limit: str, present: str
) -> None:
    refused = refusal_of(cause, OFFICE)
    assert refused is not None
    assert (refused.cause, refused.rule, refused.limit, refused.present) == (
        cause,
        rule,
        limit,
        present,
    )
    assert (refused.object, refused.object_uuid) == (kind, uuid)


def test_a_trunk_without_a_profile_is_named() -> None:
    refused = refusal_of(causes.NO_PROFILE, Origin("+442071838750", trunk=(PBX, "pbx")))
    assert refused is not None
    assert (refused.object, refused.object_uuid, refused.of.name) == ("sip_connection", PBX, "pbx")


def test_what_nobody_has_set_is_no_rule() -> None:
    assert refusal_of(causes.UNKNOWN_USER, OFFICE) is None
