"""The base of every element of a flow: a frozen value that reads itself and, a verb, runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, TypeVar, cast

from .grammar import TAG, Attribute, Grammar
from .stage import Course, Outcome, Stage, Visit
from .steps import Done, Failed, Reply

T = TypeVar("T")
E = TypeVar("E", bound="Element")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an element stands, its tag, and the block to run should it fail."""

    path: str
    line: int
    column: int
    tag: str | None = None
    on_error: "Verb | None" = None


@dataclass(frozen=True, slots=True)
class Given:
    """An element as read, every attribute parsed and every child whole."""

    path: str
    line: int
    column: int
    values: Mapping[str, object]
    written: frozenset[str]
    children: tuple["Element", ...]

    def __getitem__(self, attribute: Attribute[T]) -> T:
        return cast("T", self.values[attribute.name])

    def has(self, *attributes: Attribute[Any]) -> bool:
        """Tell whether any of them was written, under whatever alias."""
        return any(attribute.name in self.written for attribute in attributes)

    def all(self, kind: type[E]) -> tuple[E, ...]:
        """Pick the children of one kind."""
        return tuple(child for child in self.children if isinstance(child, kind))

    def first(self, kind: type[E]) -> E | None:
        """Pick the first child of one kind."""
        return next(iter(self.all(kind)), None)

    def origin(self, on_error: "Verb | None" = None) -> Origin:
        """Say where the element stands."""
        return Origin(self.path, self.line, self.column, self[TAG], on_error)

    @property
    def verbs(self) -> tuple["Verb", ...]:
        """The children that are commands."""
        return self.all(Verb)


@dataclass(frozen=True, slots=True)
class Element:
    """Anything with a name in a flow; one that is no verb is read by its parent."""

    grammar: ClassVar[Grammar]

    origin: Origin

    @classmethod
    def read(cls, given: Given) -> Self:
        """Make one of what was written, or raise ValueError with what was expected."""
        raise NotImplementedError

    def failing_into(self, block: "Verb") -> Self:
        """Give it the `<Error>` block that stands behind it."""
        return replace(self, origin=replace(self.origin, on_error=block))


@dataclass(frozen=True, slots=True)
class Verb(Element):
    """A command."""

    def run(self, stage: Stage) -> Course:
        """Do what the verb does, by asking."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Block(Verb):
    """Commands to be run in order, when its parent says so."""

    verbs: tuple[Verb, ...]

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given.verbs)

    def run(self, stage: Stage) -> Course:  # noqa: ARG002 - it asks nothing of its own
        yield from each(self.verbs)
        return Outcome(success=True, reason=count(len(self.verbs)))


def each(verbs: tuple[Verb, ...], base: str | None = None) -> Iterator[Visit]:
    """Visit one after the other."""
    return (Visit(verb, base) for verb in verbs)


def count(commands: int) -> str:
    """Say how many commands were run."""
    return f"{commands} command{'' if commands == 1 else 's'} run"


def cannot_run(name: str, why: str) -> Outcome:
    """Refuse to run: the fault a flow's `<Error>` block answers to."""
    return Outcome(success=False, reason=f"<{name}> cannot run yet: {why}")


def outcome(reply: Reply | Outcome | None, said: str) -> Outcome:
    """Turn the plain replies into what came of the verb; `said` if the reply gives no reason."""
    match reply:
        case Done(reason, barged):
            return Outcome(success=True, reason=reason or said, barged=barged)
        case Failed(reason):
            return Outcome(success=False, reason=reason)
        case _:
            raise TypeError(f"expected Done or Failed, was sent {reply!r}")
