from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Request
from opentact.voice.sip.parser import parse
from opentact.voice.sip.registrar import (
    LONGEST,
    MOST_BINDINGS,
    SHORTEST,
    Binding,
    NotGranted,
    confirm,
    grant,
    read_wish,
)

PHONE = Address("192.0.2.7", 40000)


def register(*lines: str, call_id: str = "c1", number: int = 1) -> Request:
    text = "\r\n".join(
        [
            "REGISTER sip:a.example SIP/2.0",
            "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx",
            "From: <sip:bob@a.example>;tag=1",
            "To: <sip:bob@a.example>",
            f"Call-ID: {call_id}",
            f"CSeq: {number} REGISTER",
            *lines,
            "\r\n",
        ]
    )
    message = parse(text.encode())
    assert isinstance(message, Request)
    return message


def after(
    held: Sequence[Binding], *lines: str, now: float = 0.0, call_id: str = "c1", number: int = 1
) -> tuple[Binding, ...]:
    wish = read_wish(register(*lines, call_id=call_id, number=number), PHONE, now)
    return grant(held, wish, now)


def contacts(bindings: Sequence[Binding]) -> list[str]:
    return [binding.contact for binding in bindings]


def test_a_contact_is_bound_to_where_it_came_from() -> None:
    [binding] = after((), "Contact: <sip:bob@10.0.0.1:5060>;q=0.5", "User-Agent: phone", now=7.0)
    assert binding.contact == "sip:bob@10.0.0.1:5060"
    assert binding.source == PHONE
    assert (binding.since, binding.expires_at) == (7.0, 7.0 + LONGEST)
    assert (binding.q, binding.agent) == (0.5, "phone")


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        (["Contact: <sip:b@h>"], LONGEST),
        (["Contact: <sip:b@h>", "Expires: 120"], 120),
        (["Contact: <sip:b@h>;expires=90", "Expires: 120"], 90),
        (["Contact: <sip:b@h>;expires=60"], SHORTEST),
        (["Contact: <sip:b@h>", "Expires: 3601"], LONGEST),
        (["Contact: <sip:b@h>", "Expires: 9999999999"], LONGEST),
        (["Contact: <sip:b@h>;expires=soon"], LONGEST),
        (["Contact: sip:b@h;expires=77"], 77),
    ],
)
def test_a_binding_holds_as_long_as_asked_within_limits(lines: list[str], seconds: int) -> None:
    [binding] = after((), *lines)
    assert binding.expires_at == seconds


def test_too_short_an_interval_is_refused_with_the_shortest() -> None:
    with pytest.raises(NotGranted) as refused:
        after((), "Contact: <sip:b@h>;expires=59")
    assert refused.value.status == 423
    assert refused.value.headers == (("min-expires", "60"),)


def test_one_refused_contact_refuses_them_all() -> None:
    held = after((), "Contact: <sip:b@h1>")
    with pytest.raises(NotGranted):
        after(held, "Contact: <sip:b@h2>, <sip:b@h3>;expires=1", number=2)


def test_a_refresh_takes_the_place_of_the_binding() -> None:
    held = after((), "Contact: <sip:b@h>;expires=60", now=0)
    [binding] = after(held, "Contact: <sip:b@H>;expires=60", now=50, number=2)
    assert (binding.since, binding.expires_at, binding.number) == (0, 110, 2)


def test_zero_removes_one_binding() -> None:
    held = after((), "Contact: <sip:b@h1>, <sip:b@h2>")
    assert contacts(after(held, "Contact: <sip:b@h1>;expires=0", number=2)) == ["sip:b@h2"]
    assert contacts(after(held, "Contact: <sip:b@h3>;expires=0", number=2)) == contacts(held)


def test_a_star_removes_all() -> None:
    held = after((), "Contact: <sip:b@h1>, <sip:b@h2>")
    assert after(held, "Contact: *", "Expires: 0", number=2) == ()
    assert after(held, "Contact: *", "Expires: 0", call_id="other") == ()


