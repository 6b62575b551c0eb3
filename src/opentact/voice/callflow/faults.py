"""What is wrong with a call flow, said so that its author can mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from opentact.kit.faults import BadField, Fault

# A document of 64 KiB can hold tens of thousands of mistakes; nobody reads past the first hundred.
MAX_FINDINGS = 100


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong, and where: line and column count from 1, columns in characters."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.message}"


class FlowRefused(Fault):
    """The call flow is not one we can run; each finding says where, and what was expected.

    A document is refused whole (spec/11 D-13): half a flow would leave a caller half-served.
    """

    code: ClassVar[str] = "call_flow_refused"
    status: ClassVar[int] = 400

    def __init__(self, findings: Iterable[Finding]) -> None:
        """Carry the findings in the order of the document, at most `MAX_FINDINGS` of them."""
        found = sorted(findings)
        self.total = len(found)
        self.findings = tuple(found[:MAX_FINDINGS])
        super().__init__(_summary(self.findings, self.total), fields=_fields(self.findings))


def _summary(findings: tuple[Finding, ...], total: int) -> str:
    first = findings[0]
    more = f" (and {total - 1} more)" if total > 1 else ""
    return f"Call flow refused: line {first.line}, column {first.column}: {first.message}{more}"


def _fields(findings: tuple[Finding, ...]) -> dict[str, BadField]:
    at: dict[str, list[str]] = {}
    for finding in findings:
        at.setdefault(f"xml.{finding.line}:{finding.column}", []).append(finding.message)
    return {place: BadField("; ".join(messages)) for place, messages in at.items()}
