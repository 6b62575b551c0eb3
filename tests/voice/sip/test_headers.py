import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.headers import CSeq, NameAddr, Via, media_type, parse_hops, user_of
from opentact.voice.sip.uri import SipUri


class TestVia:
    def test_is_read_with_its_branch(self) -> None:
        via = Via.parse("SIP/2.0/udp host.example.com:5061 ;branch=z9hG4bK1 ; rport")
        assert via == Via("host.example.com", 5061, (("branch", "z9hG4bK1"), ("rport", None)))
        assert via.branch == "z9hG4bK1"
        assert via.param("rport") == ""

    def test_of_ipv6_keeps_its_brackets(self) -> None:
        assert str(Via.parse("SIP/2.0/UDP [2001:db8::1]:5060")) == "SIP/2.0/UDP [2001:db8::1]:5060"

    @pytest.mark.parametrize("branch", ["z9hG4bK", "1", ""])
    def test_without_the_cookie_has_no_branch(self, branch: str) -> None:
        params = f";branch={branch}" if branch else ""
        assert Via.parse(f"SIP/2.0/UDP x{params}").branch is None

    @pytest.mark.parametrize(
        "text", ["", "SIP/2.0/UDP", "SIP/2.0 x", "SIP/2.0/UDP x;;", "SIP/2.0/UDP x:70000"]
    )
    def test_that_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="not a"):
            Via.parse(text)

    def test_of_an_honest_host_stays_as_it_is(self) -> None:
        via = Via.parse("SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1")
        assert via.came_from("192.0.2.9", 5060) is via

    def test_notes_another_source(self) -> None:
        via = Via.parse("SIP/2.0/UDP host.example.com;branch=z9hG4bK1")
        assert str(via.came_from("192.0.2.9", 1024)) == (
            "SIP/2.0/UDP host.example.com;branch=z9hG4bK1;received=192.0.2.9"
        )

    def test_notes_the_port_when_asked(self) -> None:
        via = Via.parse("SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bK1")
        assert str(via.came_from("192.0.2.9", 1024)) == (
            "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;received=192.0.2.9;rport=1024"
        )

    def test_does_not_believe_what_the_sender_says_it_received(self) -> None:
        via = Via.parse("SIP/2.0/UDP x;received=203.0.113.1")
        assert via.came_from("192.0.2.9", 5060).param("received") == "192.0.2.9"


class TestNameAddr:
    @pytest.mark.parametrize(
        ("text", "address"),
        [
            ("sip:a@x", NameAddr("sip:a@x")),
            ("sip:a@x;tag=1", NameAddr("sip:a@x", None, (("tag", "1"),))),
            ("<sip:a@x;lr>;tag=1", NameAddr("sip:a@x;lr", None, (("tag", "1"),))),
            ("Ann Lee <sip:a@x>", NameAddr("sip:a@x", "Ann Lee")),
            ('"Lee, \\"Ann\\"" <sip:a@x>', NameAddr("sip:a@x", 'Lee, "Ann"')),
            ('"" <sip:a@x>', NameAddr("sip:a@x")),
            ("Zoë <sip:a@x>", NameAddr("sip:a@x", "Zoë")),
            ("caller<sip:a@x>", NameAddr("sip:a@x", "caller")),
            ("<tel:+12015550100>", NameAddr("tel:+12015550100")),
        ],
    )
    def test_is_read_in_every_form(self, text: str, address: NameAddr) -> None:
        assert NameAddr.parse(text) == address

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "*",
            "a@x",
            "< sip:a@x>",
            '"open <sip:a@x>',
            "Lee, Ann <sip:a@x>",
            "<sip:a@x",
            "<sip:a@x> tail",
            "sip:a@x?Route=x",
            "sip:a@x,sip:b@x",
            "<sip:a@x>;;",
        ],
    )
    def test_that_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="not a"):
            NameAddr.parse(text)

    @given(st.text(min_size=1, max_size=20).filter(lambda text: text == text.strip()))
    def test_survives_printing_whatever_the_name(self, display: str) -> None:
        address = NameAddr("sip:a@x", display, (("tag", "1"),))
        assert NameAddr.parse(str(address)) == address

    def test_gives_its_uri_as_a_value(self) -> None:
        assert NameAddr.parse("<sip:a@x>").sip_uri == SipUri("x", "a")


class TestCSeq:
    def test_survives_printing(self) -> None:
        assert CSeq.parse("0009\t INVITE") == CSeq(9, "INVITE")
        assert str(CSeq(9, "INVITE")) == "9 INVITE"

    @pytest.mark.parametrize("text", ["", "1", "INVITE", "-1 INVITE", "2147483648 INVITE", "1 a b"])
    def test_that_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="not a CSeq"):
            CSeq.parse(text)


@pytest.mark.parametrize(
    ("uri", "user"),
    [
        ("sip:+12015550100@x", "+12015550100"),
        ("sip:+1201;phone-context=x@y", "+1201"),
        ("tel:+12015550100;ext=1", "+12015550100"),
        ("sip:x", ""),
        ("http://x/", ""),
        ("sip:caf%E9@x", "caf\ufffd"),
    ],
)
def test_the_user_of_a_uri_can_be_shown(uri: str, user: str) -> None:
    assert user_of(uri) == user


def test_hops_are_a_small_number() -> None:
    assert parse_hops(" 0068 ") == 68
    for text in ("256", "-1", "x", "", "1" * 30):
        with pytest.raises(ValueError, match="not a Max-Forwards"):
            parse_hops(text)


def test_a_media_type_is_compared_without_case_and_parameters() -> None:
    assert media_type("Application / SDP ; charset=x") == "application/sdp"
    assert media_type("nonsense") == ""