@pytest.mark.parametrize(
    "lines",
    [
        ["Contact: *"],
        ["Contact: *", "Expires: 60"],
        ["Contact: *, <sip:b@h>", "Expires: 0"],
        ["Contact: <sip:b@h>", "Contact: *", "Expires: 0"],
    ],
)
def test_a_star_goes_alone_and_with_zero(lines: list[str]) -> None:
    with pytest.raises(NotGranted, match="goes with Expires 0"):
        after((), *lines)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    "lines",
    [["Contact: <sip:b@h>"], ["Contact: <sip:b@h>;expires=0"], ["Contact: *", "Expires: 0"]],
)
def test_an_older_register_that_comes_late_changes_nothing(number: int, lines: list[str]) -> None:
    held = after((), "Contact: <sip:b@h>", number=2)
    with pytest.raises(NotGranted, match="CSeq is not higher") as refused:
        after(held, *lines, number=number)
    assert refused.value.status == 500


def test_a_rebooted_phone_starts_a_new_series() -> None:
    held = after((), "Contact: <sip:b@h>", number=200)
    [binding] = after(held, "Contact: <sip:b@h>", call_id="c2", number=1)
    assert (binding.call_id, binding.number) == ("c2", 1)


def test_an_instance_has_one_place_per_reg_id() -> None:
    held = after((), 'Contact: <sip:b@h1>;+sip.instance="<urn:uuid:1>";reg-id=1')
    held = after(held, 'Contact: <sip:b@h2>;+sip.instance="<urn:uuid:1>";reg-id=2', number=2)
    assert contacts(held) == ["sip:b@h1", "sip:b@h2"]
    held = after(held, 'Contact: <sip:b@h3>;+sip.instance="<urn:uuid:1>";reg-id=1', number=3)
    assert contacts(held) == ["sip:b@h2", "sip:b@h3"]
    held = after(held, 'Contact: <sip:b@h3>;+sip.instance="<urn:uuid:2>";reg-id=1', number=4)
    assert contacts(held) == ["sip:b@h2", "sip:b@h3", "sip:b@h3"]
    assert len({binding.key for binding in held}) == 3


def test_the_binding_silent_for_longest_gives_way_to_a_sixth() -> None:
    held: tuple[Binding, ...] = ()
    for n in range(MOST_BINDINGS):
        held = after(held, f"Contact: <sip:b@h{n}>", number=n)
    held = after(held, "Contact: <sip:b@h0>", number=10)
    held = after(held, "Contact: <sip:b@new>", number=11)
    assert contacts(held) == ["sip:b@h2", "sip:b@h3", "sip:b@h4", "sip:b@h0", "sip:b@new"]


def test_what_has_expired_counts_no_more() -> None:
    held = after((), "Contact: <sip:b@h1>;expires=60", now=0)
    assert after(held, now=59.9, number=2) == held
    assert after(held, now=60, number=2) == ()


def test_a_register_without_contact_only_asks() -> None:
    held = after((), "Contact: <sip:b@h1>")
    assert after(held, number=1) == held


@pytest.mark.parametrize(
    "lines",
    [
        ["Contact: <tel:+12015550100>"],
        ["Contact: <sip:b@h"],
        ["Contact: <http://h/>"],
        ["Contact: " + ", ".join(f"<sip:b@h{n}>" for n in range(MOST_BINDINGS + 1))],
        [f"Contact: <sip:{'b' * 600}@h>"],
        [f'Contact: <sip:b@h>;+sip.instance="{"x" * 600}"'],
        ["Contact: <sip:b@h>", "Path: " + ",".join(["<sip:proxy.example;lr>"] * 200)],
    ],
)
def test_bad_contacts_are_refused(lines: list[str]) -> None:
    with pytest.raises(NotGranted, match="Bad Request") as refused:
        after((), *lines)
    assert refused.value.status == 400


def test_a_call_id_beyond_reason_is_refused() -> None:
    with pytest.raises(NotGranted, match="too long"):
        after((), "Contact: <sip:b@h>", call_id="x" * 300)


