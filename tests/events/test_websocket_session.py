import json
import random
from uuid import UUID

import pytest

from opentact.events.log import Logged
from opentact.events.subscriptions import Wanted
from opentact.events.websocket_effects import Authenticate, Close, ReadLog, Refresh, Send, Welcome
from opentact.events.websocket_session import (
    AUTH_S,
    MOST_BEHIND,
    MOST_LIVE,
    MOST_MISTAKES,
    REFRESH_S,
    STALLED_S,
    State,
    WebsocketSession,
)
from opentact.kit.ids import new_id

USER, ACCOUNT = new_id(), new_id()


def event(position: int, type_: str = "balance") -> Logged:
    return Logged(new_id(), ACCOUNT, position, type_, None, json.dumps({"n": position}))


class Line:
    """A session, the log it reads, and the client it talks to."""

    def __init__(self, *, head: int = 0, position: int | None = None) -> None:
        self.log = [event(n) for n in range(1, head + 1)]
        self.head, self.position = head, head if position is None else position
        self.heard: list[int] = []
        self.texts: list[str] = []
        self.closed: Close | None = None
        self.reads: list[int] = []
        self.session = WebsocketSession(0)

    def store(self, *positions: int) -> list[Logged]:
        """Put events into the log; the bus tells of them when the test says so."""
        stored = [event(n) for n in positions]
        self.log += stored
        return stored

    def run(self, now: float = 0) -> None:
        """Do what the session wants done, until it wants nothing."""
        while (effect := self.session.next_effect(now)) is not None:
            match effect:
                case Send(text):
                    self.take(text)
                    self.session.sent()
                case Authenticate():
                    self.session.authenticated(self.welcome(), now)
                case ReadLog(after, take):
                    self.reads.append(after)
                    self.session.read([e for e in self.log if e.position > after][:take])
                case Refresh():
                    self.session.refreshed(Wanted(), None, now)
                case Close():
                    self.closed = effect

    def welcome(self, user: UUID = USER) -> Welcome:
        return Welcome(user, '{"type":"auth"}', self.position, self.head, Wanted())

    def take(self, text: str) -> None:
        self.texts.append(text)
        frame = json.loads(text)
        if "n" in frame:
            self.heard.append(frame["n"])


def live(*, head: int = 0, position: int | None = None) -> Line:
    line = Line(head=head, position=position)
    line.session.received('{"type":"auth","payload":"token"}')
    line.run()
    assert line.session.state is State.LIVE
    return line


def test_events_go_out_as_they_come_and_the_log_is_left_alone() -> None:
    line = live(head=3)
    for one in line.store(4, 5):
        line.session.published(one)
        line.run()
    assert (line.heard, line.reads) == ([4, 5], [])


def test_commits_told_out_of_order_are_put_in_order() -> None:
    line = live()
    for one in reversed(line.store(1, 2, 3)):
        line.session.published(one)
        line.run()
    assert line.heard == [1, 2, 3]


def test_an_event_told_twice_goes_out_once() -> None:
    line = live()
    for one in line.store(1, 2) * 2:
        line.session.published(one)
    line.run()
    assert line.heard == [1, 2]


def test_what_happens_during_the_replay_follows_it() -> None:
    line = Line(head=250, position=10)
    line.session.received('{"type":"auth","payload":"token"}')
    assert isinstance(line.session.next_effect(0), Authenticate)
    for one in line.store(251, 252):
        line.session.published(one)
    line.session.authenticated(line.welcome(), 0)
    line.run()
    assert line.heard == list(range(11, 253))


def test_a_burst_beyond_the_queue_is_read_from_the_log() -> None:
    line = live()
    for one in line.store(*range(1, MOST_LIVE + 51)):
        line.session.published(one)
    line.run()
    assert line.heard == list(range(1, MOST_LIVE + 51))
    assert line.reads == [MOST_LIVE]


def test_what_retention_removed_is_stepped_over() -> None:
    line = live()
    line.session.published(event(4))
    line.run()
    assert (line.heard, line.session.position) == ([4], 4)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_bus_does_nothing_is_missed_or_repeated(seed: int) -> None:
    dice = random.Random(seed)
    line = live(head=5, position=dice.randint(0, 5))
    began = line.position
    told = line.store(*range(6, 400))
    loose = [one for one in told for _ in range(dice.choice((0, 1, 1, 1, 2)))]
    loose.sort(key=lambda one: one.position + dice.uniform(0, 8))
    for one in [*loose, told[-1]]:
        line.session.published(one)
        if dice.random() < 0.5:
            line.run()
    line.run()
    assert line.heard == list(range(began + 1, 400))


