import pytest

from opentact.voice.callflow.faults import FlowRefused
from opentact.voice.callflow.markup import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, parse
from voice.callflow.conversation import refusal


def test_every_element_knows_its_line_and_column() -> None:
    root = parse(b'<Response>\n  <Answer/>\n\t<Gather><DTMF value="1"/></Gather></Response>')
    [answer, gather] = root.children
    [dtmf] = gather.children
    assert (answer.line, answer.column) == (2, 3)
    assert (gather.line, gather.column) == (3, 2)
    assert (dtmf.line, dtmf.column) == (3, 10)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_editor_ends_them(newline: str) -> None:
    lines = ['<?xml version="1.0"?>', "<!DOCTYPE a>", "<Response>", "  <Answer/>", "</Response>"]
    assert parse(newline.join(lines).encode()).children[0].line == 4
    bad = newline.join([*lines[:3], "\u2028\x85 & x", "</Response>"])
    assert refusal(bad) == ["4:4: a bare &; expected &amp;"]


def test_columns_count_characters_not_bytes() -> None:
    root = parse("<Response><Say>größer 電話</Say><Hangup/></Response>".encode())
    assert root.children[1].column == len("<Response><Say>größer 電話</Say>") + 1


def test_text_is_folded() -> None:
    root = parse(b"<Say>\n  one <![CDATA[& two]]>\n three </Say>")
    assert root.text == "one & two three"


@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE dialplan/xml>",
        "<!doctype html>",
        '<!DOCTYPE Response SYSTEM "http://127.0.0.1:1/evil.dtd">',
        '<!DOCTYPE Response PUBLIC "-//x > y//" "http://127.0.0.1:1/evil.dtd">',
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- hello > -->\n<!DOCTYPE dialplan/xml >',
        '\n\n  <?xml version="1.0" encoding="utf-8" standalone="yes"?>',
        "\ufeff<?xml version='1.0'?>",
        "<?xml version='1.0' encoding='US-ASCII'?><?php echo ?>",
    ],
)
def test_odd_beginnings_are_passed_over_and_keep_places_true(prolog: str) -> None:
    root = parse(f"{prolog}\n <Response/>".encode())
    assert root.name == "Response"
    assert (root.line, root.column) == (prolog.count("\n") + 2, 2)


BILLION_LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE lolz [
 <!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
]>
<Response><Say>&lol2;</Say></Response>"""


@pytest.mark.parametrize(
    ("document", "finding"),
    [
        (BILLION_LAUGHS, "2:16: the DOCTYPE declares something; expected none or a bare one"),
        (
            '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Response>&x;</Response>',
            "1:13: the DOCTYPE declares something; expected none or a bare one",
        ),
        ("<!DOCTYPE a><!DOCTYPE b><Response/>", "1:24: a second DOCTYPE"),
        (
            "<Response>&nbsp;</Response>",
            "1:11: undefined entity; known are &amp; &lt; &gt; &quot; &apos; and &#N;",
        ),
        ('<Response><Play url="http://a/?a=1&b=2"/></Response>', "1:35: a bare &; expected &amp;"),
        (
            "<Response><!-- a --b --></Response>",
            "1:20: two hyphens inside a comment; expected none",
        ),
        ("<Response><Say loop=1/></Response>", "1:21: not well-formed at '1/></Response>'"),
        (
            "<Response>\n <Say>x\n</Response>",
            "3:3: mismatched tag; <Say> of line 2 is still open",
        ),
        ("<Response>", "1:11: no element found; <Response> of line 1 is still open"),
        ("<Response/><Response/>", "1:12: junk after document element"),
        ("", "1:1: no element found; expected <Response>"),
        ("hello", "1:1: 'hello' is no XML; expected <Response>"),
        ('{"a": 1}', "1:1: '{\"a\": 1}' is no XML; expected <Response>"),
        ("<!DOCTYPE never", "1:16: no element found; expected <Response>"),
        ("<Response>\x00</Response>", "1:11: not well-formed at '\\x00</Response>'"),
        ("<Response>\x01</Response>", "1:11: not well-formed at '\\x01</Response>'"),
        ("<Response>&#0;</Response>", "1:11: reference to invalid character number"),
    ],
)
def test_slips_are_refused_where_they_are(document: str, finding: str) -> None:
    assert refusal(document) == [finding]


@pytest.mark.parametrize(
    ("document", "finding"),
    [
        (b"<Response>\n<Say>caf\xe9</Say></Response>", "2:9: byte 0xe9 is no UTF-8"),
        (b"\xef\xbb\xbf<Response>\xff", "1:11: byte 0xff is no UTF-8"),
        (
            b'<?xml version="1.0" encoding="ISO-8859-1"?><Response/>',
            "1:21: encoding 'ISO-8859-1'; expected UTF-8",
        ),
        (
            b'<?xml version="1.0" encoding="UTF-16"?><Response/>',
            "1:21: encoding 'UTF-16'; expected UTF-8",
        ),
        ("<Response/>".encode("utf-16"), "1:1: encoded as UTF-16; expected UTF-8"),
        ("<Response/>".encode("utf-16-be"), "1:1: encoded as UTF-16; expected UTF-8"),
        (b"+ADw-Response+AD4-", "1:1: '+ADw-Response+AD4-' is no XML; expected <Response>"),
    ],
)
def test_other_encodings_are_refused_by_name(document: bytes, finding: str) -> None:
    assert refusal(document) == [finding]


def nested(levels: int) -> bytes:
    inner = '<Call field="to" value="1">' * (levels - 1) + "</Call>" * (levels - 1)
    return f"<Response>{inner}</Response>".encode()


def test_a_document_as_deep_as_the_limit_is_read() -> None:
    assert parse(nested(MAX_DEPTH)).name == "Response"


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 100, 1500])
def test_a_deeper_document_is_refused(levels: int) -> None:
    column = len("<Response>") + (MAX_DEPTH - 1) * len('<Call field="to" value="1">') + 1
    assert refusal(nested(levels)) == [f"1:{column}: nested deeper than {MAX_DEPTH} levels"]


def test_as_many_verbs_as_the_limit_are_read_and_not_one_more() -> None:
    full = "<Hangup/>" * MAX_ELEMENTS
    assert len(parse(f"<Response>{full}</Response>".encode()).children) == MAX_ELEMENTS
    [finding] = refusal(f"<Response>{full}<Hangup/></Response>")
    assert finding.endswith(f"more than {MAX_ELEMENTS} verbs")


def test_a_document_may_be_64_kib_and_no_more() -> None:
    room = MAX_BYTES - len("<Response><!----></Response>")
    assert parse(b"<Response><!--" + b" " * room + b"--></Response>").name == "Response"
    assert refusal(b"<Response><!--" + b" " * (room + 1) + b"--></Response>") == [
        f"1:1: {MAX_BYTES + 1} bytes; at most {MAX_BYTES} are read"
    ]


def test_ten_megabytes_are_refused_unread() -> None:
    assert refusal(b"<" * 10_000_000) == ["1:1: 10000000 bytes; at most 65536 are read"]


@pytest.mark.parametrize("piece", ["<!--", "<?x ?>", "<!DOCTYPE ", "&", "<!-- -->", "'\"", " "])
def test_no_prolog_takes_long(piece: str) -> None:
    # Quadratic scanning would take minutes here, not milliseconds.
    with pytest.raises(FlowRefused):
        parse((piece * (MAX_BYTES // len(piece))).encode())
