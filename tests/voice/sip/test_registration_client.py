"""A registration of ours: kept up, granted less, refused, challenged, taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.effects import Reply
from opentact.voice.sip.registration_client import (
    LONGEST_PAUSE_S,
    Moved,
    Register,
    RegistrationClient,
    RegistrationState,
)

CONTACT = "sip:me@192.0.2.1:5060"
IDLE, REGISTERED, FAILED = (
    RegistrationState.IDLE,
    RegistrationState.REGISTERED,
    RegistrationState.FAILED,
)


def asking(expires: int = 3600) -> RegistrationClient:
    client = RegistrationClient(CONTACT, expires)
    assert client.due(0.0) == Register(expires, 2)
    return client


def ok(**headers: str) -> Reply:
    return Reply(200, "OK", {name.replace("_", "-"): [value] for name, value in headers.items()})


def test_it_asks_at_once_and_then_waits_for_the_answer() -> None:
    client = asking()
    assert client.state is RegistrationState.REGISTERING
    assert client.due(1e9) is None


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (ok(contact=f"<{CONTACT}>;expires=600", expires="900"), 600),
        (ok(contact=f"<sip:other@h>;expires=60, <{CONTACT}>;expires=600"), 600),
        (ok(contact=f"<{CONTACT};transport=udp>;expires=600"), 600),
        (ok(contact="<sip:me@203.0.113.9:1024>;expires=700"), 700),  # as a NAT shows us
        (ok(contact=f"<{CONTACT}>", expires="900"), 900),
        (ok(contact="<sip:a@h>;expires=1, <sip:b@h>;expires=2", expires="900"), 900),
        (ok(contact='"broken, <', expires="900 (a comment)"), 900),
        (ok(expires="never"), 3600),
        (ok(), 3600),
        (ok(expires="1"), 20),
    ],
)
def test_it_holds_for_what_the_registrar_granted(reply: Reply, seconds: int) -> None:
    client = asking()
    moved = client.replied(reply, 10.0, 0.0)
    assert moved == Moved(IDLE, REGISTERED, f"for {seconds} s")
    assert client.until == 10.0 + seconds
    assert client.wake_at == pytest.approx(10.0 + 0.8 * seconds)


def test_a_refresh_is_spread_by_chance_and_its_number_goes_up() -> None:
    client = asking()
    client.replied(ok(), 0.0, 1.0)
    assert client.due(3239.0) is None
    assert client.due(3241.0) == Register(3600, 4)
    assert client.state is REGISTERED
    assert client.replied(ok(), 3241.0, 0.0) is None  # nothing new to tell


def test_a_registrar_that_wants_longer_gets_longer_at_once() -> None:
    client = asking(60)
    assert client.replied(Reply(423, "Interval Too Brief", {"min-expires": ["300"]}), 1, 0) is None
    assert client.due(1.0) == Register(300, 4)


@pytest.mark.parametrize("wanted", ["60", "59", "99999999", "soon", ""])
def test_one_that_wants_nonsense_is_asked_again_later(wanted: str) -> None:
    client = asking(60)
    moved = client.replied(Reply(423, "Interval Too Brief", {"min-expires": [wanted]}), 0, 1.0)
    assert moved == Moved(IDLE, FAILED, "423 Interval Too Brief")
    assert client.wake_at == 30.0


def test_refusals_are_asked_again_ever_more_slowly() -> None:
    client, now, pauses = asking(), 0.0, []
    for _ in range(9):
        client.replied(Reply(500, "Server Error"), now, 1.0)
        assert client.wake_at is not None
        pauses.append(client.wake_at - now)
        now = client.wake_at
        assert client.due(now) is not None
    assert pauses == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]


def test_chance_halves_a_pause_at_most() -> None:
    client = asking()
    client.replied(Reply(408, "Request Timeout"), 0.0, 0.0)
    assert client.wake_at == 15.0


def test_a_registrar_may_ask_for_more_time_but_not_for_ever() -> None:
    for asked, pause in (("120;duration=9", 120.0), ("999999", LONGEST_PAUSE_S), ("5", 30.0)):
        client = asking()
        client.replied(Reply(503, "Busy", {"retry-after": [asked]}), 0.0, 1.0)
        assert client.wake_at == pause


@pytest.mark.parametrize("status", [401, 407])
def test_a_wrong_password_is_said_so(status: int) -> None:
    client = asking()
    moved = client.replied(Reply(status, "Unauthorized"), 0.0, 0.0)
    assert moved is not None
    assert moved.reason.endswith("does not take the username and password")


def test_while_the_last_grant_holds_a_failed_refresh_is_no_loss() -> None:
    client = asking(100)
    client.replied(ok(expires="100"), 0.0, 0.0)
    assert client.due(80.0)
    assert client.replied(Reply(503, "Busy"), 80.0, 1.0) is None
    assert (client.state, client.wake_at) == (REGISTERED, 100.0)
    assert client.reason == "refreshing failed: 503 Busy"
    assert client.due(100.0)
    assert client.replied(Reply(503, "Busy"), 100.0, 1.0) == Moved(REGISTERED, FAILED, "503 Busy")
    client.due(1e6)
    assert client.replied(ok(), 1e6, 0.0) == Moved(FAILED, REGISTERED, "for 100 s")


def test_the_end_takes_back_what_was_granted_and_nothing_else() -> None:
    client = asking()
    client.replied(ok(), 0.0, 0.0)
    assert client.end() == Register(0, 4)
    assert client.end() is None
    assert client.replied(ok(), 1.0, 0.0) is None
    assert (client.state, client.due(1e9)) == (RegistrationState.ENDED, None)
    assert asking().end() is None


REPLIES = st.builds(
    Reply,
    st.sampled_from([200, 302, 401, 403, 408, 423, 503]),
    st.just("x"),
    st.dictionaries(
        st.sampled_from(["expires", "min-expires", "retry-after", "contact"]),
        st.lists(st.text(max_size=20), min_size=1, max_size=2),
    ),
)


@given(st.lists(st.tuples(REPLIES, st.floats(0, 1, exclude_max=True))))
def test_whatever_is_answered_it_goes_on_and_never_faster_than_it_may(
    answers: list[tuple[Reply, float]],
) -> None:
    client, now = RegistrationClient(CONTACT, 60), 0.0
    at_once = 0
    for reply, chance in answers:
        assert client.due(now) is not None
        client.replied(reply, now, chance)
        assert client.wake_at is not None
        at_once = at_once + 1 if client.wake_at == now else 0
        assert at_once <= 40  # each time a longer one was wanted, up to a day
        now = client.wake_at
