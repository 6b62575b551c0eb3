from pathlib import Path

import pytest

from support.live_server import Customer, Server, running_server
from support.markdown import blocks
from support.shell import Session, run
from support.sources import ROOT

pytestmark = pytest.mark.e2e

GUIDES = sorted([*(ROOT / "docs/guide").glob("*.md"), *(ROOT / "docs/operating").glob("*.md")])
WITH_SHELL = [page for page in GUIDES if blocks(page, "sh")]
ACCESS = """TOKEN=$(python3 -c 'import json; print(json.load(open("data/credentials.json"))["demo"]["token"])')
API=http://127.0.0.1:8080/rest
"""  # noqa: E501 - as the README writes it


def script(page: Path) -> str:
    """Join a page's blocks; those of `make` set up what the tests have."""
    texts = [block.text for block in blocks(page, "sh")]
    return "\n".join(text for text in texts if not text.startswith("make "))


def test_the_readme_does_what_it_says(tmp_path: Path) -> None:
    # A server of its own: the README names the number it orders.
    with running_server(tmp_path / "data") as server:
        session: Session = run(script(ROOT / "README.md"), server, tmp_path)
    found, order, _flow, assigned, calls = [each["payload"] for each in session.answers]
    assert [number["state"] for number in found["data"]] == ["NJ", "NJ", "NJ"]
    assert (order["state"], order["success"]) == ("success", 1)
    assert assigned[0]["tn"]["tn"] == 12015550100
    assert "menu.xml: ok, 7 verbs" in session.output
    assert "Hello again." in session.output
    call = calls["data"][0]
    assert (call["cause"], call["to"]) == ("flow_hung_up", "12015550100")
    assert call["duration"] >= 1


@pytest.mark.parametrize("page", WITH_SHELL, ids=lambda page: page.stem)
async def test_a_guide_does_what_it_says(
    page: Path, live: Server, alice: Customer, home: Path
) -> None:
    number = await alice.number_with_flow("<Response><Say>Hello.</Say><Hangup/></Response>")
    session = run(f"{ACCESS}NUMBER={number}\n{script(page)}", live, home)
    assert session.output
    assert [answer for answer in session.answers if answer["success"] is not True] == []
