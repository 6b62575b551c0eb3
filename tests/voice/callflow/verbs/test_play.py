import pytest

from opentact.voice.callflow.steps import DoPlay
from voice.callflow.conversation import NO, converse, wrong

FILE = "https://a.example/x.wav?v=1"


def played(flow: str) -> DoPlay:
    [ask] = converse(flow).asks
    assert isinstance(ask, DoPlay)
    return ask


@pytest.mark.parametrize(
    "flow",
    [f'<Play url="{FILE}"/>', f"<Play>\n {FILE}\n</Play>", f'<Play url="{FILE}">http://b/</Play>'],
)
def test_plays_a_file_by_attribute_or_text(flow: str) -> None:
    ask = played(flow)
    assert (ask.url, ask.record, ask.loop, ask.leg) == (FILE, None, 1, "aleg")


def test_plays_back_a_recording() -> None:
    ask = played('<Play record="vm" loop="2" leg="bleg"/>')
    assert (ask.url, ask.record, ask.loop, ask.leg) == (None, "vm", 2, "bleg")


def test_the_sibling_error_answers_to_its_failure() -> None:
    flow = f"<Play>{FILE}</Play><Error><Say>No music.</Say></Error><Say>On.</Say>"
    assert converse(flow).heard == [FILE, "On."]
    story = converse(flow, unless={"Play[0]": NO})
    assert story.heard == [FILE, "No music.", "On."]
    assert [command.path for command in story.came_of("Play[0]").error] == ["Error[0]"]


def test_as_a_prompt_it_can_be_cut_short() -> None:
    story = converse(f"<Gather><Play>{FILE}</Play></Gather><Play>{FILE}</Play>", "")
    prompt, _, music = story.asks
    assert isinstance(prompt, DoPlay)
    assert prompt.barge_in
    assert isinstance(music, DoPlay)
    assert not music.barge_in


@pytest.mark.parametrize("flow", ["<Play/>", f'<Play record="vm">{FILE}</Play>'])
def test_refuses_neither_and_both(flow: str) -> None:
    assert wrong(flow) == "<Play>: expected either a url (or text) or a record"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ftp://a/x",
            "file:///etc/passwd",
            "/x.wav",
            "x.wav",
            "http://",
            "http:///x",
            "javascript:1",
        ),
        *("http://a:99999/", "http://a b/", "http://[::1/", "http://a/" + "x" * 2048),
    ],
)
def test_refuses_what_is_no_url(url: str) -> None:
    assert wrong(f'<Play url="{url}"/>').endswith("expected an http or https URL")
