"""A walk over the ids of a seal or a removal, in ascending order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass
class IdWalk:
    """The position in the ids of a seal or a removal, advanced as the lines are read."""

    spans: tuple[tuple[int, int], ...]
    record: Mapping[str, Any]
    digests: bytes = b""
    index: int = 0  # of the current span
    next: int = 0  # the next id
    place: int = 0  # the index of that id among all ids
    is_authentic: bool = True

    def __post_init__(self) -> None:
        self.next = self.spans[0][0]

    def step(self) -> bool:
        """Advance to the next id. Return whether there is one."""
        self.place += 1
        if self.next < self.spans[self.index][1]:
            self.next += 1
            return True
        self.index += 1
        if self.index < len(self.spans):
            self.next = self.spans[self.index][0]
            return True
        return False

    def skip_to(self, id_: int) -> bool:
        """Advance to the first id that is not below ``id_``. Return whether there is one."""
        while self.next < id_:
            last = self.spans[self.index][1]
            if last >= id_:
                self.next = id_
            else:
                self.next = last
                if not self.step():
                    return False
        return True
