"""Reading MFA_BY_PROVIDER: in which words of which provider its sign-in counts as two factors."""

from collections.abc import Iterable, Mapping

PROVIDERS = ("google", "microsoft", "keycloak")  # GitHub gives no ID token that could say it
# RFC 8176, section 2, by what each word proves. Two of one kind are one factor twice.
KNOWLEDGE = frozenset({"kba", "pin", "pwd"})
POSSESSION = frozenset({"hwk", "otp", "pop", "rsa", "sc", "sms", "swk", "tel"})  # rsa is Microsoft's
INHERENCE = frozenset({"face", "fpt", "iris", "retina", "vbm"})
NOTHING = frozenset(
    {"geo", "mca", "rba", "user", "wia"}
)  # a place, a channel, a risk, a touch, a machine's own sign-in
SINGLE = KNOWLEDGE | POSSESSION | INHERENCE | NOTHING
# Core, section 2: level 0 is a session of long ago. Keycloak says 0 and 1 of any sign-in, unless it has levels set up.
LEVELS = frozenset({"0", "1"})

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
    if words & LEVELS:
        raise ValueError(f"{entry}: a provider says so of a sign-in with one factor too; give the level another name")
    known = frozenset(word.lower() for word in words)
    kinds = [kind for kind in (KNOWLEDGE, POSSESSION, INHERENCE) if kind & known]
    if known <= SINGLE and len(kinds) < 2:
        raise ValueError(f"{entry} is one factor (RFC 8176); join it to another kind with +, such as keycloak:pwd+otp")
