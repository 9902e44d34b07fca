"""Verification: checks in one pass over its lines whether the trail is what was sealed (ADR 14).

It trusts only the keys. Digests are computed here from the lines, and what the database says about itself is only
compared with values that our codes protect. Lines are ordered by id, and a seal comes before its first entry, so memory
only has to hold the seals and removals that are open at the current id.
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from audit.canonical import read
from audit.sealing.findings import Finding, FindingKind, Findings
from audit.sealing.id_walk import IdWalk
from audit.sealing.ids import Ids
from audit.sealing.keys import KeyUnknown, NotAuthentic, SealingKey, checked
from audit.sealing.seals import NOTHING

PATIENCE = timedelta(minutes=10)  # in which an entry should be sealed after its transaction has ended
WAITING = 10_000  # unsealed entries that are kept individually, in case sealing has stopped


@dataclass
class Verification:
    """One verification: feed it lines, then ask it for its findings."""

    checkpoint: Mapping[str, Any] | None = None
    findings: Findings = field(default_factory=Findings)
    _header: Mapping[str, Any] = field(default_factory=dict)
    _seals: list[tuple[int, int, IdWalk]] = field(default_factory=list)  # heaps by the next id
    _removals: list[tuple[int, int, IdWalk]] = field(default_factory=list)
    _order: int = 0
    _at: int = 0  # the current id
    _previous: dict[int, str] = field(default_factory=dict)  # the previous code that each seal names, by number
    _macs: dict[int, tuple[str, int | None]] = field(default_factory=dict)  # each seal's code, and the age of its key
    _half_linked: set[int] = field(default_factory=set)
    _last: Mapping[str, Any] | None = None  # the seal with the highest number
    _entry: tuple[int, str | None, str] = (0, None, "")  # the last one: id, digest of its personal values, line
    _waiting: list[tuple[int, int, str]] = field(default_factory=list)

    def read(self, lines: Iterable[str]) -> Findings:
        """Verify all lines, which must be in the order of ``audit.canonical.stream``."""
        for line in lines:
            if line.startswith('{"id":'):
                self._read_entry(line)
            elif line.startswith('{"personal":'):
                self._read_personal(line)
            else:
                self._read_other(line)
        self._end()
        return self.findings

    # Lines

    def _read_other(self, line: str) -> None:
        try:
            values = read(line)
            if "export" in values:
                self._header = values
                self.findings.is_whole = values["first_id"] is None and values["last_id"] is None
            elif "seal" in values:
                self._read_seal(values)
            else:
                self._read_removal(values)
        except (ValueError, KeyError, TypeError, IndexError):
            self.findings.found(Finding(FindingKind.UNREADABLE, self._at, self._at, detail=line[:60]))

    def _read_seal(self, values: dict[str, Any]) -> None:
        digests, number = values.pop("digests"), values["seal"]
        ids = Ids.read(values["ids"])
        key = self._authentic("seal", FindingKind.SEAL, values)
        self.findings.seals += 1
        self._link(values, key)
        held = bytes.fromhex(digests) if digests else b""
        if key and held and sha256(held).hexdigest() != values["digest"]:
            self._seal_fault(FindingKind.SEAL, values, f"seal {number}: its digests were edited")
            key = None
        self._order += 1
        heapq.heappush(
            self._seals, (ids.spans[0][0], self._order, IdWalk(ids.spans, values, held, is_authentic=key is not None))
        )
        first, last = self.findings.first_seal, self.findings.last_seal
        self.findings.first_seal = min(first, number) if first else number
        self.findings.last_seal = max(last, number) if last else number
        if self._last is None or number > self._last["seal"]:
            self._last = values
        self._compare_checkpoint(values)

    def _read_removal(self, values: dict[str, Any]) -> None:
        ids = Ids.read(values["ids"])
        if self._authentic("removal", FindingKind.REMOVAL, values) is not None:
            self._order += 1
            heapq.heappush(self._removals, (ids.spans[0][0], self._order, IdWalk(ids.spans, values)))

    def _authentic(self, kind: str, fault: FindingKind, values: dict[str, Any]) -> SealingKey | None:
        try:
            return checked(kind, values)
        except KeyUnknown:
            self._seal_fault(fault, values, f"{kind} {values[kind]}: its key {values['key_id']} is not one of ours")
        except NotAuthentic:
            self._seal_fault(fault, values, f"{kind} {values[kind]}: its code is not valid")
        return None

    def _seal_fault(self, kind: FindingKind, values: Mapping[str, Any], detail: str) -> None:
        first_at, last_at = values.get("first_at", ""), values.get("last_at", "")
        found = Finding(kind, values["first_id"], values["last_id"], first_at=first_at, last_at=last_at, detail=detail)
        self.findings.found(found)

    def _read_entry(self, line: str) -> None:
        try:
            id_ = int(line[6 : line.index(",")])
        except ValueError:
            self.findings.found(Finding(FindingKind.UNREADABLE, self._at, self._at, detail=line[:60]))
            return
        self.findings.entries += 1
        if id_ <= self._at:
            self._fault_of(FindingKind.REORDERED, id_, line)
            return
        self._pass(id_)
        self._at = id_
        self._entry = (id_, _field(line, "personal_digest"), line)
        if not self._seals or self._seals[0][0] != id_:
            self._note_unsealed(id_, line)
            return
        held = self._seals[0][2]
        if not held.is_authentic:
            pass  # this was reported already, and nothing is known about the entries of this seal
        elif sha256(line.encode()).digest() == held.digests[held.place * 32 : held.place * 32 + 32]:
            self.findings.sound()
        else:
            self._fault_of(FindingKind.EDITED, id_, line)
        self._advance()
        while self._seals and self._seals[0][0] == id_:  # one seal contains it; further ones are wrong
            self._fault_of(FindingKind.REORDERED, id_, line)
            self._advance()

    def _read_personal(self, line: str) -> None:
        id_, _, rest = line[12:].partition(',"values":')
        entry, digest, of_entry = self._entry
        if str(entry) != id_ or digest is None or sha256(rest[:-1].encode()).hexdigest() != digest:
            number = int(id_) if id_.isdigit() else self._at
            at = _field(of_entry, "at") or ""
            self.findings.found(Finding(FindingKind.PERSONAL, number, number, first_at=at, last_at=at))
        self._entry = (entry, None, of_entry)  # an entry has at most one row of personal values

    # Advancing

    def _pass(self, id_: int) -> None:
        """Report the sealed ids below this one that had no line: they are missing unless a removal has them."""
        while self._seals and self._seals[0][0] < id_:
            missing, _order, held = self._seals[0]
            if self._is_removed(missing):
                self.findings.removed += 1
            elif held.is_authentic and self._is_in_window(missing):
                seal = held.record
                self.findings.found(
                    Finding(FindingKind.DELETED, missing, missing, first_at=seal["first_at"], last_at=seal["last_at"])
                )
            self._advance()

    def _advance(self) -> None:
        _next, order, held = self._seals[0]
        if held.step():
            heapq.heapreplace(self._seals, (held.next, order, held))
        else:
            heapq.heappop(self._seals)

    def _is_removed(self, id_: int) -> bool:
        while self._removals and self._removals[0][0] < id_:
            _next, order, held = self._removals[0]
            if held.skip_to(id_):
                heapq.heapreplace(self._removals, (held.next, order, held))
            else:
                heapq.heappop(self._removals)
        return bool(self._removals) and self._removals[0][0] == id_

    def _is_in_window(self, id_: int) -> bool:
        first, last = self._header.get("first_id"), self._header.get("last_id")
        return (first is None or id_ >= first) and (last is None or id_ <= last)

    def _fault_of(self, kind: FindingKind, id_: int, line: str) -> None:
        at = _field(line, "at") or ""
        self.findings.found(Finding(kind, id_, id_, first_at=at, last_at=at))

    # The chain

    def _link(self, values: Mapping[str, Any], key: SealingKey | None) -> None:
        """Check the links to the seals before and after, as soon as both ends are known.

        Seals are ordered by their first ids, which is almost the order of their numbers.
        """
        number = values["seal"]
        self._macs[number] = (values["mac"], key.age if key else None)
        self._previous[number] = values["previous"]
        if number == 1:
            if self._previous.pop(1) != NOTHING:
                self._seal_fault(FindingKind.CHAIN, values, "seal 1 does not start the chain")
            self._forget(1)
        for later in (number, number + 1):
            if later in self._previous and later - 1 in self._macs:
                self._join(later, values)

    def _join(self, later: int, values: Mapping[str, Any]) -> None:
        (mac, age), (_mac, later_age) = self._macs[later - 1], self._macs[later]
        if self._previous.pop(later) != mac:
            self._seal_fault(FindingKind.CHAIN, values, f"seal {later} does not follow seal {later - 1}")
        elif age is not None and later_age is not None and later_age > age:
            self._seal_fault(
                FindingKind.CHAIN, values, f"seal {later} was made with an older key than seal {later - 1}"
            )
        self._forget(later - 1)
        self._forget(later)

    def _forget(self, number: int) -> None:
        """Drop a seal once it is linked on both sides."""
        if number in self._half_linked:
            self._half_linked.remove(number)
            del self._macs[number]
        else:
            self._half_linked.add(number)

    def _compare_checkpoint(self, values: Mapping[str, Any]) -> None:
        if self.checkpoint and values["seal"] == self.checkpoint["number"]:
            if values["mac"] != self.checkpoint["seal_mac"]:
                self._seal_fault(FindingKind.CHAIN, values, f"seal {values['seal']} is not the one of the checkpoint")
            self.checkpoint = None

    # The end

    def _note_unsealed(self, id_: int, line: str) -> None:
        self.findings.sound()
        at, txid = _field(line, "at") or "", _number(line, "txid")
        self.findings.unsealed += 1
        self.findings.unsealed_since = min(self.findings.unsealed_since or at, at)
        if len(self._waiting) < WAITING:
            self._waiting.append((id_, txid, at))

    def _end(self) -> None:
        self._pass(1 << 63)
        self.findings.sound()
        if not self._header:
            self.findings.found(Finding(FindingKind.UNREADABLE, 0, 0, detail="there is no header"))
            return
        self._find_gaps()
        self._judge_unsealed()
        if self.checkpoint:
            number, upto = self.checkpoint["number"], self.checkpoint["last_id"]
            last = self.findings.last_seal or 0
            is_inside = self.findings.is_whole or number <= last
            if is_inside:
                detail = f"the checkpoint names seal {number}, but the last one here is {last}"
                self.findings.found(Finding(FindingKind.CUT, self._at, upto, detail=detail))
            else:
                self.findings.notes.append("the checkpoint lies beyond this export")

    def _find_gaps(self) -> None:
        """Report missing seals, but only in a whole trail: in a part of it, those at the edges have no neighbour."""
        if not self.findings.is_whole:
            return
        for number in sorted(self._previous):
            detail = f"seal {number - 1} is missing"
            self.findings.found(Finding(FindingKind.CHAIN, 0, self._at, detail=detail))
        last = self.findings.last_seal or 0
        if (self._header.get("seals") or 0) > last:
            detail = f"{self._header['seals']} seals were exported, but the last one here is {last}"
            self.findings.found(Finding(FindingKind.CUT, self._at, self._at, detail=detail))

    def _judge_unsealed(self) -> None:
        """Report unsealed entries that sealing has passed, or that have waited too long. The others only wait."""
        last, header = self._last, self._header
        patience = datetime.fromisoformat(header["at"]) - PATIENCE
        for id_, txid, at in self._waiting:
            is_here = last is not None and last["cluster"] == header["cluster"] and not last["carried"]
            if last and is_here and (txid, id_) <= (last["upto_txid"], last["upto_id"]):
                self.findings.found(Finding(FindingKind.INSERTED, id_, id_, first_at=at, last_at=at))
            elif txid < int(header["xmin"]) and datetime.fromisoformat(at) < patience:
                self.findings.found(Finding(FindingKind.UNSEALED, id_, id_, first_at=at, last_at=at))
            else:
                self.findings.sound()


def _field(line: str, name: str) -> str | None:
    """Return a text column of an entry's line. A value cannot imitate a column, because its quotes are escaped."""
    place = line.find(f'"{name}":"') if name == "at" else line.rfind(f'"{name}":"')
    if place < 0:
        return None
    begin = place + len(name) + 4
    return line[begin : line.index('"', begin)]


def _number(line: str, name: str) -> int:
    begin = line.index(f'"{name}":') + len(name) + 3
    return int(line[begin : line.index(",", begin)])
