"""A target of the benchmark: how our product, or a peer, is set up and used."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The servers and the mock provider of one target."""

    public_url: str
    owner_url: str  # PostgreSQL, through a Unix socket, as the owner of the tables
    runtime_url: str  # the same database, as a role that owns nothing
    redis_url: str  # empty if the target does not use Valkey
    provider: Mapping[str, str]  # the sandbox's variables: GOOGLE_ISSUER, GOOGLE_CLIENT_ID and so on


class Target(ABC):
    """A whole product, two web workers, its database and its cache."""

    name: ClassVar[str]
    described: ClassVar[str]  # in one line, for the footnotes
    providers: ClassVar[tuple[str, ...]] = ("google",)
    needs_valkey: ClassVar[bool] = False
    starts_by_post: ClassVar[bool] = False
    start: ClassVar[str] = "/accounts/{provider}/login/"
    sign_in_page: ClassVar[str] = "/accounts/login/"
    first_page: ClassVar[str] = "/accounts/"
    readings: ClassVar[Mapping[str, str]]  # pages that require a session: name and path
    others_end: ClassVar[str] = ""  # a POST here ends the person's other sessions
    trail: ClassVar[str] = ""  # a query that counts the recorded sign-ins

    @property
    def who_am_i(self) -> str:
        return self.readings["me"]

    @abstractmethod
    def environment(self, ground: Ground) -> dict[str, str]:
        """Return the environment of its processes, in addition to PATH."""

    @abstractmethod
    def preparation(self) -> list[list[str]]:
        """Return the commands that create its tables and files, to be run once."""

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """Return the command that serves it on this loopback port, with two workers."""
