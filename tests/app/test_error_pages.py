from pathlib import Path

import pytest

from opentact.app import error_pages
from opentact.kit.faults import Conflict, Fault, NotFound


def test_every_fault_has_a_row_and_a_section() -> None:
    page = error_pages.render([Conflict, NotFound])
    assert "| [`not_found`](#not_found) | 404 | There is no such thing, or it is" in page
    assert "\n## conflict\n\nStatus 409.\n\nWhat is there already stands in the way.\n" in page


def test_a_long_docstring_is_one_line_in_the_table_and_whole_in_its_section() -> None:
    class Refused(Fault):
        """The carrier refused.

        Ask it why; we do not know.
        """

        code = "refused"

    page = error_pages.render([Refused])
    assert "| [`refused`](#refused) | 400 | The carrier refused. |\n" in page
    assert page.endswith("The carrier refused.\n\nAsk it why; we do not know.\n")


def test_the_catalogue_finds_faults_of_every_package_but_not_of_tests() -> None:
    class OfATest(Fault):
        """Not one of ours."""

        code = "of_a_test"

    catalogue = error_pages.catalogue()
    assert NotFound in catalogue
    assert OfATest not in catalogue
    assert len({fault.__module__ for fault in catalogue}) > 1
    assert [fault.code for fault in catalogue] == sorted(fault.code for fault in catalogue)


def test_it_is_written_where_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    error_pages.main()
    assert (tmp_path / "docs/reference/errors.md").read_text().startswith("# Errors\n")
    assert capsys.readouterr().out == "docs/reference/errors.md\n"
