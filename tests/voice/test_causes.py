import pytest

from opentact.voice import causes
from opentact.voice.causes import Blame, Cause, cause_of_status


def test_names_are_unique() -> None:
    assert len(causes.BY_NAME) == len(causes.ALL) > 20


@pytest.mark.parametrize("cause", causes.ALL, ids=lambda cause: cause.name)
def test_every_cause_can_refuse_a_call_and_say_why(cause: Cause) -> None:
    assert 400 <= cause.sip <= 699
    assert cause.reason_header.startswith(f"Q.850;cause={cause.q850};text=")
    assert cause.reason_header.count('"') == 2
    assert "\n" not in cause.reason_header


@pytest.mark.parametrize(
    ("status", "q850", "name", "blame"),
    [
        (486, 17, "USER_BUSY", Blame.CALLEE),
        (404, 1, "UNALLOCATED_NUMBER", Blame.UNKNOWN),
        (408, 102, "RECOVERY_ON_TIMER_EXPIRE", Blame.UNKNOWN),
        (487, 487, "ORIGINATOR_CANCEL", Blame.UNKNOWN),
        (488, 88, "INCOMPATIBLE_DESTINATION", Blame.UNKNOWN),
        (503, 41, "NORMAL_TEMPORARY_FAILURE", Blame.CARRIER),
        (604, 1, "UNALLOCATED_NUMBER", Blame.UNKNOWN),
        (499, 127, "INTERWORKING", Blame.UNKNOWN),
    ],
)
def test_a_sip_answer_means_what_rfc_3398_says(
    status: int, q850: int, name: str, blame: Blame
) -> None:
    cause = cause_of_status(status, "No")
    assert (cause.q850, cause.q850_name, cause.blame) == (q850, name, blame)
    assert cause.words == f"The far end answered {status} No"
