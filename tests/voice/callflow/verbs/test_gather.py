from urllib.parse import parse_qsl, urlsplit

import pytest

from opentact.voice.callflow.steps import (
    Digits,
    DoCollect,
    Done,
    DoPause,
    DoSay,
    Ended,
    Failed,
    Fetched,
    Reply,
)
from voice.callflow.conversation import NO, Story, converse, wrong

NEW = """<Gather dtmf_length="4" dtmf_stop="#" tag="main">
  <Say>Choose.</Say>
  <DTMF value="1"><Say>Sales.</Say></DTMF>
  <DTMF value="22"><Say>Support.</Say></DTMF>
  <Default><Say>Nothing.</Say></Default>
  <Error><Say>Unknown.</Say></Error>
</Gather>"""

OLD = """<Gather numDigits="1" attempts="2" timeout="3000" finishOnKey="#">
  <Say>Choose.</Say>
  <Switch>
    <Case dtmf="1"><Say>Sales.</Say></Case>
    <Default><Say>Unknown.</Say></Default>
    <Error><Say>Nothing.</Say></Error>
  </Switch>
</Gather>"""


def question(flow: str, answer: str = "") -> DoCollect:
    [ask] = [ask for ask in converse(flow, answer).asks if isinstance(ask, DoCollect)]
    return ask


