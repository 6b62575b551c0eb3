import pytest

from opentact.voice.callflow.document import read
from opentact.voice.callflow.rehearsal import TALK_MS, Dials, Moment, rehearse
from voice.callflow.conversation import FACTS


def timeline(flow: str, digits: str = "") -> list[Moment]:
    return list(rehearse(read(f"<Response>{flow}</Response>".encode()), FACTS, digits))


def drawn(flow: str, digits: str = "") -> str:
    """Draw what happened, without the reports."""
    return "\n".join(
        f"{moment.at_ms:6} {moment.event} {moment.text}"
        for moment in timeline(flow, digits)
        if moment.event != "report"
    )


MENU = """<Answer delay="500"/><Say>0123456789</Say>
<Gather dtmf_length="2" dtmf_stop="#" timeout="7000"><Say>Now</Say>
<DTMF value="1"><Say>One</Say></DTMF><Default><Hangup/></Default></Gather>"""


def test_keys_are_pressed_when_asked_for() -> None:
    assert drawn(MENU, "1#") == (
        "     0 answer answers the call\n"
        "   500 say 0123456789\n"
        "  1150 say Now\n"
        "  1345 collect waits for at most 2 keys, # ends them\n"
        "  2145 keys presses 1#\n"
        "  2145 say One\n"
        "  2340 end end of document"
    )


def test_without_keys_the_question_times_out() -> None:
    assert drawn(MENU).splitlines()[-2:] == [
        "  8345 hangup hangs up",
        "  8345 end hangup: hung up by Gather[0]/Default[0]/Hangup[0]",
    ]


def test_too_few_keys_are_waited_for_and_a_comma_lets_a_question_pass() -> None:
    flow = '<Gather dtmf_length="2"><DTMF value="1"/></Gather><Gather dtmf_length="1"/>'
    assert drawn(flow, "1,2") == (
        "     0 collect waits for at most 2 keys\n"
        "   400 keys presses 1\n"
        "  5400 collect waits for at most 1 key\n"
        "  5800 keys presses 2\n"
        "  5800 end end of document"
    )


def test_a_key_ends_a_pause_that_lets_it() -> None:
    flow = '<Record tag="vm"><Pause length="60000" dtmf_stop="#"/></Record><Play record="vm"/>'
    assert drawn(flow, "#") == (
        "     0 record starts recording vm\n"
        "     0 pause 60000 ms, a key of # ends it\n"
        " 30000 keys presses #\n"
        " 30000 record stops recording vm\n"
        " 30000 play recording vm\n"
        " 33000 end end of document"
    )
    assert " 60000 record stops" in drawn(flow, "5")


def test_nothing_is_fetched_and_the_error_block_shows() -> None:
    flow = "<Callback>http://a.example/<Error><Say loop='2'>Down</Say></Error></Callback>"
    [fetch, say, *_] = timeline(flow)
    assert (fetch.event, fetch.success) == ("fetch", False)
    assert fetch.text.startswith("GET http://a.example/?from=")
    assert (say.text, say.path, say.line) == ("Down (2 times)", "Callback[0]/Error[0]/Say[0]", 1)


def test_an_answered_call_is_not_answered_again() -> None:
    lines = drawn('<Answer/><Answer delay="900"/>').splitlines()
    assert lines[1:] == ["     0 answer was answered before", "     0 end end of document"]


def test_an_end_by_error_is_no_success() -> None:
    assert timeline("<Redirect>http://a.example/</Redirect>")[-1].success is False
    assert timeline("<Hangup/>")[-1].success is True


def test_refuses_keys_no_telephone_has() -> None:
    with pytest.raises(ValueError, match="no keys of a telephone: X Z"):
        rehearse(read(b"<Response/>"), FACTS, "1xz")


@pytest.mark.parametrize(
    ("dials", "says"),
    [
        ("nobody", [(60_000, "No")]),
        ("busy", [(0, "No")]),
        ("answer", [(TALK_MS, "Thanks")]),
    ],
)
def test_who_is_dialled_does_as_told(dials: Dials, says: list[tuple[int, str]]) -> None:
    dial = "<Dial>12025550123<Error><Say>No</Say><Hangup/></Error></Dial><Say>Thanks</Say>"
    flow = read(f"<Response>{dial}</Response>".encode())
    moments = [each for each in rehearse(flow, FACTS, dials=dials) if each.event == "say"]
    assert [(each.at_ms, each.text) for each in moments] == says
