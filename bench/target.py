"""What a target of the benchmark is: ours and each peer say how they are set up and how they are met."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a target stands on: servers and a mock provider of its own."""

    public_url: str
    owner_url: str  # PostgreSQL, by a unix socket, as the owner of the tables
    runtime_url: str  # the same database as a role that owns nothing
    redis_url: str  # empty where the target keeps nothing in Valkey
    provider: Mapping[str, str]  # the sandbox's variables: GOOGLE_ISSUER, GOOGLE_CLIENT_ID and so on


class Target(ABC):
    """A whole product, two web workers, its database and its cache."""

    name: ClassVar[str]
    described: ClassVar[str]  # in one line, for the table's foot
    providers: ClassVar[tuple[str, ...]] = ("google",)
    needs_valkey: ClassVar[bool] = False
    starts_by_post: ClassVar[bool] = False
    start: ClassVar[str] = "/accounts/{provider}/login/"
    sign_in_page: ClassVar[str] = "/accounts/login/"
    first_page: ClassVar[str] = "/accounts/"
    readings: ClassVar[Mapping[str, str]]  # what the signed-in read: the journey's name and its path
    others_end: ClassVar[str] = ""  # POST here ends the person's other sessions
    trail: ClassVar[str] = ""  # a query that counts the recorded sign-ins

    @property
    def who_am_i(self) -> str:
        return self.readings["me"]

    @abstractmethod
    def environment(self, ground: Ground) -> dict[str, str]:
        """Return what its processes are told, beside PATH."""

    @abstractmethod
    def preparation(self) -> list[list[str]]:
        """Return the commands that make its tables and files, to be run once."""

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """Return the command that serves it on this port of loopback, with two workers."""
