"""<Switch>: the branches of the old Gather."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from opentact.voice.callflow.grammar import Grammar
from opentact.voice.callflow.verb import Element, Given

from .case import Case
from .default import Default
from .error import Error

if TYPE_CHECKING:
    from .dtmf import Dtmf


@dataclass(frozen=True, slots=True)
class Switch(Element):
    """Branches on what was entered into the old Gather around it.

    Its `Default` runs when no Case answers, its `Error` when nothing was entered: the other way
    round than directly in a Gather.
    """

    grammar: ClassVar = Grammar(
        name="Switch",
        children=("Case", "Default", "Error"),
        once=("Default", "Error"),
        example=(
            '<Gather numDigits="1"><Switch>'
            '<Case dtmf="1"><Say>Sales.</Say></Case>'
            "<Default><Say>Unknown choice.</Say></Default>"
            "<Error><Say>No key pressed.</Say></Error>"
            "</Switch></Gather>"
        ),
    )

    cases: tuple[Case, ...]
    default: Default | None
    nothing: Error | None

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given.all(Case), given.first(Default), given.first(Error))

    @staticmethod
    def no_twins(branches: Iterable["Case | Dtmf"]) -> None:
        """Refuse two branches for the same keys: the second would never run."""
        for digits, times in Counter(branch.digits for branch in branches).items():
            if times > 1:
                raise ValueError(f"{times} branches answer to {digits}; expected one")
