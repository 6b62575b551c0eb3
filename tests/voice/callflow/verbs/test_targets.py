import pytest

from opentact.voice.callflow.document import read
from opentact.voice.callflow.verbs.dial import Dial
from voice.callflow.conversation import wrong


def targets(flow: str) -> tuple[str, ...]:
    [dial] = read(f"<Response><Dial>{flow}</Dial></Response>".encode()).verbs
    assert isinstance(dial, Dial)
    return dial.targets


@pytest.mark.parametrize(
    "target",
    [
        *("12015550123", "+12015550123", "alice@shop.sip.example.org", "sip:bob@example.org"),
        *("alice@192.0.2.7:5060", "sips:a.b+c@h"),
    ],
)
def test_to_calls_numbers_and_addresses(target: str) -> None:
    assert targets(f"<To>{target}</To>") == (target,)
    assert targets(target) == (target,)


def test_all_forms_stand_side_by_side() -> None:
    flow = "<To>12015550123</To><Number>12015550124</Number><Sip>a@192.0.2.7:5080</Sip>"
    assert len(targets(flow)) == 3


@pytest.mark.parametrize(
    "flow",
    [
        *("<Number>alice@example.org</Number>", "<Number>911</Number>", "<Sip>12015550123</Sip>"),
        *("<To>alice</To>", "<To/>", "<Sip>sip:a@-b</Sip>", "<To>a@b c</To>", "<To>tel:1</To>"),
    ],
)
def test_refuses_whom_nobody_can_call(flow: str) -> None:
    assert "expected" in wrong(f"<Dial>{flow}</Dial>")
