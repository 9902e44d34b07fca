"""The catalogue of all faults: the ways in which the sandbox lies, fails, hangs and slows down."""

from sandbox.faults import access, conformance, documents, front, logout, signatures, statements, transport
from sandbox.faults.kinds import (
    AnswerBend,
    ClientMethods,
    DocumentBend,
    Effect,
    Fault,
    FrontBend,
    IssuerEnding,
    Lie,
    Outcome,
    Redirection,
    Rotation,
    Stage,
)

_ALL = (
    *front.FAULTS,
    *transport.FAULTS,
    *signatures.FAULTS,
    *statements.FAULTS,
    *documents.FAULTS,
    *logout.FAULTS,
    *access.FAULTS,
    *conformance.FAULTS,
)
CATALOGUE: dict[str, Fault] = {fault.key: fault for fault in _ALL}

if len(CATALOGUE) != len(_ALL):
    raise RuntimeError("Two faults share a key.")

__all__ = [
    "CATALOGUE",
    "AnswerBend",
    "ClientMethods",
    "DocumentBend",
    "Effect",
    "Fault",
    "FrontBend",
    "IssuerEnding",
    "Lie",
    "Outcome",
    "Redirection",
    "Rotation",
    "Stage",
]
