import phonenumbers
import pytest

from opentact.voice.rules.high_risk import high_risk_of, is_opened, table

PREMIUM = phonenumbers.PhoneNumberType.PREMIUM_RATE
WITH_PREMIUM = [
    region
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    if phonenumbers.example_number_for_type(region, PREMIUM) is not None
]


@pytest.mark.parametrize("region", WITH_PREMIUM)
def test_premium_numbers_of_every_country_are_in_the_table(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, PREMIUM)
    assert example is not None
    digits = f"{example.country_code}{phonenumbers.national_significant_number(example)}"
    assert high_risk_of(digits) is not None


@pytest.mark.parametrize("region", ["US", "CA", "GB", "DE", "FR", "ES", "IT", "NL", "PL", "SE"])
def test_ordinary_numbers_are_not(region: str) -> None:
    for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE):
        example = phonenumbers.example_number_for_type(region, kind)
        assert example is not None
        digits = f"{example.country_code}{phonenumbers.national_significant_number(example)}"
        assert high_risk_of(digits) is None


@pytest.mark.parametrize(
    ("digits", "kind"),
    [
        ("19005550123", "premium"),
        ("881612345678", "satellite"),
        ("870773111632", "satellite"),
        ("882161234567", "global"),
        ("5352345678", "irsf"),
    ],
)
def test_satellites_and_their_like_are(digits: str, kind: str) -> None:
    found = high_risk_of(digits)
    assert found is not None
    assert found.kind == kind


def test_a_range_is_opened_by_its_own_prefix_or_a_longer_one_only() -> None:
    digits = "19005550123"
    risk = high_risk_of(digits)
    assert risk is not None
    assert is_opened(risk, digits, ["1900"])
    assert is_opened(risk, digits, ["1900555"])
    assert not is_opened(risk, digits, ["1", "190", "1900666"])


def test_every_row_says_where_it_is_from() -> None:
    assert len(table()) > 400
    for risk in table().values():
        assert risk.prefix.isdecimal()
        assert risk.source
        assert risk.kind in {"premium", "shared_cost", "personal", "satellite", "global", "irsf"}
