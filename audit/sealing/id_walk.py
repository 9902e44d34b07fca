"""The ids of a seal or a removal, gone through in their order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass
class IdWalk:
    """The ids of a seal or a removal, gone through as the lines come."""

    spans: tuple[tuple[int, int], ...]
    record: Mapping[str, Any]
    digests: bytes = b""
    index: int = 0  # of the span
    next: int = 0  # id
    place: int = 0  # of that id among all
    is_authentic: bool = True

    def __post_init__(self) -> None:
        self.next = self.spans[0][0]

    def step(self) -> bool:
        """Go to the next id; return whether there is one."""
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
        """Go to the first id that is not below this one; return whether there is one."""
        while self.next < id_:
            last = self.spans[self.index][1]
            if last >= id_:
                self.next = id_
            else:
                self.next = last
                if not self.step():
                    return False
        return True
