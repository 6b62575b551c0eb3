import pytest

from opentact.voice.sip.refusals import MAX_CONTACTS, read_refusal
from voice.sip.samples import read_response, response


def test_a_redirection_names_where_to_go_best_first() -> None:
    data = response(
        302,
        "Contact: <sip:second@192.0.2.8>;q=0.2, <sip:first@192.0.2.7>;q=0.9",
        "Contact: <sip:third@192.0.2.6>;q=0.1",
    ).replace(b"Contact: <sip:ann@192.0.2.9:5062>\r\n", b"")
    assert read_refusal(read_response(data)).contacts == (
        "sip:first@192.0.2.7",
        "sip:second@192.0.2.8",
        "sip:third@192.0.2.6",
    )


def test_only_a_redirection_redirects() -> None:
    assert read_refusal(read_response(response(486))).contacts == ()


def test_an_endless_list_is_cut() -> None:
    many = ", ".join(f"<sip:u{n}@192.0.2.9>" for n in range(60))
    refusal = read_refusal(read_response(response(300, f"Contact: {many}")))
    assert len(refusal.contacts) == MAX_CONTACTS


def test_what_cannot_be_read_is_left_out() -> None:
    bad = response(302, "Contact: <sip:x@y>;q=much", 'Contact: "open <sip:x@y>')
    assert read_refusal(read_response(bad)).contacts == ("sip:ann@192.0.2.9:5062",)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5),
        ("18000;duration=3600", 18000),
        ("120 (meeting)", 120),
        ("soon", None),
        ("999999", None),
    ],
)
def test_a_pause_is_read(text: str, seconds: int | None) -> None:
    refusal = read_refusal(
        read_response(response(503, f"Retry-After: {text}", "Reason: SIP;cause=1"))
    )
    assert refusal.retry_after == seconds
    assert refusal.reason == "SIP;cause=1"
