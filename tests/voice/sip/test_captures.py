"""Messages of other stacks, kept as they came: see the README beside them."""

from pathlib import Path

import pytest

from opentact.voice.sip.inspection import check_response, find_flaw, find_refusal
from opentact.voice.sip.message import Request, Response
from opentact.voice.sip.parser import parse

CAPTURES = sorted((Path(__file__).parents[2] / "data" / "sip").glob("*.dat"))


@pytest.mark.parametrize("file", CAPTURES, ids=lambda file: file.stem)
def test_a_capture_is_taken_without_reserve(file: Path) -> None:
    message = parse(file.read_bytes())
    if isinstance(message, Request):
        assert find_flaw(message) is None
        assert find_refusal(message) is None
    else:
        assert isinstance(message, Response)
        check_response(message)


@pytest.mark.parametrize("file", CAPTURES, ids=lambda file: file.stem)
def test_a_capture_survives_printing(file: Path) -> None:
    message = parse(file.read_bytes())
    again = parse(bytes(message))
    assert again.headers == message.headers | {"content-length": [str(len(message.body))]}
    assert again.body == message.body


def test_both_stacks_are_there() -> None:
    assert {file.stem.partition("-")[0] for file in CAPTURES} == {"baresip", "sipp"}
