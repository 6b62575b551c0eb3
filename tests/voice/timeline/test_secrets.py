from opentact.voice.timeline.secrets import mask_of, masked, masked_url

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


def test_who_withholds_his_number_is_masked_in_every_message_of_the_call() -> None:
    invite = (
        b"INVITE sip:+12015550100@x SIP/2.0\r\nPrivacy: id;critical\r\n"
        b'From: "Ann Lee" <sip:+12025550199@c>;tag=1\r\nTo: <sip:+12015550100@x>\r\n'
        b"P-Asserted-Identity: <tel:+12025550188>\r\n\r\n"
    )
    bye = b'BYE sip:+12025550199@c SIP/2.0\r\nTo: "Ann Lee" <sip:+12025550199@c>;tag=1\r\n\r\n'
    mask = mask_of([invite, bye])
    for shown in (mask(invite), mask(bye)):
        assert b"Ann Lee" not in shown
        assert b"2025550199" not in shown
        assert b"2025550188" not in shown
    assert b"To: <sip:+12015550100@x>" in mask(invite)


def test_who_does_not_withhold_it_is_not_masked() -> None:
    assert mask_of([b'INVITE sip:x SIP/2.0\r\nFrom: "A" <sip:+12025550199@c>\r\n\r\n']) is masked
    anonymous = b'Privacy: id\r\nFrom: "Anonymous" <sip:anonymous@anonymous.invalid>\r\n\r\n'
    assert mask_of([anonymous]) is masked


def test_logins_and_tokens_in_urls_are_masked() -> None:
    url = "https://bob:pw@flows.example.com/menu?from=1&api_token=abc&x=2"
    assert (
        masked_url(url) == "https://(masked)@flows.example.com/menu?from=1&api_token=(masked)&x=2"
    )
