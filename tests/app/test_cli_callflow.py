import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from opentact.app.cli_callflow import callflow_app

ROOT = Path(__file__).parents[2]
MENU = str(ROOT / "examples" / "answer_with_a_menu.xml")


@pytest.fixture
def wrong(tmp_path: Path) -> str:
    file = tmp_path / "wrong.xml"
    file.write_text('<Response>\n  <Sai>x</Sai>\n  <Pause length="long"/>\n</Response>')
    return str(file)


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(callflow_app, list(words))
    return result.exit_code, result.output


def test_check_says_that_a_flow_is_sound() -> None:
    assert run("check", MENU) == (0, f"{MENU}: ok, 19 verbs\n")


def test_check_prints_findings_as_compilers_do_and_fails(wrong: str) -> None:
    code, output = run("check", MENU, wrong)
    sound, unknown, length = output.splitlines()
    assert code == 1
    assert sound.endswith("ok, 19 verbs")
    assert unknown.startswith(f"{wrong}:2:3: unknown verb <Sai>; did you mean Say?")
    assert length == (
        f"{wrong}:3:3: <Pause length='long'>: expected a whole number from 0 to 3600000 ms"
    )


def test_check_speaks_json(wrong: str) -> None:
    code, output = run("check", "--json", MENU, wrong)
    sound, refused = json.loads(output)
    assert code == 1
    assert sound == {"file": MENU, "ok": True, "verbs": 19, "findings": []}
    assert (refused["ok"], refused["total"]) == (False, 2)
    assert refused["findings"][0]["line"] == 2


def test_check_counts_what_it_does_not_show(tmp_path: Path) -> None:
    file = tmp_path / "many.xml"
    file.write_text(f"<Response>{'<Foo/>' * 150}</Response>")
    _, output = run("check", str(file))
    assert output.splitlines()[-1] == f"{file}: and 50 more"


def test_run_prints_the_timeline() -> None:
    code, output = run("run", MENU, "--digits", "2#")
    assert code == 0
    lines = output.splitlines()
    assert " ".join(lines[0].split()) == "0.000 answer answers the call Answer[0] (line 4)"
    assert any("presses 2" in line for line in lines)
    assert any("play    recording message" in line for line in lines)
    assert lines[-1].endswith("hangup: hung up by Hangup[0]")


def test_run_knows_who_calls(tmp_path: Path) -> None:
    flow = tmp_path / "flow.xml"
    flow.write_text(
        '<Response><Call field="from" value="+12015550111"><Hangup tag="him"/></Call></Response>'
    )
    assert "hangs up him" in run("run", str(flow), "--from", "+12015550111")[1]
    assert "hangs up him" not in run("run", str(flow))[1]


@pytest.mark.parametrize(
    ("at", "tag"), [("2026-01-05T10:00:00", "open"), ("2026-01-05T20:00:00", "voicemail")]
)
def test_run_knows_what_time_it_is_to_be(at: str, tag: str) -> None:
    flow = str(ROOT / "examples" / "voicemail.xml")
    assert f"hangs up {tag}" in run("run", flow, "--at", at)[1]


def test_run_speaks_json_a_line_per_event() -> None:
    code, output = run("run", MENU, "--digits", "0", "--json")
    moments = [json.loads(line) for line in output.splitlines()]
    assert code == 0
    assert moments[0] == {
        "at_ms": 0,
        "event": "answer",
        "path": "Answer[0]",
        "line": 4,
        "text": "answers the call",
        "success": True,
    }
    assert moments[-1]["event"] == "end"


def test_run_refuses_a_wrong_flow_as_check_does(wrong: str) -> None:
    code, output = run("run", wrong)
    assert code == 1
    assert output == run("check", wrong)[1]
    code, output = run("run", wrong, "--json")
    assert (code, json.loads(output)["ok"]) == (1, False)


def test_run_fails_when_the_flow_ends_by_error(tmp_path: Path) -> None:
    flow = tmp_path / "flow.xml"
    flow.write_text("<Response><Redirect>http://a.example/</Redirect></Response>")
    code, output = run("run", str(flow))
    assert code == 1
    assert "nothing is fetched in a rehearsal" in output


def test_run_refuses_keys_no_telephone_has() -> None:
    code, output = run("run", MENU, "--digits", "x")
    assert code == 2
    assert "no keys of a telephone: X" in output


def test_a_file_that_is_not_there_is_named() -> None:
    code, output = run("check", "no-such-file.xml")
    assert code == 2
    assert "no-such-file.xml" in output
