"""Why a call ended. One table, from which events, call records, metrics and SIP answers all read.

Q.850 numbers and names are FreeSWITCH's spelling of ITU-T Q.850 (spec/07); SIP statuses map by
RFC 3398 section 8.2.6.1. Each entry says who is to blame, so that a person need not guess.
"""

from dataclasses import dataclass
from enum import StrEnum


class Blame(StrEnum):
    """Whose doing an end was."""

    NOBODY = "nobody"
    CALLER = "caller"
    CALLEE = "callee"
    CUSTOMER = "customer"
    CARRIER = "carrier"
    US = "us"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cause:
    """One way for a call to end.

    `name` is stable, for programs; `words` are for people. `sip` is the final answer to a call
    that ends with this cause before it was answered.
    """

    name: str
    q850: int
    q850_name: str
    sip: int
    words: str
    blame: Blame

    @property
    def reason_header(self) -> str:
        """The Reason header of RFC 3326."""
        text = self.words.replace('"', "'")
        return f'Q.850;cause={self.q850};text="{text}"'


def _cause(name: str, q850: int, q850_name: str, sip: int, blame: Blame, words: str) -> Cause:
    return Cause(name, q850, q850_name, sip, words, blame)


CALLER_HUNG_UP = _cause(
    "caller_hung_up", 16, "NORMAL_CLEARING", 487, Blame.NOBODY, "The caller hung up"
)
FLOW_ENDED = _cause(
    "flow_ended", 16, "NORMAL_CLEARING", 480, Blame.NOBODY, "The call flow came to its end"
)
FLOW_HUNG_UP = _cause(
    "flow_hung_up", 16, "NORMAL_CLEARING", 480, Blame.NOBODY, "The call flow hung up"
)
FLOW_REJECTED = _cause(
    "flow_rejected", 21, "CALL_REJECTED", 603, Blame.NOBODY, "The call flow turned the call down"
)
FLOW_BUSY = _cause(
    "flow_busy", 17, "USER_BUSY", 486, Blame.NOBODY, "The call flow turned the call down as busy"
)
API_HUNG_UP = _cause(
    "api_hung_up", 16, "NORMAL_CLEARING", 480, Blame.NOBODY, "The call was ended through the API"
)
CALLER_CANCELLED = _cause(
    "caller_cancelled",
    487,
    "ORIGINATOR_CANCEL",
    487,
    Blame.CALLER,
    "The caller gave up before the call was answered",
)
NOT_LEASED = _cause(
    "not_leased", 1, "UNALLOCATED_NUMBER", 404, Blame.CALLER, "The number is not leased"
)
NO_DESTINATION = _cause(
    "no_destination",
    1,
    "UNALLOCATED_NUMBER",
    404,
    Blame.CUSTOMER,
    "The number points at nothing: assign a SIP control app or connection to its lease",
)
VOICE_OFF = _cause(
    "voice_off",
    63,
    "SERVICE_UNAVAILABLE",
    480,
    Blame.CUSTOMER,
    "Voice is switched off for the number: switch it on in its lease",
)
LEASE_EXPIRED = _cause(
    "lease_expired",
    1,
    "UNALLOCATED_NUMBER",
    404,
    Blame.CUSTOMER,
    "The lease of the number has expired: renew it",
)
APP_INACTIVE = _cause(
    "app_inactive",
    31,
    "NORMAL_UNSPECIFIED",
    480,
    Blame.CUSTOMER,
    "The SIP control app of the number is not active: set is_active",
)
ACCOUNT_DISABLED = _cause(
    "account_disabled",
    21,
    "CALL_REJECTED",
    403,
    Blame.CUSTOMER,
    "The account is disabled",
)
BALANCE_EMPTY = _cause(
    "balance_empty",
    21,
    "CALL_REJECTED",
    402,
    Blame.CUSTOMER,
    "The balance does not pay for one minute of this call: add credit",
)
SCREENED = _cause(
    "screened", 21, "CALL_REJECTED", 603, Blame.CUSTOMER, "The caller is screened out"
)
CALLEE_HUNG_UP = _cause(
    "callee_hung_up", 16, "NORMAL_CLEARING", 480, Blame.NOBODY, "The callee hung up"
)
BUSY = _cause("busy", 17, "USER_BUSY", 486, Blame.CALLEE, "The callee is busy")
DECLINED = _cause("declined", 21, "CALL_REJECTED", 603, Blame.CALLEE, "The callee declined")
NO_ANSWER = _cause(
    "no_answer", 19, "NO_ANSWER", 480, Blame.CALLEE, "The callee did not answer in time"
)
UNAVAILABLE = _cause(
    "unavailable", 18, "NO_USER_RESPONSE", 480, Blame.CALLEE, "The callee is not available"
)
CALLEE_OFFLINE = _cause(
    "callee_offline",
    20,
    "SUBSCRIBER_ABSENT",
    480,
    Blame.CALLEE,
    "The SIP user who is called is registered nowhere",
)
NO_REPLY = _cause(
    "no_reply",
    102,
    "RECOVERY_ON_TIMER_EXPIRE",
    408,
    Blame.CARRIER,
    "The far end never answered our INVITE, not even provisionally",
)
UNKNOWN_USER = _cause(
    "unknown_user",
    1,
    "UNALLOCATED_NUMBER",
    404,
    Blame.CALLER,
    "The SIP domain has no such user, and leads nowhere else",
)
USER_INACTIVE = _cause(
    "user_inactive",
    21,
    "CALL_REJECTED",
    403,
    Blame.CUSTOMER,
    "The SIP user is not active: set is_active",
)
SAME_DOMAIN_ONLY = _cause(
    "same_domain_only",
    21,
    "CALL_REJECTED",
    403,
    Blame.CUSTOMER,
    "The SIP user may call its own domain only: clear same_domain_calls_only",
)
FOREIGN = _cause(
    "foreign_domain",
    21,
    "CALL_REJECTED",
    403,
    Blame.CALLER,
    "SIP users may call their own domain and telephone numbers, not other domains",
)
NO_PROFILE = _cause(
    "no_outbound_profile",
    21,
    "CALL_REJECTED",
    403,
    Blame.CUSTOMER,
    "No outbound voice profile is linked, so numbers cannot be called: link one",
)
PROFILE_INACTIVE = _cause(
    "outbound_profile_inactive",
    21,
    "CALL_REJECTED",
    403,
    Blame.CUSTOMER,
    "The outbound voice profile is not active: set is_active",
)
NO_CALLER_ID = _cause(
    "no_caller_id",
    21,
    "CALL_REJECTED",
    403,
    Blame.CUSTOMER,
    "There is no number to be shown as caller: set tn_lease of the user or the profile",
)
EMERGENCY = _cause(
    "emergency_not_served",
    21,
    "CALL_REJECTED",
    403,
    Blame.US,
    "Emergency calls are not served here: use another telephone",
)
FOREIGN_USER = _cause(
    "foreign_user",
    21,
    "CALL_REJECTED",
    403,
    Blame.CUSTOMER,
    "The SIP domain belongs to another account: its users are called by their numbers",
)
ADDRESS_REFUSED = _cause(
    "address_refused",
    21,
    "CALL_REJECTED",
    403,
    Blame.CUSTOMER,
    "The SIP address may not be called from here, or leads nowhere",
)
ANSWERED_ELSEWHERE = _cause(
    "answered_elsewhere", 16, "NORMAL_CLEARING", 487, Blame.NOBODY, "Somebody else answered first"
)
DIAL_STOPPED = _cause(
    "dial_stopped",
    16,
    "NORMAL_CLEARING",
    487,
    Blame.NOBODY,
    "Another call flow was posted, or another call was dialled",
)
CONNECTION_INACTIVE = _cause(
    "connection_inactive",
    31,
    "NORMAL_UNSPECIFIED",
    480,
    Blame.CUSTOMER,
    "The SIP connection that the call leads to is not active: set is_active",
)
NO_ROUTE = _cause(
    "no_route",
    3,
    "NO_ROUTE_DESTINATION",
    503,
    Blame.US,
    "No trunk is there that carries the call to this number",
)
LOOP = _cause(
    "loop", 25, "EXCHANGE_ROUTING_ERROR", 482, Blame.CUSTOMER, "The call came back to where it was"
)
TOO_MANY_HOPS = _cause(
    "too_many_hops",
    25,
    "EXCHANGE_ROUTING_ERROR",
    483,
    Blame.CALLER,
    "The call has passed as many servers as it may (Max-Forwards)",
)
MEDIA_REFUSED = _cause(
    "media_refused",
    88,
    "INCOMPATIBLE_DESTINATION",
    488,
    Blame.CALLEE,
    "The callee answered with no codec that we have (PCMU, PCMA)",
)
PEER_GONE = _cause(
    "peer_gone",
    102,
    "RECOVERY_ON_TIMER_EXPIRE",
    408,
    Blame.UNKNOWN,
    "The far end is no longer there: it answers no request within the call",
)
NO_COMMON_CODEC = _cause(
    "no_common_codec",
    88,
    "INCOMPATIBLE_DESTINATION",
    488,
    Blame.CALLER,
    "The caller offers no codec that we have (PCMU, PCMA)",
)
BAD_SDP = _cause(
    "bad_sdp",
    111,
    "PROTOCOL_ERROR",
    400,
    Blame.CALLER,
    "The caller's session description cannot be read",
)
NO_ACK = _cause(
    "no_ack",
    102,
    "RECOVERY_ON_TIMER_EXPIRE",
    408,
    Blame.CALLER,
    "Our answer was never acknowledged: no ACK arrived for 32 s",
)
NO_RTP = _cause(
    "no_rtp",
    102,
    "MEDIA_TIMEOUT",
    408,
    Blame.CALLER,
    "No audio arrived from the caller for too long",
)
PARK_TIMED_OUT = _cause(
    "park_timed_out",
    102,
    "RECOVERY_ON_TIMER_EXPIRE",
    480,
    Blame.CUSTOMER,
    "call timed out: no call flow was set and none was posted in time",
)
NOT_ANSWERED = _cause(
    "not_answered",
    19,
    "NO_ANSWER",
    480,
    Blame.CUSTOMER,
    "The call flow did not answer in three minutes: put Answer in it, or set auto_answer",
)
FLOW_FAILED = _cause(
    "flow_failed",
    41,
    "NORMAL_TEMPORARY_FAILURE",
    503,
    Blame.CUSTOMER,
    "No call flow could be had: its URL failed and there is no static one",
)
FLOW_ERROR = _cause(
    "flow_error", 41, "NORMAL_TEMPORARY_FAILURE", 503, Blame.CUSTOMER, "The call flow failed"
)
MAX_LENGTH = _cause(
    "max_length",
    102,
    "RECOVERY_ON_TIMER_EXPIRE",
    408,
    Blame.CUSTOMER,
    "The app's max_call_length_min was reached",
)
CREDIT_USED_UP = _cause(
    "credit_used_up", 21, "CALL_REJECTED", 402, Blame.CUSTOMER, "The credit was used up"
)
MEDIA_GONE = _cause(
    "media_gone", 41, "NORMAL_TEMPORARY_FAILURE", 503, Blame.US, "The media process died"
)
NO_MEDIA = _cause(
    "no_media", 47, "RESOURCE_UNAVAILABLE", 503, Blame.US, "No media port or process was free"
)
SERVER_STOPPED = _cause(
    "server_stopped", 41, "NORMAL_TEMPORARY_FAILURE", 503, Blame.US, "The server was stopped"
)
SERVER_CRASHED = _cause(
    "server_crashed",
    41,
    "NORMAL_TEMPORARY_FAILURE",
    503,
    Blame.US,
    "The server was cut off during the call; this record was closed at its next start",
)
DATABASE_AWAY = _cause(
    "database_away", 41, "NORMAL_TEMPORARY_FAILURE", 503, Blame.US, "The database did not answer"
)
OVERLOADED = _cause(
    "overloaded",
    42,
    "SWITCH_CONGESTION",
    503,
    Blame.US,
    "More calls came at once than we can serve",
)
INTERNAL = _cause(
    "internal_error", 41, "NORMAL_TEMPORARY_FAILURE", 500, Blame.US, "We failed; see the log"
)

