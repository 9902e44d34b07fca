"""Say what a fault is: what it does, at which stage, to whom, and how a sign-in must end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from sandbox.drafts import Draft, Scene
from sandbox.providers import OPENID_PROVIDERS, Provider
from sandbox.wire import Answer, Fields


class Stage(StrEnum):
    """Where a fault shows. GitHub's `/user` counts as `userinfo`."""

    AUTHORIZE = "authorize"
    TOKEN = "token"  # noqa: S105 - the name of an endpoint
    ID_TOKEN = "id_token"  # noqa: S105 - the name of a document
    JWKS = "jwks"
    DISCOVERY = "discovery"
    USERINFO = "userinfo"
    EMAILS = "emails"
    ORGANIZATIONS = "organizations"
    GROUPS = "groups"
    ACCESS_TOKEN = "access_token"  # noqa: S105 - the name of a document
    REFRESH = "refresh"
    LOGOUT = "logout"
    REVOCATION = "revocation"


class Outcome(StrEnum):
    """How a careful product ends a sign-in under the fault; never with a 5xx.

    REFUSED: no session. SIGNED_IN: a session all the same. REFUSED_IF_ASKED: no session where
    the product asked the endpoint at all, else a session. EITHER: both are defensible. For the
    logout stage REFUSED means that the logout token ends no session. For the refresh stage REFUSED means that nothing
    of the answer is kept, SIGNED_IN that it is. For the revocation stage REFUSED means that the product has to ask
    again later, SIGNED_IN that it is done: nobody's sign-in is in question.
    """

    REFUSED = "refused"
    SIGNED_IN = "signed_in"
    REFUSED_IF_ASKED = "refused_if_asked"
    EITHER = "either"


@dataclass(frozen=True)
class Redirection:
    """The answer of an authorization endpoint; the mix-up faults borrow the other provider's."""

    target: str
    parameters: Fields
    other_callback: str = ""
    other_code: str = ""

    def without(self, name: str) -> "Redirection":
        return replace(self, parameters=tuple(p for p in self.parameters if p[0] != name))

    def with_value(self, name: str, value: str) -> "Redirection":
        """Put the value in the parameter's place, or at the end where there is none."""
        if name not in dict(self.parameters):
            return replace(self, parameters=(*self.parameters, (name, value)))
        changed = tuple((n, value if n == name else v) for n, v in self.parameters)
        return replace(self, parameters=changed)


@dataclass(frozen=True)
class Lie:
    """Bends an ID token (or a logout token, or Keycloak's access token) before it is signed."""

    bend: Callable[[Draft], None]


@dataclass(frozen=True)
class DocumentBend:
    """Bends the JSON document of a successful answer."""

    stage: Stage
    bend: Callable[[dict[str, object], Scene], object]


@dataclass(frozen=True)
class AnswerBend:
    """Replaces a whole answer, or the way it travels."""

    stage: Stage
    bend: Callable[[Answer, Scene], Answer]


@dataclass(frozen=True)
class FrontBend:
    """Bends the redirect back to the product."""

    bend: Callable[[Redirection], Redirection]


@dataclass(frozen=True)
class Rotation:
    """Rotates the signing keys once, at the moment the fault is switched on."""

    withdraw: bool = False
    keep_kid: bool = False


@dataclass(frozen=True)
class IssuerEnding:
    """Lets the issuer's name end otherwise, wherever it stands: its endpoints stay where they are."""

    text: str


@dataclass(frozen=True)
class ClientMethods:
    """By which ways alone a client can prove itself (OpenID Connect Core, section 9)."""

    taken: tuple[str, ...]


Effect = Lie | DocumentBend | AnswerBend | FrontBend | Rotation | IssuerEnding | ClientMethods


@dataclass(frozen=True)
class Fault:
    """One entry of the catalogue.

    `address_unverified`: where the sign-in succeeds, the address must not count as verified.
    `slow`: the product's own deadline ends it, so a test of it takes seconds.
    """

    key: str
    says: str
    stage: Stage
    outcome: Outcome
    effects: tuple[Effect, ...]
    providers: tuple[Provider, ...] = OPENID_PROVIDERS
    address_unverified: bool = False
    slow: bool = False
