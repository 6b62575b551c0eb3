import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.uri import SipUri, scheme_of

HOSTS = st.sampled_from(["example.com", "192.0.2.1", "[2001:db8::1]"])
TEXT = st.text(min_size=1, max_size=12)
URIS = st.builds(
    SipUri,
    host=HOSTS,
    user=st.none() | TEXT,
    port=st.none() | st.integers(0, 65535),
    params=st.lists(st.tuples(TEXT.map(str.lower), st.none() | TEXT), max_size=3).map(tuple),
    headers=st.lists(st.tuples(TEXT, st.text(max_size=9)), max_size=2).map(tuple),
    scheme=st.sampled_from(["sip", "sips"]),
)


@given(URIS)
def test_a_uri_survives_printing(uri: SipUri) -> None:
    assert SipUri.parse(str(uri)) == SipUri(
        uri.host,
        uri.user,
        uri.port,
        # Lower case of one character may be several that fold again.
        tuple((name.lower(), value) for name, value in uri.params),
        uri.headers,
        uri.password,
        uri.scheme,
    )


@given(st.text())
def test_any_text_is_a_uri_or_a_value_error(text: str) -> None:
    try:
        uri = SipUri.parse("sip:" + text)
    except ValueError:
        return
    assert SipUri.parse(str(uri)) == uri


def test_every_part_is_read() -> None:
    uri = SipUri.parse("sips:alice:secret@atlanta.com:5061;Transport=TLS;lr?subject=a%20b&x=")
    assert uri == SipUri(
        "atlanta.com",
        "alice",
        5061,
        (("transport", "TLS"), ("lr", None)),
        (("subject", "a b"), ("x", "")),
        "secret",
        "sips",
    )
    assert uri.param("lr") == ""
    assert uri.param("maddr") is None


def test_a_feature_code_may_have_a_bare_hash() -> None:
    assert SipUri.parse("sip:*21#@x").user == "*21#"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "tel:+12015550100",
        "sip:@x",
        "sip:a b@x",
        "sip:a@",
        "sip:a@x:99999",
        "sip:a@x:5060:1",
        "sip:a%2@x",
        "sip:a@x;",
        "sip:a@x;=1",
        "sip:a@x;p= 1",
        "sip:a@x?novalue",
        "sip:a@[x]",
        "<sip:a@x>",
    ],
)
def test_what_is_no_sip_uri_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="SIP URI"):
        SipUri.parse(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "SIP:alice@AtlanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
    ],
)
def test_these_are_the_same_by_rfc_3261_19_1_4(one: str, other: str) -> None:
    assert SipUri.parse(one).matches(SipUri.parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
    ],
)
def test_these_differ_by_rfc_3261_19_1_4(one: str, other: str) -> None:
    assert not SipUri.parse(one).matches(SipUri.parse(other))


def test_any_scheme_is_told() -> None:
    assert scheme_of("TEL:+1") == "tel"
    assert scheme_of("urn:service:sos") == "urn"


@pytest.mark.parametrize("text", ["alan@jasomi.com", "<sip:a>", "sip:", ":x", 'sip:"a"'])
def test_what_has_no_scheme_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a URI"):
        scheme_of(text)
