"""The guide's tables say what the code does."""

from opentact.voice.rules import catalogue, causes
from support.sources import ROOT

GUIDE = (ROOT / "docs" / "guide" / "limits.md").read_text(encoding="utf-8")


def test_every_rule_stands_in_the_guide_in_its_order() -> None:
    rows = [f"| `{rule.NAME}` | {rule.SAYS} |" for rule in catalogue.ALL]
    assert "\n".join(rows) in GUIDE


def test_every_cause_stands_in_the_guide() -> None:
    rows = [f"| `{c.name}` | {c.sip} | {c.q850} | {c.words} |" for c in causes.ALL]
    assert [row for row in rows if row not in GUIDE] == []