def test_the_path_is_kept_and_told_to_who_understands_it() -> None:
    path = ["Path: <sip:edge1.example;lr>,<sip:edge2.example;lr>", "Path: <sip:edge3.example;lr>"]
    request = register("Contact: <sip:b@h>", *path)
    held = grant((), read_wish(request, PHONE, 0), 0)
    assert held[0].path == tuple(f"<sip:edge{n}.example;lr>" for n in (1, 2, 3))
    assert "path" not in dict(confirm(request, held, 0))
    understanding = register("Contact: <sip:b@h>", *path, "Supported: outbound, Path")
    told = [value for name, value in confirm(understanding, held, 0) if name == "path"]
    assert told == [line.removeprefix("Path: ") for line in path]


def test_the_answer_lists_every_binding_with_what_is_left() -> None:
    held = after((), "Contact: <sip:b@h1>;expires=100", now=0)
    second = 'Contact: <sip:b@h2>;expires=60;q=0.25;+sip.instance="<urn:x>";reg-id=3'
    held = after(held, second, now=10.4, number=2)
    assert confirm(register(), held, 10.4) == [
        ("contact", "<sip:b@h1>;expires=90"),
        ("contact", '<sip:b@h2>;expires=60;q=0.25;+sip.instance="<urn:x>";reg-id=3'),
    ]


@given(st.lists(st.text(max_size=60), max_size=4), st.text(max_size=20))
def test_any_contact_is_bound_or_refused(values: list[str], expires: str) -> None:
    request = register()
    request.headers["contact"] = values
    request.headers["expires"] = [expires]
    try:
        granted = grant((), read_wish(request, PHONE, 0), 0)
    except NotGranted as refused:
        status = refused.status
    else:
        status = 200 if len(granted) <= MOST_BINDINGS else 0
    assert status in (200, 400, 423)


class Registrations(RuleBasedStateMachine):
    """Against a model: contacts with when they end, in the order of their last refresh."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.number = 0
        self.held: tuple[Binding, ...] = ()
        self.model: dict[str, float] = {}

    def _send(self, *lines: str, number: int | None = None) -> None:
        self.number += 1
        self.held = after(
            self.held, *lines, now=self.now, number=self.number if number is None else number
        )

    def _expire(self) -> None:
        self.model = {each: end for each, end in self.model.items() if end > self.now}

    @rule(host=st.sampled_from("abcdefgh"), seconds=st.integers(SHORTEST, LONGEST + 50))
    def refreshes(self, host: str, seconds: int) -> None:
        self._expire()
        self._send(f"Contact: <sip:b@{host}>;expires={seconds}")
        self.model.pop(host, None)
        self.model[host] = self.now + min(seconds, LONGEST)
        while len(self.model) > MOST_BINDINGS:
            del self.model[next(iter(self.model))]

    @rule(host=st.sampled_from("abcdefgh"))
    def leaves(self, host: str) -> None:
        self._expire()
        self._send(f"Contact: <sip:b@{host}>", "Expires: 0")
        self.model.pop(host, None)

    @rule()
    def leaves_everywhere(self) -> None:
        self._send("Contact: *", "Expires: 0")
        self.model.clear()

    @rule(seconds=st.floats(0, 4000))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(seconds=st.integers(1, SHORTEST - 1))
    def asks_for_too_little(self, seconds: int) -> None:
        with pytest.raises(NotGranted):
            self._send(f"Contact: <sip:b@z>;expires={seconds}")

    @precondition(lambda self: any(each.expires_at > self.now for each in self.held))
    @rule()
    def repeats_itself_late(self) -> None:
        newest = self.held[-1]
        if newest.expires_at > self.now:
            with pytest.raises(NotGranted):
                self._send(f"Contact: <{newest.contact}>", number=newest.number)

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        alive = [each for each in self.held if each.expires_at > self.now]
        told = [(each.contact.removeprefix("sip:b@"), each.expires_at) for each in alive]
        assert told == [item for item in self.model.items() if item[1] > self.now]
        assert len(self.held) <= MOST_BINDINGS
        assert len({each.key for each in self.held}) == len(self.held)


TestRegistrations = Registrations.TestCase
TestRegistrations.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
