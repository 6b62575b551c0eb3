import pytest

from voice.callflow.conversation import converse, wrong

FLOW = (
    "<Gather><Switch><Case dtmf='1'><Say>one</Say></Case>"
    "<Default><Say>other</Say></Default><Error><Say>none</Say></Error></Switch></Gather>"
)


@pytest.mark.parametrize(
    ("digits", "path"),
    [
        ("1", "Gather[0]/Switch[0]/Case[0]/Say[0]"),
        ("2", "Gather[0]/Switch[0]/Default[0]/Say[0]"),
        ("", "Gather[0]/Switch[0]/Error[0]/Say[0]"),
    ],
)
def test_each_branch_has_its_path(digits: str, path: str) -> None:
    assert converse(FLOW, digits).commands[0].path == path


def test_holds_branches_only() -> None:
    assert "<Say> may not stand in <Switch>; expected <Case>, <Default>, <Error>" in wrong(
        "<Gather><Switch><Say>x</Say></Switch></Gather>"
    )


def test_stands_in_a_gather_only() -> None:
    assert wrong("<Switch/>").startswith("<Switch> may not stand in <Response>")
