import re

from hypothesis import given
from hypothesis import strategies as st

from opentact.kit.ids import new_id
from opentact.voice import causes
from opentact.voice.rules import causes as rule_causes
from opentact.voice.rules.refusals import RuleObject, RuleRefused

MAIN = RuleObject("outbound_voice_profile", new_id(), "Main")
FULL = RuleRefused(rule_causes.CHANNELS_FULL, "channel_limit", MAIN, "10", "10")
HEADER = re.compile(r'Q\.850;cause=\d+;text="[^"\\\r\n]*"(;[a-z-]+=(\w[\w-]*|"[^"\\\r\n]*"))+')


def test_a_refusal_says_all_of_it_in_the_reason_header() -> None:
    assert HEADER.fullmatch(FULL.reason_header)
    for part in ("rule=channel_limit", f"object-uuid={MAIN.uuid}", 'limit="10"', 'present="10"'):
        assert part in FULL.reason_header


def test_the_record_says_the_same() -> None:
    told = FULL.as_dict()
    assert (told["rule"], told["object"], told["object_uuid"]) == (
        "channel_limit",
        "outbound_voice_profile",
        str(MAIN.uuid),
    )
    assert (told["limit"], told["present"], told["cause"]) == ("10", "10", "channels_full")


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_a_customer_calls_things_the_header_is_one_header(name: str, value: str) -> None:
    of = RuleObject("account", new_id(), name)
    header = RuleRefused(causes.EMERGENCY, "emergency", of, value, value).reason_header
    assert HEADER.fullmatch(header)
    assert header.isascii()
    assert len(header) < 1_000


def test_rules_and_all_else_share_one_table_of_causes() -> None:
    names = [cause.name for cause in (*causes.ALL, *rule_causes.ALL)]
    assert len(names) == len(set(names))
