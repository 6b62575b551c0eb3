from uuid import UUID

from opentact.voice.live_calls import NoCalls

ANYBODY = UUID(int=1)


def test_a_platform_without_calls_has_none() -> None:
    assert NoCalls().find(ANYBODY, UUID(int=2)) is None
    assert NoCalls().of_account(ANYBODY) == []
    assert not NoCalls().live
