import pytest

from opentact.voice.sip import client_transactions, server_transactions
from opentact.voice.sip.client_transactions import ClientOther
from opentact.voice.sip.machine import Address, Input, State, Table, grade

TABLES = {
    "client INVITE": client_transactions.INVITE_TABLE,
    "client other": client_transactions.OTHER_TABLE,
    "server INVITE": server_transactions.INVITE_TABLE,
    "server other": server_transactions.OTHER_TABLE,
}
STARTS = {
    "client INVITE": State.CALLING,
    "client other": State.TRYING,
    "server INVITE": State.PROCEEDING,
    "server other": State.TRYING,
}


def reachable(table: Table, start: State) -> set[State]:
    found, edge = {start}, [start]
    while edge:
        here = edge.pop()
        for (state, _), (there, _) in table.items():
            if state is here and there not in found:
                found.add(there)
                edge.append(there)
    return found


@pytest.mark.parametrize("name", TABLES)
def test_every_state_of_a_table_can_be_reached_and_left(name: str) -> None:
    table = TABLES[name]
    states = {state for state, _ in table}
    assert reachable(table, STARTS[name]) == states | {State.TERMINATED}
    for state in states:
        assert State.TERMINATED in reachable(table, state)


@pytest.mark.parametrize("name", TABLES)
def test_the_end_is_the_end(name: str) -> None:
    assert State.TERMINATED not in {state for state, _ in TABLES[name]}


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (100, Input.PROVISIONAL),
        (199, Input.PROVISIONAL),
        (200, Input.SUCCESS),
        (299, Input.SUCCESS),
        (300, Input.FAILURE),
        (699, Input.FAILURE),
    ],
)
def test_a_status_has_a_grade(status: int, what: Input) -> None:
    assert grade(status) is what


def test_a_machine_says_what_it_is_doing() -> None:
    tx = ClientOther("BYE", b"BYE ...", Address("192.0.2.1", 5060))
    assert repr(tx) == "<ClientOther BYE 192.0.2.1:5060 TRYING>"


def test_an_address_is_by_udp_unless_it_says_otherwise() -> None:
    plain = Address("192.0.2.1", 5060)
    assert (plain.transport, plain.flow, plain.is_reliable) == ("udp", 0, False)
    assert plain[:2] == ("192.0.2.1", 5060)
    assert plain != plain._replace(transport="tcp")
    assert plain._replace(transport="ws", flow=7).is_reliable


def test_an_address_is_shown_as_uris_have_it() -> None:
    assert str(Address("192.0.2.1", 5060)) == "192.0.2.1:5060"
    assert str(Address("2001:db8::1", 5061, "tls")) == "[2001:db8::1]:5061"
