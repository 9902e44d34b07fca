"""The cast: the people of the sandbox, with stable subjects at every provider."""

import base64
import hashlib
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sandbox.providers import ALL_PROVIDERS, Provider

Claims = Mapping[str, object]
NAMESPACE = uuid.UUID("5e1f6f0a-0d5e-4b6b-9c57-6a0d5b0c9d11")
NEWCOMER = "new"


@dataclass(frozen=True)
class Persona:
    """One person. The subject is derived from `subject_key`, so two personas may share one.

    `domain_owner` is Microsoft's `xms_edov` (None omits it). `claims` sets claims of one
    provider exactly as given, `without` removes some. GitHub's go into `/user`, except that
    `emails` replaces the list of addresses. `roles` are Keycloak's realm roles and Microsoft's
    app roles, `client_roles` the roles of Keycloak's client. The first path segments of
    `groups` are GitHub's organizations.
    """

    key: str
    title: str = ""
    name: str = ""
    email: str | None = None
    email_verified: bool = True
    subject_key: str = ""
    subjects: Mapping[Provider, str] = field(default_factory=dict)
    hosted_domain: str | None = None
    domain_owner: bool | int | str | None = None
    roles: tuple[str, ...] = ()
    client_roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    login: str = ""
    private_email: bool = False
    providers: tuple[Provider, ...] = ALL_PROVIDERS
    claims: Mapping[Provider, Claims] = field(default_factory=dict)
    without: Mapping[Provider, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        texts = (self.key, self.title, self.name, self.email or "", self.subject_key, self.login)
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("Names, addresses and keys are text; set claims to make them anything else.")
        if not self.key or not self.key.replace("-", "").isalnum():
            raise ValueError("A persona's key consists of letters, digits and hyphens.")
        if not self.subjects.get(Provider.GITHUB, "1").isdecimal():
            raise ValueError("GitHub's subject is a number; set claims to make it anything else.")

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Persona":
        """Raise ValueError, TypeError or AttributeError if the document does not describe a persona."""
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(document) - known)
        if unknown:
            raise ValueError(f"A persona has no field {unknown[0]!r}.")
        readers: dict[str, Callable[[Any], Any]] = {
            "providers": lambda v: tuple(Provider(p) for p in v),
            "roles": tuple,
            "client_roles": tuple,
            "groups": tuple,
            "subjects": _by_provider,
            "claims": _by_provider,
            "without": _by_provider,
        }
        return cls(**{n: readers.get(n, _same)(v) for n, v in document.items()})

    @property
    def given_name(self) -> str:
        return self.name.partition(" ")[0]

    @property
    def family_name(self) -> str:
        return self.name.partition(" ")[2]

    @property
    def username(self) -> str:
        return self.login or self.key

    def subject(self, provider: Provider) -> str:
        """Return the subject in the provider's own format. It is the same in every process."""
        return self.subjects.get(provider) or _SUBJECTS[provider](self.subject_key or self.key)

    def directory_id(self) -> str:
        """Return Microsoft's `oid`. Unlike `sub`, it is the same for every client."""
        return str(uuid.uuid5(NAMESPACE, f"microsoft:{self.subject_key or self.key}"))

    def bent(self, provider: Provider, claims: Claims) -> dict[str, object]:
        changed = {**claims, **self.claims.get(provider, {})}
        dropped = self.without.get(provider, ())
        return {name: value for name, value in changed.items() if name not in dropped}


def newcomer() -> Persona:
    """Return a person who has never signed in before."""
    token = secrets.token_hex(4)
    return Persona(
        key=f"new-{token}",
        title="A brand-new person.",
        name=f"Newcomer {token.upper()}",
        email=f"new-{token}@example.com",
        domain_owner=True,
    )


def _same(value: Any) -> Any:
    return value


def _by_provider(document: Mapping[str, Any]) -> dict[Provider, Any]:
    return {Provider(name): value for name, value in document.items()}


def _digits(text: str, count: int) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    return "1" + str(number)[-(count - 1) :]


