"""Reading a call flow: bytes to a frozen document, or a refusal that names everything wrong.

One pass over the tree of elements checks names, nesting, attributes and text against each
element's grammar; an element that is sound then reads itself.
"""

from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, lru_cache

from .faults import MAX_FINDINGS, Finding, FlowRefused
from .grammar import Attribute, Grammar, Missing
from .markup import Node, parse
from .verb import Element, Given, Verb

_SHOWN = 60  # characters of a bad value that a message repeats


@dataclass(frozen=True, slots=True)
class FlowDocument:
    """A flow that can be run: its commands in order."""

    verbs: tuple[Verb, ...]
    size: int  # elements below the root


@lru_cache(maxsize=256)
def read(document: bytes) -> FlowDocument:
    """Read a call-flow document (spec/09), or raise FlowRefused with all that is wrong.

    What was read lately is kept: most calls of a number run the same document.
    """
    reader = _Reader()
    root = parse(document)
    verbs = reader.document(root)
    if reader.findings:
        raise FlowRefused(reader.findings)
    return FlowDocument(verbs, reader.size)


@cache
def elements() -> dict[str, type[Element]]:
    """List every element by each name it answers to."""
    from .verbs import ELEMENTS  # noqa: PLC0415 - the verbs that fetch read documents in turn

    by_name: dict[str, type[Element]] = {}
    for element in ELEMENTS:
        for name in (element.grammar.name, *element.grammar.aliases):
            by_name[name] = element
    return by_name


