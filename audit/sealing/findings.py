"""The findings of a verification: each fault with the range of ids and times that it is about."""

from dataclasses import dataclass, field
from enum import StrEnum

MOST = 1000  # faults that are listed; further ones are only counted


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


DESCRIPTIONS = {
    FindingKind.EDITED: "entries have changed since they were sealed",
    FindingKind.DELETED: "sealed entries are missing, and retention has not removed them",
    FindingKind.INSERTED: "entries are in no seal, although sealing has passed them",
    FindingKind.REORDERED: "ids are out of order or occur more than once",
    FindingKind.PERSONAL: "personal values do not match the digest in their entry",
    FindingKind.SEAL: "a seal was not made with our keys, or was changed",
    FindingKind.CHAIN: "a seal does not follow the one before it",
    FindingKind.REMOVAL: "a removal was not signed with our keys, or was changed",
    FindingKind.CUT: "the end is missing",
    FindingKind.UNSEALED: "entries have waited too long for a seal: the sealing job has stopped",
    FindingKind.UNREADABLE: "a line does not belong to the trail",
}


@dataclass
class Finding:
    """A fault over a range of ids. If entries are missing, the times are those of the seals that contain them."""

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
        return f"{self.kind}: ids {ids}{times}: {DESCRIPTIONS[self.kind]}{detail}"


@dataclass
class Findings:
    """The result of a verification. Faults of one kind without a sound entry between them are merged into one."""

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
        """Note a sound entry, so that the next fault is not merged with the last one."""
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
