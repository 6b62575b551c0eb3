import pytest
import structlog

from opentact.adapters.bus.in_process import InProcessBus
from opentact.events.log import Logged
from opentact.kit.ids import new_id

ALICE, BOB = new_id(), new_id()


def event(account: object = ALICE, position: int = 1) -> Logged:
    assert account in {ALICE, BOB}
    return Logged(new_id(), ALICE if account == ALICE else BOB, position, "balance", None, "{}")


class Ear:
    def __init__(self) -> None:
        self.heard: list[Logged] = []
        self.changes = 0

    def published(self, event: Logged) -> None:
        self.heard.append(event)

    def changed(self) -> None:
        self.changes += 1


class Broken(Ear):
    def published(self, event: Logged) -> None:
        raise RuntimeError(f"broken by {event.position}")


def test_every_listener_of_the_account_hears_and_nobody_else() -> None:
    bus, first, second, other = InProcessBus(), Ear(), Ear(), Ear()
    for account, ear in ((ALICE, first), (ALICE, second), (BOB, other)):
        bus.subscribe(account, ear)
    told = [event(position=1), event(position=2)]
    bus.publish(told)
    bus.announce(ALICE)
    assert first.heard == second.heard == told
    assert (first.changes, second.changes, other.changes, other.heard) == (1, 1, 0, [])


def test_who_left_hears_no_more_and_leaves_nothing_behind() -> None:
    bus, ear = InProcessBus(), Ear()
    leave = bus.subscribe(ALICE, ear)
    leave()
    leave()
    bus.publish([event()])
    assert (ear.heard, bus.listening) == ([], 0)


@pytest.mark.parametrize("broken_first", [True, False])
def test_a_listener_that_fails_harms_no_other(*, broken_first: bool) -> None:
    bus, ear = InProcessBus(), Ear()
    for one in (Broken(), ear) if broken_first else (ear, Broken()):
        bus.subscribe(ALICE, one)
    with structlog.testing.capture_logs() as logs:
        bus.publish([event()])
    assert len(ear.heard) == 1
    assert [entry["event"] for entry in logs] == ["listener_failed"]


def test_a_listener_may_leave_while_it_hears() -> None:
    bus, other = InProcessBus(), Ear()

    class Once(Ear):
        def published(self, event: Logged) -> None:
            super().published(event)
            leave()

    once = Once()
    leave = bus.subscribe(ALICE, once)
    bus.subscribe(ALICE, other)
    bus.publish([event(position=1), event(position=2)])
    assert (len(once.heard), len(other.heard)) == (1, 2)
