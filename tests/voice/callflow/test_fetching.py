import pytest

from opentact.voice.callflow.fetching import call_params, with_params
from opentact.voice.callflow.stage import CallFacts


@pytest.mark.parametrize(
    ("url", "final"),
    [
        ("http://a.example", "http://a.example?k=v%261"),
        ("http://a.example/x?a=%20+b&a", "http://a.example/x?a=%20+b&a&k=v%261"),
        ("http://a.example/x?#part", "http://a.example/x?k=v%261"),
        ("https://u:p@a.example:8443/ü", "https://u:p@a.example:8443/ü?k=v%261"),
    ],
)
def test_what_the_customer_wrote_stays_as_written(url: str, final: str) -> None:
    assert with_params(url, [("k", "v&1")]) == final


def test_an_unknown_fact_is_sent_empty() -> None:
    assert dict(call_params(CallFacts(fields=dict, app="a"))) == {
        "from": "",
        "tn": "",
        "state": "",
        "sca": "a",
        "call": "",
    }