def _pairwise(key: str) -> str:
    digest = hashlib.sha256(f"microsoft-pairwise:{key}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


_SUBJECTS: dict[Provider, Callable[[str], str]] = {
    Provider.GOOGLE: lambda key: _digits(f"google:{key}", 21),
    Provider.MICROSOFT: _pairwise,
    Provider.GITHUB: lambda key: _digits(f"github:{key}", 8),
    Provider.KEYCLOAK: lambda key: str(uuid.uuid5(NAMESPACE, f"keycloak:{key}")),
}

_TWIN = "110169484474386276334"
_LONG = "k" * 127 + "/" + "K" * 127
_RITA = Persona(
    "rita-before",
    "Has her old address.",
    "Rita Levi",
    "rita@old.example",
    subject_key="rita",
    domain_owner=True,
)
_OCTO = Persona(
    "hubot",
    "GitHub user under the first login.",
    "Hubot",
    "hubot@example.com",
    login="hubot",
    providers=(Provider.GITHUB,),
)
CAST: tuple[Persona, ...] = (
    Persona(
        "ada",
        "Verified address; the same person at all four providers.",
        "Ada Lovelace",
        "ada@example.com",
        domain_owner=True,
    ),
    Persona(
        "grace",
        "Verified address, company domain, administrator role and groups.",
        "Grace Hopper",
        "grace@corp.example",
        hosted_domain="corp.example",
        domain_owner="1",
        roles=("vestibule-admin",),
        client_roles=("reviewer",),
        groups=("/engineering", "/engineering/compilers"),
    ),
    Persona(
        "marie",
        "In more groups than a token of Microsoft's or a page of GitHub's holds.",
        "Marie Curie",
        "marie@example.com",
        domain_owner=True,
        groups=(*(f"group-{number:03}" for number in range(1, 251)), "radium"),
    ),
    Persona(
        "linus",
        "Unverified address.",
        "Linus Quokka",
        "linus@example.com",
        email_verified=False,
    ),
    Persona(
        "mallory",
        "Claims Ada's address, and the provider calls it verified.",
        "Mallory Kane",
        "ada@example.com",
        domain_owner=True,
    ),
    Persona(
        "mallory-unverified",
        "Claims Ada's address, unverified.",
        "Mallory Kane",
        "ada@example.com",
        email_verified=False,
    ),
    Persona(
        "ada-shouting",
        "Somebody else with Ada's address in other letter case.",
        "Ada Loudspeaker",
        "ADA@Example.COM",
        domain_owner=True,
    ),
    Persona("nemo", "No address at all.", "Nemo Nobody"),
    _RITA,
    replace(_RITA, key="rita-after", title="Rita with her new address.", email="rita@new.example"),
    Persona(
        "ken",
        "A subject of 255 characters.",
        "Ken Thompson",
        "ken@example.com",
        subjects={Provider.GOOGLE: _LONG, Provider.KEYCLOAK: _LONG},
        providers=(Provider.GOOGLE, Provider.KEYCLOAK),
    ),
    Persona(
        "zoe",
        "A name beyond ASCII, written in two directions.",
        "Zoë Ångström-王小明 \u05d3\u05d1\u05d5\u05e8\u05d4",
        "zoe@example.com",
        domain_owner=True,
    ),
    Persona(
        "bobby",
        "A name full of markup and a spreadsheet formula.",
        '=HYPERLINK("x") <b onmouseover=alert(1)>Bobby</b>',
        "bobby@example.com",
        domain_owner=True,
    ),
    Persona(
        "twin",
        "The same subject at all three OpenID providers, and not the same person.",
        "Castor Pollux",
        "twin@example.com",
        subjects=dict.fromkeys((Provider.GOOGLE, Provider.MICROSOFT, Provider.KEYCLOAK), _TWIN),
        providers=(Provider.GOOGLE, Provider.MICROSOFT, Provider.KEYCLOAK),
    ),
    Persona(
        "edov-one",
        "Domain owner given as the number 1.",
        "Edith Owen",
        "edith@corp.example",
        domain_owner=1,
        providers=(Provider.MICROSOFT,),
    ),
    Persona(
        "edov-absent",
        "An address that nobody vouches for.",
        "Edgar Ohm",
        "edgar@corp.example",
        providers=(Provider.MICROSOFT,),
    ),
    _OCTO,
    replace(
        _OCTO,
        key="hubot-renamed",
        title="The same GitHub user after a rename.",
        subject_key="hubot",
        login="hubot-the-second",
    ),
    Persona(
        "priya",
        "Primary address kept private on GitHub.",
        "Priya Private",
        "priya@example.com",
        private_email=True,
        providers=(Provider.GITHUB,),
    ),
)
