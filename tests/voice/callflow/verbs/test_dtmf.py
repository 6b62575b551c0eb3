from voice.callflow.conversation import converse

MENU = """<Gather dtmf_length="2">
  <DTMF value="1"><Say>one</Say><Say>uno</Say></DTMF>
  <DTMF value="*1"><Say>star</Say></DTMF>
  <DTMF value="a"/>
</Gather>"""


def test_runs_its_commands_in_order_and_says_so() -> None:
    story = converse(MENU, "1")
    assert story.heard == ["one", "uno"]
    block = story.came_of("Gather[0]/DTMF[0]")
    assert block.reason == "2 commands run"
    assert [child.path for child in block.children] == [
        "Gather[0]/DTMF[0]/Say[0]",
        "Gather[0]/DTMF[0]/Say[1]",
    ]


def test_answers_to_its_very_keys_only() -> None:
    assert converse(MENU, "*1").heard == ["star"]
    assert converse(MENU, "11").heard == []


def test_a_letter_key_may_be_written_small() -> None:
    assert converse(MENU, "A").came_of("Gather[0]/DTMF[2]").reason == "0 commands run"
