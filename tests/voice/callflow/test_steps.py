from opentact.voice.callflow.steps import At, Command, DoAnswer


def test_a_command_is_spelt_as_in_events() -> None:
    child = Command("Say", success=False, reason="no voice", path="Gather[0]/Say[0]")
    command = Command(
        "Gather", success=True, reason="entered 1", path="Gather[0]", children=(child,), tag="main"
    )
    assert command.as_dict() == {
        "name": "Gather",
        "success": True,
        "reason": "entered 1",
        "path": "Gather[0]",
        "children": [
            {
                "name": "Say",
                "success": False,
                "reason": "no voice",
                "path": "Gather[0]/Say[0]",
                "children": [],
                "error": [],
            }
        ],
        "error": [],
        "tag": "main",
    }


def test_a_message_says_how_it_went() -> None:
    command = Command("Answer", success=True, reason="Call answered", path="Answer[0]")
    assert command.message == "[success] command Answer[0], reason: Call answered"
    failed = Command("Play", success=False, reason="HTTP 404", path="Play[0]")
    assert failed.message == "[failed] command Play[0], reason: HTTP 404"


def test_an_ask_knows_whose_it_is() -> None:
    ask = DoAnswer(at=At("Answer[0]", 3, "in"))
    assert (ask.path, ask.line, ask.tag) == ("Answer[0]", 3, "in")
