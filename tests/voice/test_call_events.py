from support.phone import card


def test_the_events_of_a_call_are_numbered_from_one() -> None:
    one, other = card(), card()
    assert [one.next_seq(), one.next_seq(), other.next_seq()] == [1, 2, 1]
