"""Documents from the wild: tests/data/callflow/README.md says what each is."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from opentact.voice.callflow.document import read
from opentact.voice.callflow.rehearsal import rehearse
from opentact.voice.callflow.stage import CallFacts
from voice.callflow.conversation import CALL, refusal

DATA = Path(__file__).parents[2] / "data" / "callflow"
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
FACTS = CallFacts(fields=lambda: CALL, app="app-uuid", local_now=lambda: NOON)

WRONG = {
    "html_error_page.html": ["6:3: mismatched tag; <hr> of line 5 is still open"],
    "php_warning.txt": ["2:1: junk after document element"],
    "json.json": ['1:1: \'{"verb": "answer"}\' is no XML; expected <Response>'],
    "bare_ampersand.xml": ["2:47: a bare &; expected &amp;"],
    "truncated.xml": ["3:15: no element found; <Say> of line 3 is still open"],
    "latin1.xml": ["1:21: encoding 'ISO-8859-1'; expected UTF-8"],
    "latin1_undeclared.xml": ["2:19: byte 0xe9 is no UTF-8"],
    "utf16.xml": ["1:1: encoded as UTF-16; expected UTF-8"],
    "laughs.xml": ["2:16: the DOCTYPE declares something; expected none or a bare one"],
    "external_entity.xml": ["2:20: the DOCTYPE declares something; expected none or a bare one"],
    "other_dialect.xml": [
        "2:3: <Say> has no attribute 'voice'",
        "3:3: <Gather> has no attribute 'input'",
        "4:3: unknown verb <Enqueue>; <Response> may hold",
        "5:3: <Dial> has no attribute 'callerId'",
        "5:33: unknown verb <Conference>; <Dial> may hold <To>, <Number>, <Sip>, <Error>",
    ],
}


@pytest.mark.parametrize("file", sorted((DATA / "sound").iterdir()), ids=lambda file: file.stem)
@pytest.mark.parametrize("digits", ["", "1", "1234#"])
def test_odd_but_sound_flows_are_read_and_end(file: Path, digits: str) -> None:
    *_, end = rehearse(read(file.read_bytes()), FACTS, digits)
    assert end.success


@pytest.mark.parametrize("name", WRONG)
def test_wrong_flows_are_refused_where_they_are_wrong(name: str) -> None:
    findings = refusal((DATA / "wrong" / name).read_bytes())
    assert len(findings) == len(WRONG[name])
    for finding, expected in zip(findings, WRONG[name], strict=True):
        assert finding.startswith(expected)


def test_every_file_is_listed_and_explained() -> None:
    readme = (DATA / "README.md").read_text()
    assert {file.name for file in (DATA / "wrong").iterdir()} == set(WRONG)
    for folder in ("sound", "wrong"):
        for file in (DATA / folder).iterdir():
            assert f"`{folder}/{file.name}`" in readme


def test_oddities_do_not_change_what_is_said() -> None:
    spoken = {
        "comments_and_cdata.xml": ["Fish & chips <today> cost £5 & more"],
        "bom_and_crlf.xml": ["Good morning."],
    }
    for name, texts in spoken.items():
        timeline = rehearse(read((DATA / "sound" / name).read_bytes()), FACTS)
        assert [moment.text for moment in timeline if moment.event == "say"] == texts
