"""Parses MFA_BY_PROVIDER: the acr and amr values with which a provider's sign-in counts as two factors."""

from collections.abc import Iterable, Mapping

PROVIDERS = ("google", "microsoft", "keycloak")  # GitHub issues no ID token
# The values of RFC 8176, section 2, by kind of factor. Two of one kind are one factor twice.
KNOWLEDGE = frozenset({"kba", "pin", "pwd"})
POSSESSION = frozenset({"hwk", "otp", "pop", "rsa", "sc", "sms", "swk", "tel"})  # rsa is Microsoft's
INHERENCE = frozenset({"face", "fpt", "iris", "retina", "vbm"})
NOTHING = frozenset({"geo", "mca", "rba", "user", "wia"})  # location, channel, risk, presence, Windows sign-in
SINGLE = KNOWLEDGE | POSSESSION | INHERENCE | NOTHING
# Core, section 2: level 0 is a long-lived session. Without configured levels, Keycloak uses 0 and 1 for every sign-in.
LEVELS = frozenset({"0", "1"})

Words = frozenset[str]  # one sign-in must have all of them


def read(entries: Iterable[str]) -> Mapping[str, frozenset[Words]]:
    """Turn entries such as ``microsoft:mfa`` and ``keycloak:pwd+otp`` into the combinations that count, by provider.

    ``none`` adds nothing. Raises ValueError on an entry that names no provider or only one factor.
    """
    found: dict[str, set[Words]] = {}
    for entry in entries:
        if entry == "none":
            continue
        provider, _, text = entry.partition(":")
        words = frozenset(word.strip() for word in text.split("+"))
        _check(entry, provider, words)
        found.setdefault(provider, set()).add(words)
    return {provider: frozenset(ways) for provider, ways in found.items()}


def _check(entry: str, provider: str, words: Words) -> None:
    if provider not in PROVIDERS or "" in words:
        raise ValueError(f"{entry}: write <{'|'.join(PROVIDERS)}>:<value of acr or amr>, such as microsoft:mfa")
    if words & LEVELS:
        raise ValueError(f"{entry}: providers send it after a sign-in with one factor too; give the level another name")
    known = frozenset(word.lower() for word in words)
    kinds = [kind for kind in (KNOWLEDGE, POSSESSION, INHERENCE) if kind & known]
    if known <= SINGLE and len(kinds) < 2:
        raise ValueError(f"{entry} is one factor (RFC 8176); join it to another kind with +, such as keycloak:pwd+otp")