@dataclass(slots=True)
class _Reader:
    findings: list[Finding] = field(default_factory=list)
    size: int = 0
    known: dict[str, type[Element]] = field(default_factory=elements)

    def document(self, root: Node) -> tuple[Verb, ...]:
        response = self.known["Response"].grammar
        if root.name != response.name:
            self._find(root, f"<{_cut(root.name)}> is no call flow; expected <Response>")
            return ()
        self._attributes(root, response)
        self._text(root, response)
        children = self._children(root, response, "")
        return tuple(child for child in children if isinstance(child, Verb))

    def _element(self, node: Node, kind: type[Element], path: str) -> Element | None:
        """Read one element and all inside; None if anything of that was wrong."""
        before = len(self.findings)
        self.size += 1
        grammar = kind.grammar
        values = self._attributes(node, grammar)
        written = frozenset(values)
        values |= self._text(node, grammar)
        values |= self._absent(node, grammar, values)
        children = self._children(node, grammar, f"{path}/")
        if len(self.findings) > before:
            return None
        written |= values.keys() & {grammar.text.name} if grammar.text else frozenset()
        given = Given(path, node.line, node.column, values, written, children)
        try:
            return kind.read(given)
        except ValueError as unfit:
            self._find(node, f"<{node.name}>: {unfit}")
            return None

    def _children(self, node: Node, grammar: Grammar, base: str) -> tuple[Element, ...]:
        counts: dict[str, int] = {}
        read: list[Element | None] = []
        for child in node.children:
            if (kind := self._placed(child, grammar, node)) is None:
                self._descend(child)
                read.append(None)
                continue
            name = kind.grammar.name
            nth = counts.get(name, 0)
            counts[name] = nth + 1
            if nth and name in grammar.once:
                self._find(child, f"a second <{name}> in <{node.name}>; expected at most one")
            element = self._element(child, kind, f"{base}{name}[{nth}]")
            if name == "Error" and grammar.is_flow:
                self._attach(child, element, read)
            else:
                read.append(element)
        return tuple(element for element in read if element is not None)

    def _attach(self, node: Node, block: Element | None, read: list[Element | None]) -> None:
        """Give an `<Error>` to the command before it."""
        if not read:
            self._find(node, "<Error> has no command before it; expected one that may fail")
            return
        failing = read[-1]
        if failing is None or not isinstance(block, Verb):
            return
        if failing.origin.on_error is not None:
            name = failing.grammar.name
            self._find(node, f"<{name}> has an <Error> already; expected at most one")
            return
        read[-1] = failing.failing_into(block)

    def _placed(self, node: Node, parent: Grammar, within: Node) -> type[Element] | None:
        """Find what the node is, if it may stand in that parent."""
        kind = self.known.get(node.name)
        if kind is None:
            names = [kind.grammar.name for kind in self.known.values()]
            hint = self._nearest(node.name, list(parent.children), names)
            expected = f"<{within.name}> may hold {_listed(parent.children)}"
            self._find(node, f"unknown verb <{_cut(node.name)}>{hint}; {expected}")
        elif kind.grammar.name not in parent.children:
            here = f"<{node.name}> may not stand in <{within.name}>"
            self._find(node, f"{here}; expected {_listed(parent.children)}")
        else:
            return kind
        return None

    def _descend(self, node: Node) -> None:
        """Look for more mistakes inside an element that is out of place itself."""
        self.size += 1
        if (kind := self.known.get(node.name)) is not None:
            self._attributes(node, kind.grammar)
            self._children(node, kind.grammar, "")

    def _attributes(self, node: Node, grammar: Grammar) -> dict[str, object]:
        values: dict[str, object] = {}
        # An alias gives way to the name proper, whichever is written first.
        for name, text in sorted(node.attributes.items(), key=lambda a: _is_alias(grammar, a[0])):
            attribute = grammar.find(name)
            if attribute is None:
                if not _is_namespace(name):
                    self._unknown(node, grammar, name)
            elif attribute.name not in values:
                try:
                    values[attribute.name] = attribute.kind.parse(text)
                except ValueError:
                    self._bad(node, name, text, attribute)
        return values

    def _text(self, node: Node, grammar: Grammar) -> dict[str, object]:
        """Read the text as the attribute it stands for; the attribute wins (spec/11 X10)."""
        attribute = grammar.text
        if not node.text:
            return {}
        if attribute is None:
            self._find(node, f"text {_cut(node.text)!r} in <{node.name}>; expected none")
        elif not _written(node, attribute):
            try:
                return {attribute.name: attribute.kind.parse(node.text)}
            except ValueError:
                self._bad(node, "text", node.text, attribute)
        return {}

    def _absent(self, node: Node, grammar: Grammar, values: dict[str, object]) -> dict[str, object]:
        defaults: dict[str, object] = {"tag": None}
        for attribute in grammar.attributes:
            if not isinstance(attribute.default, Missing):
                defaults[attribute.name] = attribute.default
            elif not _written(node, attribute) and not (attribute is grammar.text and node.text):
                # One that was written badly has been found already.
                where = "as attribute or text" if grammar.text is attribute else "as attribute"
                expected = f"expected {where}: {attribute.kind.says}"
                self._find(node, f"<{node.name}> lacks its {attribute.name}; {expected}")
        return {name: value for name, value in defaults.items() if name not in values}

    def _unknown(self, node: Node, grammar: Grammar, name: str) -> None:
        names = [*(attribute.name for attribute in grammar.attributes), "tag"]
        hint = f"{self._nearest(name, names)}; known are {', '.join(names)}"
        self._find(node, f"<{node.name}> has no attribute {_cut(name)!r}{hint}")

    def _bad(self, node: Node, name: str, text: str, attribute: Attribute[object]) -> None:
        expected = attribute.kind.says
        self._find(node, f"<{node.name} {name}={_cut(text)!r}>: expected {expected}")

    def _nearest(self, name: str, *known: list[str]) -> str:
        """Guess what was meant, among the first names if any of those is near."""
        # Guessing is slow, and of what nobody is shown it would be for the attacker's sake only.
        if len(self.findings) >= MAX_FINDINGS:
            return ""
        for names in known:
            folded = {word.lower(): word for word in names}
            if near := get_close_matches(name[:_SHOWN].lower(), folded, n=1):
                return f"; did you mean {folded[near[0]]}?"
        return ""

    def _find(self, node: Node, message: str) -> None:
        self.findings.append(Finding(node.line, node.column, message))


def _written(node: Node, attribute: Attribute[object]) -> bool:
    return any(name in node.attributes for name in (attribute.name, *attribute.aliases))


def _is_alias(grammar: Grammar, name: str) -> bool:
    attribute = grammar.find(name)
    return attribute is not None and attribute.name != name


def _is_namespace(name: str) -> bool:
    """Editors and serializers add `xmlns` and `xsi:...`; they say nothing about the call."""
    return name == "xmlns" or name.startswith(("xmlns:", "xsi:", "xml:"))


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"<{name}>" for name in names) or "nothing"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
