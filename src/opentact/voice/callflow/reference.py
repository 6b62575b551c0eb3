"""The reference of all verbs, written from their grammars: `docs/reference/verbs.md`.

`python -m opentact.voice.callflow.reference > docs/reference/verbs.md` writes it anew.
"""

import inspect
import sys
from collections.abc import Iterator

from .grammar import FLOW, Attribute, Grammar, Missing
from .markup import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS
from .stage import MAX_FETCHES, MAX_STEPS
from .verb import Element
from .verbs import ELEMENTS

_OPENING = f"""\
# Verbs of a call flow

<!-- Written by `python -m opentact.voice.callflow.reference`; change the verbs, not this file. -->

A call flow is an XML document, encoded in UTF-8, whose root is `<Response>`. Its commands run in
order; at the end the call is hung up. All times are in milliseconds. `opentact callflow check`
says what is wrong with a document, `opentact callflow run` plays it against a text-mode caller.

- **Paths.** Events name a command by its path: `Gather[0]/DTMF[1]/Say[0]` is the first Say in the
  second DTMF of the first Gather. Commands of a fetched document stand below the command that
  fetched it: `Callback[0]/Response[0]/Say[0]`.
- **Errors.** A command that fails runs its `<Error>` block: the one inside it, or else the one
  right behind it. Without a block the flow goes on with the next command.
- **Text** inside an element stands for the attribute marked *or text*; the attribute wins.
- **`tag`** may be given on every element and is echoed in its events.
- **Limits.** A document has at most {MAX_BYTES // 1024} KiB, {MAX_ELEMENTS} elements and
  {MAX_DEPTH} levels. A call makes at most {MAX_FETCHES} fetches and runs at most {MAX_STEPS}
  commands; beyond that its flow ends with an error.
- **Refusals.** A document with anything wrong in it is refused whole, with line and column of
  everything found.
"""


def reference() -> str:
    """Write the page."""
    return "\n".join([_OPENING, *_overview(), *(_page(element) for element in ELEMENTS)])


def document(grammar: Grammar) -> str:
    """Make an element's example a whole document."""
    return f"<Response>{grammar.example}</Response>"


def _overview() -> Iterator[str]:
    yield "| Element | Stands in |"
    yield "|---|---|"
    for element in ELEMENTS:
        grammar = element.grammar
        yield f"| [`<{grammar.name}>`](#{grammar.name.lower()}) | {_parents(grammar)} |"
    yield ""


def _parents(grammar: Grammar) -> str:
    if grammar.name in FLOW:
        besides = [
            f"`<{parent.grammar.name}>`"
            for parent in ELEMENTS
            if grammar.name in parent.grammar.children and not parent.grammar.is_flow
        ]
        return ", ".join(["any commands", *besides])
    parents = [
        f"`<{parent.grammar.name}>`"
        for parent in ELEMENTS
        if grammar.name in parent.grammar.children
    ]
    return ", ".join(parents) or "the root"


def _page(element: type[Element]) -> str:
    grammar = element.grammar
    also = f" (also `<{'>`, `<'.join(grammar.aliases)}>`)" if grammar.aliases else ""
    lines = [f"## {grammar.name}", "", inspect.cleandoc(element.__doc__ or "") + also, ""]
    if grammar.attributes:
        lines += ["| Attribute | Value | Default | Meaning |", "|---|---|---|---|"]
        lines += [_row(attribute, grammar) for attribute in grammar.attributes]
        lines += [""]
    if grammar.children:
        lines += [f"Holds {_children(grammar)}.", ""]
    lines += ["```xml", document(grammar), "```", ""]
    return "\n".join(lines)


def _row(attribute: Attribute[object], grammar: Grammar) -> str:
    names = " or ".join(f"`{name}`" for name in (attribute.name, *attribute.aliases))
    text = " *or text*" if attribute is grammar.text else ""
    return f"| {names}{text} | {attribute.kind.says} | {_default(attribute)} | {attribute.says} |"


def _default(attribute: Attribute[object]) -> str:
    match attribute.default:
        case Missing.REQUIRED:
            return "must be given"
        case None | "":
            return ""
        case bool(flag):
            return f"`{str(flag).lower()}`"
        case value:
            return f"`{value}`"


def _children(grammar: Grammar) -> str:
    if grammar.is_flow:
        return "commands"
    return ", ".join(
        f"`<{name}>` (once)" if name in grammar.once else f"`<{name}>`" for name in grammar.children
    )


if __name__ == "__main__":
    sys.stdout.write(reference())
