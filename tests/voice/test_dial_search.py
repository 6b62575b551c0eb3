from opentact.voice import causes
from opentact.voice.dial_plan import Refusal
from opentact.voice.testing import OFFER
from support.dialling import Dialled, answer_of, placed
from support.virtual_time import virtually

OFFLINE = Refusal(causes.CALLEE_OFFLINE, causes.CALLEE_OFFLINE.words)


@virtually
async def test_all_ring_at_once_with_one_offer_and_the_first_who_answers_is_found() -> None:
    dialled = Dialled().begin()
    bob, alice = dialled.add(placed("bob", forks=2)), dialled.add(placed("alice"))
    dialled.search.start()
    assert len({each.sdp for each in dialled.callees}) == 1
    dialled.callees[2].answers(answer_of(dialled.callees[2]))
    assert dialled.search.found.result() is alice
    assert bob.cause is causes.ANSWERED_ELSEWHERE
    assert [each.sent for each in dialled.callees] == [[("CANCEL",)], [("CANCEL",)], []]
    assert "elsewhere" in (dialled.callees[0].reason or "")
    await dialled.end()


@virtually
async def test_one_who_declines_for_good_takes_nobody_elses_chance() -> None:
    dialled = Dialled().begin()
    dialled.add(placed("bob"))
    dialled.add(placed("alice"))
    dialled.search.start()
    dialled.callees[0].refuses(603)
    assert not dialled.search.found.done()
    dialled.callees[1].refuses(486)
    assert dialled.search.found.result() is None
    assert dialled.causes() == ["declined", "busy"]
    assert dialled.ended == ["bob", "alice"]
    assert dialled.search.why_nobody() == (
        "nobody answered: bob: The far end answered 603 No; alice: The far end answered 486 No"
    )
    await dialled.end()


@virtually
async def test_who_cannot_be_called_has_a_record_that_says_why() -> None:
    dialled = Dialled().begin()
    dialled.add(placed("bob", refusal=OFFLINE))
    dialled.search.start()
    assert dialled.search.found.result() is None
    assert dialled.causes() == ["callee_offline"]
    assert dialled.search.why_nobody() == causes.CALLEE_OFFLINE.words
    await dialled.end()


@virtually
async def test_who_answers_with_nothing_in_common_is_hung_up_and_the_others_ring_on() -> None:
    dialled = Dialled().begin()
    dialled.add(placed("bob"))
    dialled.add(placed("alice"))
    dialled.search.start()
    dialled.callees[0].answers(OFFER.replace(b" 0 101", b" 9"))
    assert dialled.callees[0].sent == [("BYE",)]
    assert dialled.causes()[0] == "media_refused"
    assert not dialled.search.found.done()
    dialled.search.give_up(causes.NO_ANSWER)
    await dialled.end()


@virtually
async def test_what_is_played_early_is_heard_only_if_one_phone_rings() -> None:
    heard: list[bool] = []
    for forks in (1, 2):
        dialled = Dialled().begin()
        dialled.add(placed("bob", forks=forks))
        dialled.search.on_rings = lambda _line, early: heard.append(early)
        dialled.search.start()
        dialled.callees[0].rings()
        dialled.callees[0].rings(183, answer_of(dialled.callees[0]))
        assert (dialled.other.connected is not None) is (forks == 1)
        dialled.search.give_up(causes.NO_ANSWER)
        await dialled.end()
    assert heard == [False, True, False, False]


@virtually
async def test_giving_up_ends_all_and_each_once() -> None:
    dialled = Dialled().begin()
    dialled.add(placed("bob"))
    dialled.add(placed("alice"))
    dialled.search.start()
    dialled.callees[0].answers(answer_of(dialled.callees[0]))
    dialled.search.give_up(causes.CALLER_HUNG_UP)
    dialled.search.give_up(causes.INTERNAL)
    assert dialled.callees[0].sent == [("BYE",)]
    assert dialled.causes() == ["caller_hung_up", "answered_elsewhere"]
    assert sorted(dialled.ended) == ["alice", "bob"]
    await dialled.end()
