from itertools import combinations

from opentact.numbers.features import Feature, from_bits, to_bits


def test_any_features_come_back_from_the_inventory_in_their_order() -> None:
    for count in range(len(Feature) + 1):
        for some in combinations(Feature, count):
            assert from_bits(to_bits(reversed(some))) == list(some)


def test_a_feature_named_twice_counts_once() -> None:
    assert to_bits([Feature.SMS, Feature.SMS]) == to_bits([Feature.SMS])


def test_the_bits_of_stored_rows_keep_their_meaning() -> None:
    # They are in databases: a new feature is appended, never put between.
    kept = {"voice": 1, "sms": 2, "mms": 4, "fax": 8, "emergency": 16}
    assert {feature.value: to_bits([feature]) for feature in Feature} == kept
