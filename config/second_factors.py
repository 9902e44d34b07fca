"""Reading MFA_BY_PROVIDER: in which words of which provider its sign-in counts as two factors."""

from collections.abc import Iterable, Mapping

PROVIDERS = ("google", "microsoft", "keycloak")  # GitHub gives no ID token that could say it
SINGLE = frozenset(  # RFC 8176, section 2: each of these is the name of one factor, or of none
    {"face", "fpt", "geo", "hwk", "iris", "kba", "otp", "pin", "pwd", "rba", "retina", "sc", "sms", "swk", "tel"}
    | {"user", "vbm", "wia"}
)

Words = frozenset[str]  # that one sign-in must all bear


def read(entries: Iterable[str]) -> Mapping[str, frozenset[Words]]:
    """Turn entries like ``microsoft:mfa`` and ``keycloak:pwd+otp`` into what counts at each provider.

    ``none`` says that nothing does. Raises ValueError on an entry that names no provider, or one factor alone.
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
    if len(words) == 1 and words <= SINGLE:
        raise ValueError(f"{entry} is one factor (RFC 8176); join it to another with +, such as keycloak:pwd+otp")