def query(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


@pytest.mark.parametrize(
    ("digits", "said"),
    [("1", "Sales."), ("22", "Support."), ("", "Nothing."), ("7", "Unknown."), ("2", "Unknown.")],
)
def test_new_goes_where_the_digits_lead(digits: str, said: str) -> None:
    assert converse(NEW, digits).heard == ["Choose.", said]


@pytest.mark.parametrize(
    ("digits", "heard"),
    [
        (["1"], ["Choose.", "Sales."]),
        (["", "1"], ["Choose.", "Choose.", "Sales."]),
        (["7", "1"], ["Choose.", "Choose.", "Sales."]),
        (["", "7"], ["Choose.", "Choose.", "Unknown."]),
        (["7", ""], ["Choose.", "Choose.", "Nothing."]),
    ],
)
def test_old_asks_again_and_has_default_and_error_the_other_way(
    digits: list[str], heard: list[str]
) -> None:
    assert converse(OLD, *digits).heard == heard


@pytest.mark.parametrize(
    ("flow", "most", "stops"),
    [
        ("<Gather/>", 64, ""),
        ('<Gather dtmf_length="3"/>', 3, ""),
        ('<Gather length="4" dtmf_stop="#*"/>', 4, "#*"),
        ('<Gather dtmf_stop="#"><DTMF value="12"/></Gather>', 64, "#"),
        ('<Gather><DTMF value="1"/><DTMF value="123"/></Gather>', 3, ""),
        ('<Gather url="http://a.example/"><DTMF value="1"/><Error/></Gather>', 64, ""),
        ("<Gather><Switch/></Gather>", 1, "*"),
        ('<Gather numDigits="5"/>', 5, "*"),
        ('<Gather finishOnKey="#"/>', 1, "#"),
        ('<Gather finishOnKey=""/>', 1, ""),
        ('<Gather callback="http://a.example/"/>', 1, "*"),
        # Mixed: the new word wins attribute by attribute, and makes the defaults new.
        ('<Gather numDigits="5" dtmf_length="2"/>', 2, ""),
        ('<Gather numDigits="5" dtmf_stop="#" finishOnKey="1"/>', 5, "#"),
        ('<Gather finishOnKey="1"><DTMF value="2"/></Gather>', 1, "1"),
    ],
)
def test_what_is_collected_follows_the_syntax(flow: str, most: int, stops: str) -> None:
    story = converse(flow, *([""] if "callback" not in flow else ["", ""]))
    [ask] = [ask for ask in story.asks if isinstance(ask, DoCollect)]
    assert (ask.max_digits, ask.stop_keys) == (most, stops)


def test_waits_ten_seconds_then_five_between_keys_unless_told() -> None:
    ask = question('<Gather dtmf_length="1"/>')
    assert (ask.timeout_ms, ask.inter_digit_ms) == (10_000, 5_000)
    ask = question('<Gather dtmf_length="1" timeout="2000"/>')
    assert (ask.timeout_ms, ask.inter_digit_ms) == (2_000, 2_000)


def test_prompts_can_be_cut_short_and_what_follows_is_skipped() -> None:
    flow = '<Gather dtmf_length="1"><Say>a</Say><Pause/><Say>b</Say><DTMF value="1"/></Gather>'
    story = converse(flow, "1", unless={"Gather[0]/Pause[0]": Done(barged=True)})
    says, pause, collect = story.asks
    assert isinstance(says, DoSay)
    assert says.barge_in
    assert isinstance(pause, DoPause)
    assert pause.barge_in
    assert isinstance(collect, DoCollect)
    assert story.came_of("Gather[0]").success


def test_blocks_are_no_prompts() -> None:
    story = converse(NEW, "1")
    after = [ask for ask in story.asks if isinstance(ask, DoSay)][-1]
    assert not after.barge_in


def test_a_prompt_that_fails_does_not_keep_from_asking() -> None:
    story = converse(NEW, "1", unless={"Gather[0]/Say[0]": NO})
    assert story.heard == ["Choose.", "Sales."]


@pytest.mark.parametrize(
    ("digits", "success", "reason"),
    [
        ("1", True, "entered 1"),
        ("7", False, "unknown code 7"),
        ("", False, "nothing entered"),
    ],
)
def test_reports_what_was_entered(digits: str, success: bool, reason: str) -> None:  # noqa: FBT001
    command = converse(NEW, digits).came_of("Gather[0]")
    assert (command.success, command.reason, command.tag) == (success, reason, "main")


def test_silence_without_a_default_is_no_error_in_the_new_syntax() -> None:
    flow = '<Gather dtmf_length="1"><Error><Say>x</Say></Error></Gather><Say>on</Say>'
    assert converse(flow, "").heard == ["on"]


def test_an_old_gather_without_a_branch_fails_into_the_error_behind_it() -> None:
    flow = '<Gather><Switch><Case dtmf="1"/></Switch></Gather><Error><Say>x</Say></Error>'
    assert converse(flow, "7").heard == ["x"]
    assert converse(flow, "").heard == ["x"]


@pytest.mark.parametrize(("digits", "said"), [("7", "Unknown."), ("", "Nothing.")])
def test_a_branch_that_ran_leaves_nothing_for_an_error_behind(digits: str, said: str) -> None:
    story = converse(f"{OLD}<Error><Say>x</Say></Error>", digits, digits)
    assert story.heard == ["Choose.", "Choose.", said]


def test_digits_with_no_branches_at_all_are_good() -> None:
    story = converse('<Gather dtmf_length="4"/><Say>on</Say>', "1234")
    assert story.came_of("Gather[0]").success


def test_a_line_that_cannot_be_heard_fails_into_error() -> None:
    story = converse(NEW, Failed("no telephone-event"))
    assert story.heard == ["Choose.", "Unknown."]
    assert story.came_of("Gather[0]").reason == "no telephone-event"


def test_a_nested_gather_asks_the_next_question() -> None:
    flow = """<Gather dtmf_length="1">
      <DTMF value="1"><Gather length="4"><DTMF value="1234"><Say>in</Say></DTMF></Gather></DTMF>
      <Gather dtmf_length="2"><DTMF value="42"><Say>second</Say></DTMF></Gather>
    </Gather>"""
    story = converse(flow, "1", "1234", "42")
    assert story.heard == ["in", "second"]
    assert [c.path for c in story.commands if c.name == "Gather"] == [
        "Gather[0]/DTMF[0]/Gather[0]",
        "Gather[0]/Gather[0]",
        "Gather[0]",
    ]


class TestUrl:
    FLOW = """<Gather dtmf_length="4" url="https://a.example/pin?k=1&amp;x=%20">
      <DTMF value="0"><Say>Operator.</Say></DTMF>
      <Default><Say>Nothing.</Say></Default><Error><Say>Later.</Say></Error>
    </Gather>"""

    def test_is_sent_the_digits_and_the_call_and_its_answer_runs_in_place(self) -> None:
        story = converse(self.FLOW, "12#4", "<Say>Welcome.</Say>")
        [fetch] = story.fetched
        assert fetch.url.startswith("https://a.example/pin?k=1&x=%20&dtmf=12%234&from=%2B1201")
        assert query(fetch.url) == [
            *(("k", "1"), ("x", " "), ("dtmf", "12#4"), ("from", "+12015550100")),
            *(("tn", "12015550199"), ("state", "live"), ("sca", "app-uuid")),
            ("call", "6a1ffcf8-abaf-422a-9bfc-ec1349a2b81c"),
        ]
        assert (fetch.method, fetch.body, fetch.purpose) == ("GET", None, "Gather url")
        assert story.heard == ["Welcome."]
        assert story.commands[0].path == "Gather[0]/Response[0]/Say[0]"

    def test_is_not_asked_when_a_block_answers_or_nothing_was_entered(self) -> None:
        assert converse(self.FLOW, "0").heard == ["Operator."]
        assert converse(self.FLOW, "").heard == ["Nothing."]

    @pytest.mark.parametrize("answer", [Failed("HTTP 500"), "<Foo/>", "</Response>"])
    def test_that_fails_runs_error(self, answer: str | Failed) -> None:
        story = converse(self.FLOW, "1234", answer)
        assert story.heard == ["Later."]
        assert not story.came_of("Gather[0]").success

    def test_by_post_carries_the_call(self) -> None:
        story = converse(self.FLOW.replace("url=", "method='POST' url="), "12", "")
        [fetch] = story.fetched
        assert (fetch.method, fetch.body, fetch.extra) == (
            "POST",
            "call",
            {"gather": {"dtmf": "12"}},
        )


class TestCallback:
    FLOW = OLD.replace("numDigits", 'callback="https://a.example/cb?k=1" method="post" numDigits')

    def told(self, *answers: str | Reply) -> Story:
        return converse(self.FLOW, *answers)

    def test_is_told_of_each_attempt(self) -> None:
        story = self.told("7", "<Say>No.</Say>", "1", "")
        first, second = story.fetched
        assert query(first.url) == [
            *(("k", "1"), ("code", "7"), ("attempts", "1"), ("success", "false"))
        ]
        assert query(second.url)[1:] == [("code", "1"), ("attempts", "2"), ("success", "true")]
        assert (second.method, second.body) == ("POST", "call")
        assert second.extra == {
            "gather": (
                {"attempt": 1, "code": "7", "success": False},
                {"attempt": 2, "code": "1", "success": True},
            )
        }
        assert story.heard == ["Choose.", "No.", "Choose.", "Sales."]

    def test_may_answer_with_nothing(self) -> None:
        assert self.told("1", Fetched(b" \n")).heard == ["Choose.", "Sales."]

    def test_that_fails_leaves_the_branches_unless_there_is_an_error(self) -> None:
        assert self.told("1", NO).heard == ["Choose.", "Sales."]
        with_error = self.FLOW.replace("</Gather>", "<Error><Say>Down.</Say></Error></Gather>")
        assert converse(with_error, "1", NO).heard == ["Choose.", "Down."]


@pytest.mark.parametrize(
    ("flow", "finding"),
    [
        ('<Gather dtmf_length="0"/>', "expected a whole number from 1 to 64"),
        ('<Gather length="65"/>', "<Gather length='65'>: expected a whole number from 1 to 64"),
        ('<Gather attempts="21"/>', "expected a whole number from 1 to 20"),
        ('<Gather finishOnKey="##"/>', "expected one of 0-9, * # +"),
        ('<Gather method="PUT"/>', "expected one of GET, POST"),
        ('<Gather><DTMF value=""/></Gather>', "expected 1 to 64 keys out of 0-9 * # A-D"),
        (
            '<Gather><DTMF value="1"/><DTMF value="1"/></Gather>',
            "2 branches answer to 1; expected one",
        ),
        (
            '<Gather><DTMF value="1"/><Switch><Case dtmf="1"/></Switch></Gather>',
            "2 branches answer to 1; expected one",
        ),
    ],
)
def test_refuses_what_cannot_be_asked(flow: str, finding: str) -> None:
    assert wrong(flow).endswith(finding)


def test_how_collecting_ended_is_all_the_same() -> None:
    for ended in Ended:
        assert converse(NEW, Digits("1", ended)).heard == ["Choose.", "Sales."]
