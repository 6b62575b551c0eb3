from pathlib import Path

import pytest

from opentact.app.cli_batch import BadNumbers, follow, numbers_in, results_of


class PaperApi:
    """Answers from a list, and keeps what it was asked."""

    def __init__(self, *answers: object) -> None:
        self.answers = [*answers]
        self.asked: list[str] = []

    def ask(self, path: str, body: object = None) -> object:
        del body
        self.asked.append(path)
        return self.answers.pop(0)


def numbers(tmp_path: Path, text: str) -> list[int]:
    file = tmp_path / "numbers.csv"
    file.write_text(text)
    return list(numbers_in(file))


@pytest.mark.parametrize(
    "text",
    [
        "12025550100\n+12025550101\n",
        "to\n12025550100\n\n12025550101\n",
        "name,Phone\nAnn,12025550100\nBob, +12025550101 \n",
        "\ufefftn,x\n12025550100,1\n12025550101,2\n",
    ],
)
def test_numbers_are_read_from_their_column(tmp_path: Path, text: str) -> None:
    assert numbers(tmp_path, text) == [12025550100, 12025550101]


def test_rows_that_are_no_numbers_are_named_by_line(tmp_path: Path) -> None:
    with pytest.raises(BadNumbers, match=r"line 3: Bob; line 4: 12"):
        numbers(tmp_path, "to\n12025550100\nBob\n12\n")


def test_a_batch_is_followed_until_it_is_finished() -> None:
    counts = {"total": 2, "success": 1, "failed": 0, "processing": 1, "finished_on": None}
    over = {**counts, "failed": 1, "processing": 0, "finished_on": "now"}
    api = PaperApi(counts, over)
    assert follow(api, "b", quiet=True) == over  # type: ignore[arg-type]
    assert api.asked == ["/rest/batch/b"] * 2


def test_results_are_read_page_by_page() -> None:
    api = PaperApi({"total": 1001, "data": [{"n": 1}]}, {"total": 1001, "data": [{"n": 2}]})
    assert [each["n"] for each in results_of(api, "b")] == [1, 2]  # type: ignore[arg-type]
    assert [path.rpartition("skip=")[2] for path in api.asked] == ["0", "1000"]
