import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.rules.countries import country_of


@pytest.mark.parametrize(
    ("digits", "country"),
    [
        ("12025550123", "US"),
        ("14165550123", "CA"),
        ("18765550123", "JM"),
        ("447400123456", "GB"),
        ("441481256789", "GG"),
        ("4930123456", "DE"),
        ("74951234567", "RU"),
        ("77172123456", "KZ"),
        ("870773111632", None),
        ("881612345678", None),
        ("999", None),
        ("", None),
    ],
)
def test_a_number_is_of_its_country(digits: str, country: str | None) -> None:
    assert country_of(digits) == country


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_example_numbers_are_of_their_country(region: str) -> None:
    example = phonenumbers.example_number(region)
    assert example is not None
    digits = f"{example.country_code}{phonenumbers.national_significant_number(example)}"
    # A few territories number within their mother country; libphonenumber decides both.
    assert country_of(digits) == phonenumbers.region_code_for_number(example)


@given(st.text(max_size=20))
def test_anything_is_answered(text: str) -> None:
    assert country_of(text) is None or len(country_of(text) or "") == 2
