"""Our reading of honest messages against that of another library, sipmessage."""

from pathlib import Path

import pytest
import sipmessage

from opentact.voice.sip.message import Request
from opentact.voice.sip.parser import parse

CAPTURES = sorted((Path(__file__).parents[2] / "data" / "sip").glob("*.dat"))


@pytest.mark.parametrize("file", CAPTURES, ids=lambda file: file.stem)
def test_both_read_the_same(file: Path) -> None:
    ours, theirs = parse(file.read_bytes()), sipmessage.Message.parse(file.read_bytes())
    assert ours.call_id == theirs.call_id
    assert ours.cseq.number == theirs.cseq.sequence
    assert ours.cseq.method == theirs.cseq.method
    assert ours.via.branch == theirs.via[0].parameters.get("branch")
    assert ours.via.host == theirs.via[0].host
    assert ours.sender.tag == theirs.from_address.parameters.get("tag")
    assert ours.recipient.tag == theirs.to_address.parameters.get("tag")
    assert ours.body == theirs.body
    if isinstance(ours, Request):
        assert isinstance(theirs, sipmessage.Request)
        assert (ours.method, ours.uri) == (theirs.method, str(theirs.uri))
