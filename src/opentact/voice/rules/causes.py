"""Why a rule refuses a call: the rules' part of the one cause table (voice/causes.py).

Limits of a plan answer 403; what passes by itself when one waits answers 503 or 480, so that a
far end may try again (RFC 3261 21.5.4); what money decides answers 402.
"""

from opentact.voice.causes import Blame, Cause


def _refused(name: str, sip: int, words: str, *, q850: int = 21) -> Cause:
    names = {21: "CALL_REJECTED", 34: "NORMAL_CIRCUIT_CONGESTION", 42: "SWITCH_CONGESTION"}
    return Cause(name, q850, names[q850], sip, words, Blame.CUSTOMER)


CHANNELS_FULL = _refused(
    "channels_full",
    503,
    "All channels are in use: wait for a call to end, or raise channel_limit",
    q850=34,
)
RATE_TOO_HIGH = _refused(
    "rate_too_high", 403, "A minute of this call costs more than max_rate allows"
)
DAILY_SPEND = _refused(
    "daily_spend_reached",
    402,
    "The day's spending limit is reached: it starts anew at midnight, or raise it",
)
COUNTRY_CLOSED = _refused(
    "country_closed", 403, "Calls to this country are closed: open it in the profile's countries"
)
HIGH_RISK_CLOSED = _refused(
    "high_risk_closed",
    403,
    "Calls to this high-risk range are closed: open it in the profile's open_prefixes",
)
CALLER_ID_NOT_OWN = _refused(
    "caller_id_not_own",
    403,
    "The caller id is no number of the account: show one that is leased or verified",
)
CALLS_TOO_FAST = _refused(
    "calls_too_fast",
    503,
    "More calls a second come than calls_per_second lets through, and too many wait already",
    q850=42,
)
USER_TOO_FAST = _refused(
    "user_too_fast", 403, "One caller places more calls a minute than user_calls_per_minute allows"
)
NO_RATE = _refused("no_rate", 403, "The rate deck has no price for this number")
ALL = tuple(value for value in list(globals().values()) if isinstance(value, Cause))
