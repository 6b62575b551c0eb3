"""The page of settings is as new as the table."""

from dataclasses import fields

from opentact.app.settings import Settings
from opentact.app.settings_page import PAGE, render
from support.sources import ROOT


def test_the_page_is_as_new_as_the_table() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == render(), "run `make docs`"


def test_every_setting_has_a_line_of_its_own_that_says_what_it_is() -> None:
    page = render()
    for each in fields(Settings):
        [line] = [line for line in page.splitlines() if f"`OPENTACT_{each.name.upper()}`" in line]
        assert each.metadata["about"] in line