ALL = tuple(value for value in list(globals().values()) if isinstance(value, Cause))
BY_NAME = {cause.name: cause for cause in ALL}

# RFC 3398 section 8.2.6.1: what a final SIP answer means in Q.850.
_Q850_OF_SIP = {
    400: (41, "NORMAL_TEMPORARY_FAILURE"),
    401: (21, "CALL_REJECTED"),
    402: (21, "CALL_REJECTED"),
    403: (21, "CALL_REJECTED"),
    404: (1, "UNALLOCATED_NUMBER"),
    405: (63, "SERVICE_UNAVAILABLE"),
    406: (79, "SERVICE_NOT_IMPLEMENTED"),
    407: (21, "CALL_REJECTED"),
    408: (102, "RECOVERY_ON_TIMER_EXPIRE"),
    410: (22, "NUMBER_CHANGED"),
    413: (127, "INTERWORKING"),
    414: (127, "INTERWORKING"),
    415: (79, "SERVICE_NOT_IMPLEMENTED"),
    416: (127, "INTERWORKING"),
    420: (127, "INTERWORKING"),
    480: (18, "NO_USER_RESPONSE"),
    481: (41, "NORMAL_TEMPORARY_FAILURE"),
    482: (25, "EXCHANGE_ROUTING_ERROR"),
    483: (25, "EXCHANGE_ROUTING_ERROR"),
    484: (28, "INVALID_NUMBER_FORMAT"),
    485: (1, "UNALLOCATED_NUMBER"),
    486: (17, "USER_BUSY"),
    487: (487, "ORIGINATOR_CANCEL"),
    488: (88, "INCOMPATIBLE_DESTINATION"),
    500: (41, "NORMAL_TEMPORARY_FAILURE"),
    501: (79, "SERVICE_NOT_IMPLEMENTED"),
    502: (38, "NETWORK_OUT_OF_ORDER"),
    503: (41, "NORMAL_TEMPORARY_FAILURE"),
    504: (102, "RECOVERY_ON_TIMER_EXPIRE"),
    600: (17, "USER_BUSY"),
    603: (21, "CALL_REJECTED"),
    604: (1, "UNALLOCATED_NUMBER"),
}
_NAMED = {
    480: UNAVAILABLE,
    486: BUSY,
    600: BUSY,
    603: DECLINED,
}
_CALLEE = {480, 486, 600, 603}
_CARRIER = {500, 502, 503, 504}


def cause_of_status(status: int, phrase: str = "") -> Cause:
    """Give the cause of a final SIP answer from the far end, however strange it is."""
    q850, name = _Q850_OF_SIP.get(status, (127, "INTERWORKING"))
    blame = Blame.UNKNOWN
    if status in _CALLEE:
        blame = Blame.CALLEE
    elif status in _CARRIER:
        blame = Blame.CARRIER
    words = f"The far end answered {status} {phrase}".strip()
    known = _NAMED.get(status)
    return Cause(known.name if known else f"sip_{status}", q850, name, status, words, blame)
