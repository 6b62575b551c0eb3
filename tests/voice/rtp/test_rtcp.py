import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.rtp.rtcp import (
    Description,
    Goodbye,
    ReceiverReport,
    Report,
    ReportBlock,
    SenderReport,
    build,
    middle,
    ntp,
    parse,
)

WORDS = st.integers(0, 2**32 - 1)
blocks = st.lists(
    st.builds(
        ReportBlock,
        WORDS,
        st.integers(0, 255),
        st.integers(-(2**23), 2**23 - 1),
        WORDS,
        WORDS,
        WORDS,
        WORDS,
    ),
    max_size=31,
).map(tuple)
senders = st.builds(SenderReport, WORDS, st.integers(0, 2**64 - 1), WORDS, WORDS, WORDS, blocks)
receivers = st.builds(ReceiverReport, WORDS, blocks)
descriptions = st.builds(Description, WORDS, st.text("abc@.é", max_size=100))
goodbyes = st.builds(Goodbye, st.lists(WORDS, max_size=31).map(tuple))

REPORT = ReceiverReport(1)


@given(senders | receivers, descriptions, goodbyes)
def test_what_is_written_is_read_back(
    first: SenderReport | ReceiverReport, description: Description, bye: Goodbye
) -> None:
    expected: list[Report] = [first, description, bye]
    data = build(*expected)
    assert len(data) % 4 == 0
    if len(data) <= 1_500:
        assert parse(data) == expected


def test_reads_a_report_as_the_rfc_draws_it() -> None:
    data = bytes.fromhex(
        "81c80012 11111111 83aa7e80 80000000 00000140 00000002 00000140"
        "22222222 40ffffff 00010005 0000000a 7e808000 00010000"
        "81ca0003 11111111 01046140 62630000"
    )
    data = data[:2] + (12).to_bytes(2) + data[4:]
    report, description = parse(data)
    assert report == SenderReport(
        0x11111111,
        0x83AA7E80_80000000,
        320,
        2,
        320,
        (ReportBlock(0x22222222, 64, -1, 0x10005, 10, 0x7E808000, 65_536),),
    )
    assert description == Description(0x11111111, "a@bc")


def test_lost_is_kept_within_its_bits() -> None:
    block = ReportBlock(1, 0, 2**40, 0, 0)
    assert ReportBlock.parse(bytes(block)).lost == 2**23 - 1


def test_kinds_unknown_are_read_over() -> None:
    application = bytes((0x80, 204)) + (2).to_bytes(2) + bytes(8)
    assert parse(build(REPORT) + application + build(Goodbye((1,)))) == [REPORT, Goodbye((1,))]


def test_padding_is_taken_off_the_last() -> None:
    bye = bytes((0xA1, 203)) + (2).to_bytes(2) + b"\0\0\0\x09" + b"\0\0\0\x04"
    assert parse(build(REPORT) + bye) == [REPORT, Goodbye((9,))]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "0 bytes"),
        (build(*[ReceiverReport(1, (ReportBlock(1, 0, 0, 0, 0),) * 31)] * 3), "expected 8 to 1500"),
        (build(Goodbye((1,))), "begins with type 203"),
        (b"\x40" + build(REPORT)[1:], "version 1"),
        (build(REPORT)[:-2] + b"", "6 bytes"),
        (build(REPORT) + b"\x80", "within a header"),
        (b"\x81" + build(REPORT)[1:], "1 report blocks in 0 bytes"),
        (b"\x80\xc9\0\0" + b"\x80\xca\0\0", "without a source"),
        (b"\x80\xc8\0\x01" + bytes(4), "sender report of 4 bytes"),
        (b"\x80\xc9\0\x09" + bytes(4), "packet of 40 bytes in 8"),
        (build(REPORT) + b"\x82\xcb\0\x01" + bytes(4), "goodbye of 2 sources"),
        (build(REPORT) + b"\x81\xca\0\0", "1 descriptions in 0 bytes"),
        (build(REPORT) + b"\x81\xca\0\x02" + bytes(4) + b"\x01\x09ab", "within an item"),
        (b"\xa0\xc9\0\x01" + b"\0\0\0\x09", "padding"),
    ],
)
def test_refuses_what_is_no_compound(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(data)


@given(st.binary(max_size=100) | st.binary(max_size=60).map(lambda tail: build(REPORT) + tail))
def test_any_bytes_are_reports_or_refused(data: bytes) -> None:
    try:
        reports = parse(data)
    except ValueError:
        return
    assert len(reports) <= len(data)


def test_time_is_counted_from_1900() -> None:
    assert ntp(0) == 2_208_988_800 << 32
    assert ntp(0.5) & 0xFFFFFFFF == 1 << 31
    assert middle(0x1111_2222_3333_4444) == 0x2222_3333
