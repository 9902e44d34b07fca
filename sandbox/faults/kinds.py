"""The parts of a fault: its effects, its stage, its providers, and the outcome that a sign-in must have."""

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
    """How a careful product must end a sign-in under the fault, and never with a 5xx.

    REFUSED: no session. SIGNED_IN: a session despite the fault. REFUSED_IF_ASKED: no session if the product queried
    the endpoint, else a session. EITHER: both are defensible. Three stages have no sign-in. Logout: REFUSED means that
    the logout token ends no session. Refresh: REFUSED means that nothing of the answer is stored, SIGNED_IN that it
    is. Revocation: REFUSED means that the product must retry later, SIGNED_IN that the tokens are revoked.
    """

    REFUSED = "refused"
    SIGNED_IN = "signed_in"
    REFUSED_IF_ASKED = "refused_if_asked"
    EITHER = "either"


@dataclass(frozen=True)
class Redirection:
    """The redirect of an authorization endpoint. Mix-up faults use callback and code of the other provider."""

    target: str
    parameters: Fields
    other_callback: str = ""
    other_code: str = ""

    def without(self, name: str) -> "Redirection":
        return replace(self, parameters=tuple(p for p in self.parameters if p[0] != name))

    def with_value(self, name: str, value: str) -> "Redirection":
        """Replace the parameter's value, or append the parameter."""
        if name not in dict(self.parameters):
            return replace(self, parameters=(*self.parameters, (name, value)))
        changed = tuple((n, value if n == name else v) for n, v in self.parameters)
        return replace(self, parameters=changed)


@dataclass(frozen=True)
class Lie:
    """Alters an ID token, a logout token or Keycloak's access token before it is signed."""

    bend: Callable[[Draft], None]


@dataclass(frozen=True)
class DocumentBend:
    """Alters the JSON document of a successful answer."""

    stage: Stage
    bend: Callable[[dict[str, object], Scene], object]


@dataclass(frozen=True)
class AnswerBend:
    """Replaces a whole answer, or the way it is sent."""

    stage: Stage
    bend: Callable[[Answer, Scene], Answer]


@dataclass(frozen=True)
class FrontBend:
    """Alters the redirect back to the product."""

    bend: Callable[[Redirection], Redirection]


@dataclass(frozen=True)
class Rotation:
    """Rotates the signing keys once, when the fault is turned on."""

    withdraw: bool = False
    keep_kid: bool = False


@dataclass(frozen=True)
class IssuerEnding:
    """Appends a text to the issuer wherever it is named. The endpoints keep their URLs."""

    text: str


@dataclass(frozen=True)
class ClientMethods:
    """Restricts the methods of client authentication (OpenID Connect Core, section 9)."""

    taken: tuple[str, ...]


Effect = Lie | DocumentBend | AnswerBend | FrontBend | Rotation | IssuerEnding | ClientMethods


@dataclass(frozen=True)
class Fault:
    """One entry of the catalogue.

    `address_unverified`: if the sign-in succeeds, the e-mail address must not count as verified.
    `slow`: only the product's own deadline ends it, so a test of it takes seconds.
    """

    key: str
    says: str
    stage: Stage
    outcome: Outcome
    effects: tuple[Effect, ...]
    providers: tuple[Provider, ...] = OPENID_PROVIDERS
    address_unverified: bool = False
    slow: bool = False
