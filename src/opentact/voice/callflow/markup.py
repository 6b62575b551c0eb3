"""XML bytes to a plain tree of elements, each with its true line and column.

Expat rather than lxml, because libxml2 keeps no columns (docs/decisions/0020). Nothing is
fetched and no entity is expanded: a DOCTYPE is passed over unread, one that declares anything
is refused.
"""

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from .faults import Finding, FlowRefused

MAX_BYTES = 64 * 1024  # spec/11 D-13
MAX_ELEMENTS = 500  # spec/11 D-13, the root not counted
MAX_DEPTH = 32  # ours: menus of people end at six or seven levels

_BOM = b"\xef\xbb\xbf"
_HEAD = 1024  # a declaration is at most a hundred characters long, and blank lines may precede
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_DECLARATION = re.compile(r"\s*+<\?xml\s[^>?]*+\?>")
_ENCODING = re.compile(r"""encoding\s*=\s*["']([^"']*)["']""")
_BEFORE_DOCTYPE = re.compile(r"(?>\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_DOCTYPE = re.compile(r"""<!DOCTYPE(?>[^"'\[>]|"[^"]*"|'[^']*')*+""", re.IGNORECASE)
_INVALID = "not well-formed (invalid token)"
_EXPECTED = {
    "no element found": "; expected <Response>",
    "undefined entity": "; known are &amp; &lt; &gt; &quot; &apos; and &#N;",
}
_BARE_AMPERSAND = re.compile(r"&[^;&<]*$")
_NEWLINE = re.compile(r"\r\n|\r|\n")  # as expat counts lines
_NOT_NEWLINE = re.compile(r"[^\r\n]")


@dataclass(slots=True)
class Node:
    """An element as it was written."""

    name: str
    attributes: dict[str, str]
    line: int
    column: int
    children: list["Node"] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Text directly inside the element, white space folded as XML authors mean it."""
        return " ".join("".join(self.pieces).split())


def parse(document: bytes) -> Node:
    """Parse the document and return its root, or raise FlowRefused at the first slip of syntax."""
    if len(document) > MAX_BYTES:
        raise _refused(1, 1, f"{len(document)} bytes; at most {MAX_BYTES} are read")
    text = _without_doctype(_without_declaration(_decoded(document)))
    builder = _Builder()
    return builder.build(text)


class _Builder:
    """Collects expat's callbacks into a tree."""

    def __init__(self) -> None:
        self._open: list[Node] = []
        self._root: Node | None = None
        self._elements = 0
        self._expat = expat.ParserCreate("utf-8")
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._characters
        self._expat.StartDoctypeDeclHandler = self._doctype

    def build(self, text: str) -> Node:
        try:
            self._expat.Parse(text.encode(), True)  # noqa: FBT003 - expat takes no keywords
        except expat.ExpatError as slip:
            what = expat.ErrorString(slip.code) or "not well-formed"
            line = _NEWLINE.split(text)[slip.lineno - 1 : slip.lineno]
            offset, said = self._explain(what, "".join(line), slip.offset)
            raise _refused(slip.lineno, offset + 1, said) from None
        finally:
            # The parser holds our methods and we hold it: only a collector could free the two.
            del self._expat
        if self._root is None:
            raise _refused(1, 1, "no element found; expected <Response>")
        return self._root

    def _explain(self, what: str, line: str, offset: int) -> tuple[int, str]:
        """Say it as the usual slips of authors, who rarely think in tokens; and where it is."""
        if self._root is None and what in {_INVALID, "syntax error"}:
            return offset, f"{line[offset : offset + 20]!r} is no XML; expected <Response>"
        if what == _INVALID:
            return _invalid(line, offset)
        if self._open and what in {"mismatched tag", "no element found", "unclosed token"}:
            last = self._open[-1]
            return offset, f"{what}; <{last.name}> of line {last.line} is still open"
        return offset, what + _EXPECTED.get(what, "")

    def _here(self) -> tuple[int, int]:
        return self._expat.CurrentLineNumber, self._expat.CurrentColumnNumber + 1

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line, column = self._here()
        if len(self._open) >= MAX_DEPTH:
            raise _refused(line, column, f"nested deeper than {MAX_DEPTH} levels")
        if self._elements > MAX_ELEMENTS:
            raise _refused(line, column, f"more than {MAX_ELEMENTS} verbs")
        self._elements += 1
        node = Node(name, attributes, line, column)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self._root = node
        self._open.append(node)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _characters(self, data: str) -> None:
        self._open[-1].pieces.append(data)

    def _doctype(self, *_: object) -> None:
        line, column = self._here()
        raise _refused(line, column, "a second DOCTYPE")


def _invalid(line: str, offset: int) -> tuple[int, str]:
    if bare := _BARE_AMPERSAND.search(line, 0, offset + 1):
        return bare.start(), "a bare &; expected &amp;"
    if line.startswith("--", max(0, offset - 2)):
        return offset, "two hyphens inside a comment; expected none"
    return offset, f"not well-formed at {line[offset : offset + 20]!r}"


def _decoded(document: bytes) -> str:
    """Decode UTF-8; name any other encoding, found or declared."""
    if document.startswith(_UTF16):
        raise _refused(1, 1, "encoded as UTF-16; expected UTF-8")
    document = document.removeprefix(_BOM)
    _check_declared(document[:_HEAD].decode("latin-1"))
    try:
        return document.decode()
    except UnicodeDecodeError as slip:
        before = document[: slip.start].decode()
        line, column = _position(before, len(before))
        raise _refused(line, column, f"byte 0x{document[slip.start]:02x} is no UTF-8") from None


def _check_declared(head: str) -> None:
    if not (declared := _DECLARATION.match(head)):
        return
    encoding = _ENCODING.search(declared[0])
    if encoding and encoding[1].lower() not in {"utf-8", "utf8", "us-ascii", "ascii"}:
        line, column = _position(head, encoding.start())
        raise _refused(line, column, f"encoding {encoding[1][:40]!r}; expected UTF-8")


def _without_declaration(text: str) -> str:
    """Blank the XML declaration: white space before it, as templates leave it, does no harm."""
    declared = _DECLARATION.match(text)
    return _blank(text, 0, declared.end()) if declared else text


def _without_doctype(text: str) -> str:
    """Blank the DOCTYPE; clients send odd ones, such as `<!DOCTYPE dialplan/xml>` (spec/09)."""
    prolog = _BEFORE_DOCTYPE.match(text)
    start = prolog.end() if prolog else 0
    if not (doctype := _DOCTYPE.match(text, start)):
        return text
    if text.startswith("[", doctype.end()):
        line, column = _position(text, doctype.end())
        raise _refused(line, column, "the DOCTYPE declares something; expected none or a bare one")
    return _blank(text, start, doctype.end() + 1) if doctype.end() < len(text) else text


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + _NOT_NEWLINE.sub(" ", text[start:end]) + text[end:]


def _position(text: str, offset: int) -> tuple[int, int]:
    lines = _NEWLINE.split(text[:offset])
    return len(lines), len(lines[-1]) + 1


def _refused(line: int, column: int, message: str) -> FlowRefused:
    return FlowRefused([Finding(line, column, message)])
