"""What a verification finds: each fault with the span of ids and times that it is about."""

from dataclasses import dataclass, field
from enum import StrEnum

MOST = 1000  # faults that are named one by one; more of them are counted


class FindingKind(StrEnum):
    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    PERSONAL = "personal values edited"
    SEAL = "seal not authentic"
    CHAIN = "chain broken"
    REMOVAL = "removal not authentic"
    CUT = "cut off"
    UNSEALED = "not sealed"
    UNREADABLE = "unreadable"


SAID = {
    FindingKind.EDITED: "entries are not as they were sealed",
    FindingKind.DELETED: "sealed entries are missing, and retention has not removed them",
    FindingKind.INSERTED: "entries are in no seal, although sealing has passed them",
    FindingKind.REORDERED: "ids are out of order, or stand more than once",
    FindingKind.PERSONAL: "personal values do not fit their entry's digest",
    FindingKind.SEAL: "a seal was not made, or not so, by our keys",
    FindingKind.CHAIN: "a seal does not follow on the one before",
    FindingKind.REMOVAL: "a removal was not recorded, or not so, by our keys",
    FindingKind.CUT: "the end is missing",
    FindingKind.UNSEALED: "entries have waited too long for a seal: the sealing job has stopped",
    FindingKind.UNREADABLE: "a line is not of the trail",
}


@dataclass
class Finding:
    """Something found, over a span. Where entries are missing the times are those of the seals that held them."""

    kind: FindingKind
    first_id: int
    last_id: int
    first_at: str = ""
    last_at: str = ""
    detail: str = ""
    count: int = 1

    def __str__(self) -> str:
        ids = f"{self.first_id} to {self.last_id}" if self.last_id > self.first_id else str(self.first_id)
        times = f", {self.first_at} to {self.last_at}" if self.first_at else ""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.kind}: ids {ids}{times}: {SAID[self.kind]}{detail}"


@dataclass
class Findings:
    """The outcome of a verification. Faults of one kind without a sound entry between them are one fault."""

    faults: list[Finding] = field(default_factory=list)
    more_faults: int = 0
    entries: int = 0
    seals: int = 0
    first_seal: int | None = None
    last_seal: int | None = None
    removed: int = 0
    unsealed: int = 0
    unsealed_since: str = ""
    is_whole: bool = True
    notes: list[str] = field(default_factory=list)
    _open: Finding | None = None

    @property
    def is_clean(self) -> bool:
        return not self.faults

    def sound(self) -> None:
        """An entry was as it should be: what comes next is another fault."""
        self._open = None

    def found(self, fault: Finding) -> None:
        last = self._open
        if last and last.kind is fault.kind and not fault.detail:
            last.last_id = max(last.last_id, fault.last_id)
            last.first_at = min(last.first_at, fault.first_at)
            last.last_at = max(last.last_at, fault.last_at)
            last.count += fault.count
            return
        if len(self.faults) >= MOST:
            self.more_faults += fault.count
            return
        self.faults.append(fault)
        self._open = fault
