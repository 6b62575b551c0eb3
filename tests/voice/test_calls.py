import pytest

from opentact.kit.faults import NotFound
from opentact.voice.calls import get_call, thread_of
from support.phone import card
from support.world import build_world


def test_a_thread_is_the_same_whoever_calls_and_however_it_is_written() -> None:
    assert thread_of("+12025550199", "12025550100") == thread_of("12025550100", "12025550199")
    assert thread_of("1", "2") != thread_of("1", "3")
    assert len(thread_of("", "")) == 32


async def test_a_call_is_loaded_for_its_account_alone(database_url: str) -> None:
    async with build_world(database_url) as world:
        call = card().call
        call.account_uuid = world.alice.account
        async with world.database.write() as session:
            session.add(call)
        async with world.database.read() as session:
            assert (await get_call(session, world.alice.account, call.uuid)).to == call.to
            with pytest.raises(NotFound):
                await get_call(session, world.bob.account, call.uuid)
