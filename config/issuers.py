"""Checks of the issuers in the environment: one provider for each, and the algorithms with which they may sign."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from foundation.issuers import canonical

# Signatures with a public key; ``providers.metadata`` has the same set.
SIGNING_ALGORITHMS = frozenset(
    {*(f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)), "EdDSA", "Ed25519"}
)

ISSUERS = ("google_issuer", "microsoft_issuer", "keycloak_issuer", "github_url")
NEEDED = {
    "google": ("client_secret", "issuer"),
    "microsoft": ("client_secret", "issuer"),
    "github": ("client_secret", "url", "api_url"),
    "keycloak": ("client_secret", "issuer"),
}


def split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _agreed(names: list[str]) -> list[str]:
    """Raise ValueError for an algorithm by which an ID token must not be signed (RFC 8725, sections 3.1 and 3.2)."""
    if not names:
        raise ValueError("names no algorithm; leave it empty for RS256")
    for name in names:
        if name.lower() == "none":
            raise ValueError("none means no signature: anybody could forge such a token")
        if name.upper().startswith("HS"):
            raise ValueError(f"{name} signs with a shared secret; the provider must sign with its own key")
        if name not in SIGNING_ALGORITHMS:
            raise ValueError(f"unknown algorithm {name!r}; choose from {', '.join(sorted(SIGNING_ALGORITHMS))}")
    return names


Algorithms = Annotated[
    list[str],
    BeforeValidator(split),
    AfterValidator(_agreed),
    Field(description="comma-separated; tokens signed with another algorithm are refused"),
]


def _separable(names: list[str]) -> list[str]:
    """Raise ValueError for a value that a space-separated list cannot hold (OpenID Connect Core, section 3.1.2.1)."""
    for name in names:
        if not (name.isascii() and name.isprintable()) or " " in name:
            raise ValueError(f"{name!r}: a value of acr has no blanks; several are separated by commas")
    return names


AcrValues = Annotated[
    list[str],
    BeforeValidator(split),
    AfterValidator(_separable),
    Field(description="comma-separated, best first: requested where a second factor is required"),
]


def shared(values: Mapping[str, str]) -> list[str]:
    """Return a fault for each issuer that two providers share. ``values`` holds settings by name.

    Two clients of one issuer would share its identities, and each would undo what the other does with them.
    """
    faults, first = [], dict[str, str]()
    for name in (name for name in ISSUERS if values.get(f"{name.partition('_')[0]}_client_id")):
        issuer = canonical(values.get(name, ""))
        if issuer in first:
            faults.append(f"{name.upper()}: is also the issuer of {first[issuer].upper()}; one provider can have it")
        elif issuer:
            first[issuer] = name
    return faults


def incomplete(values: Mapping[str, str]) -> list[str]:
    """Return a fault for each setting that a provider with a client id lacks. ``values`` holds settings by name."""
    return [
        f"{provider.upper()}_{name.upper()}: missing, while {provider.upper()}_CLIENT_ID is given"
        for provider, names in NEEDED.items()
        if values.get(f"{provider}_client_id")
        for name in names
        if not values.get(f"{provider}_{name}")
    ]
