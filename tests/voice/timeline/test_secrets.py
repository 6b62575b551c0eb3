from opentact.voice.timeline.secrets import masked, masked_url

DIGEST = (
    b"INVITE sip:1@x SIP/2.0\r\n"
    b'Proxy-Authorization: Digest username="bob", realm="x", nonce="abc",\tresponse="0a1b",'
    b'cnonce="q", nc=00000001\r\n'
    b"CSeq: 2 INVITE\r\n\r\n"
)


def test_the_proof_of_a_password_is_masked_and_who_gave_it_is_not() -> None:
    shown = masked(DIGEST)
    assert b"0a1b" not in shown
    assert b'"abc"' not in shown
    assert b'username="bob"' in shown
    assert shown.endswith(b"CSeq: 2 INVITE\r\n\r\n")


def test_any_other_kind_of_login_is_masked_as_a_whole() -> None:
    assert masked(b"X\r\nAuthorization: Basic Ym9iOnNlY3JldA==\r\n\r\n") == (
        b"X\r\nAuthorization: (masked)\r\n\r\n"
    )


def test_a_header_in_capitals_is_masked_too() -> None:
    assert b"0a1b" not in masked(DIGEST.replace(b"Proxy-Authorization", b"PROXY-AUTHORIZATION"))


def test_the_key_of_secure_media_is_masked() -> None:
    line = b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9|2^20\r\n"
    assert masked(line) == b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:(masked)|2^20\r\n"


def test_a_message_without_secrets_is_the_same_object() -> None:
    plain = b"BYE sip:1@x SIP/2.0\r\n\r\n"
    assert masked(plain) is plain


def test_logins_and_tokens_in_urls_are_masked() -> None:
    url = "https://bob:pw@flows.example.com/menu?from=1&api_token=abc&x=2"
    assert (
        masked_url(url) == "https://(masked)@flows.example.com/menu?from=1&api_token=(masked)&x=2"
    )
