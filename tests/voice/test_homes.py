from pathlib import Path

import pytest

from opentact.voice.callflow.stage import Region
from opentact.voice.homes import BadPlaces, Homes, read_homes


@pytest.mark.parametrize(
    ("number", "state"),
    [("+12015550100", "NJ"), ("2015550100", "NJ"), ("14165550100", "ON")],
)
def test_the_area_code_tells_the_state(number: str, state: str) -> None:
    assert Homes()(number) == Region(state)


@pytest.mark.parametrize("number", ["", "anonymous", "+442071838750", "18005550100", "5550100"])
def test_what_has_no_area_code_is_nowhere(number: str) -> None:
    assert Homes()(number) is None


def test_a_file_of_places_adds_counties(tmp_path: Path) -> None:
    file = tmp_path / "places.csv"
    file.write_text("npa,nxx,county,state\n201,555,Bergen,\n909,555,San Bernardino,ca\n")
    homes = read_homes(file)
    assert homes("+12015550100") == Region("NJ", "Bergen")
    assert homes("+19095550100") == Region("CA", "San Bernardino")
    assert homes("+12012220100") == Region("NJ")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("npa,nxx,county\n20,555,Bergen\n", "line 2: expected three digits"),
        ("npa,nxx,county\n201,555,\n", "line 2: expected a county"),
        ("a,b\n1,2\n", "line 2: expected three digits"),
    ],
)
def test_a_bad_file_says_where(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "places.csv"
    file.write_text(text)
    with pytest.raises(BadPlaces, match=why):
        read_homes(file)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadPlaces, match="cannot be read"):
        read_homes(tmp_path / "none.csv")