def test_silence_is_ended_after_the_deadline() -> None:
    line = Line()
    assert line.session.wake_at == AUTH_S
    line.session.woken(AUTH_S - 0.1)
    line.run()
    assert line.closed is None
    line.session.woken(AUTH_S)
    line.run()
    assert line.closed is not None
    assert line.closed.code == 4401
    assert json.loads(line.texts[0])["success"] is False


def test_the_deadline_holds_while_we_ask_who_it_is() -> None:
    line = Line()
    line.session.received('{"type":"auth","payload":"token"}')
    assert isinstance(line.session.next_effect(0), Authenticate)
    line.session.woken(AUTH_S)
    line.session.authenticated(line.welcome(), AUTH_S)
    line.run()
    assert line.closed is not None
    assert line.closed.code == 4401


def test_a_frame_that_is_not_taken_cuts_the_reader() -> None:
    line = live()
    line.session.published(event(1))
    assert isinstance(line.session.next_effect(100), Send)
    assert not line.session.is_cut
    line.session.woken(100 + STALLED_S - 0.1)
    assert not line.session.is_cut
    line.session.woken(100 + STALLED_S)
    assert line.session.is_cut
    line.run()
    assert line.closed is not None
    assert line.closed.code == 4408


def test_a_slow_reader_holds_a_bounded_number_of_frames() -> None:
    line = live()
    for position in range(1, 5000):
        line.session.published(event(position))
    assert len(line.session._live) == MOST_LIVE


def test_a_reader_that_falls_far_behind_is_cut() -> None:
    line = live()
    line.session.published(event(MOST_BEHIND + 2))
    line.run()
    assert line.closed is not None
    assert line.closed.code == 4408


def test_a_long_replay_is_no_falling_behind() -> None:
    line = live(head=MOST_BEHIND + 100, position=0)
    assert len(line.heard) == MOST_BEHIND + 100
    assert line.closed is None


def test_what_is_wanted_is_looked_up_anew_from_time_to_time() -> None:
    line = live()
    assert line.session.wake_at == REFRESH_S
    line.session.woken(REFRESH_S)
    assert line.session.next_effect(REFRESH_S) == Refresh("token")
    line.session.refreshed(Wanted(everything=False, types=(("sms", None),)), 3, REFRESH_S)
    assert line.session.wake_at == REFRESH_S + 3
    for one in (event(1, "balance"), event(2, "sms")):
        line.session.published(one)
    line.run()
    assert line.heard == [2]


def test_a_change_that_is_told_while_we_ask_is_not_missed() -> None:
    line = Line()
    line.session.received('{"type":"auth","payload":"token"}')
    assert isinstance(line.session.next_effect(0), Authenticate)
    line.session.changed()
    line.session.authenticated(line.welcome(), 0)
    assert Refresh("token") in (line.session.next_effect(0), line.session.next_effect(0))


def test_a_client_may_log_in_again_with_a_fresh_token() -> None:
    line = live()
    line.session.received('{"type":"auth","payload":"fresh"}')
    line.run()
    assert (line.closed, line.texts) == (None, ['{"type":"auth"}'] * 2)
    line.session.changed()
    assert line.session.next_effect(0) == Refresh("fresh")


def test_a_client_may_not_become_somebody_else() -> None:
    line = live()
    line.session.received('{"type":"auth","payload":"other"}')
    assert isinstance(line.session.next_effect(0), Authenticate)
    line.session.authenticated(line.welcome(new_id()), 0)
    line.run()
    assert line.closed is not None
    assert line.closed.code == 4401


def test_endless_nonsense_ends_the_connection() -> None:
    line = live()
    for _ in range(MOST_MISTAKES):
        line.session.received("?")
        line.run()
    assert line.closed is not None
    assert line.closed.code == 4400


def test_who_asks_and_does_not_read_the_answers_is_cut() -> None:
    line = live()
    for _ in range(100):
        line.session.received('{"type":"ping"}')
    line.run()
    assert line.closed is not None
    assert line.closed.code == 4408


def test_nothing_follows_a_close() -> None:
    line = live()
    line.session.refused("gone")
    line.session.published(event(1))
    line.session.received("more")
    line.session.read([event(1)])
    line.session.refreshed(Wanted(), None, 0)
    line.session.changed()
    line.run()
    assert (line.heard, line.session.next_effect(0), line.session.wake_at) == ([], None, None)


@pytest.mark.parametrize("after", ["x", 5, ["a"], {"uuid": 1}])
def test_a_cursor_that_is_none_is_refused(after: object) -> None:
    line = Line()
    line.session.received(json.dumps({"type": "auth", "payload": "t", "after": after}))
    line.run()
    assert line.closed is not None
    assert line.closed.code == 4401
