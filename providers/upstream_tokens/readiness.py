"""Whether an upstream issuer answers and signs by a configured algorithm, so that administrators know it first."""

from dataclasses import dataclass

from providers.metadata import Keys
from providers.models import UpstreamIssuer
from providers.refusal import SignInRefused
from providers.upstream import one_deadline
from providers.upstream_tokens.issuers import issuer_of


@dataclass(frozen=True, kw_only=True)
class IssuerReadiness:
    """The result of a check. ``problem`` is our own text for administrators, or "" if there is none."""

    issuer: UpstreamIssuer
    problem: str = ""


def of_active() -> list[IssuerReadiness]:
    """Check all active issuers, one after the other. Each takes a few seconds at most."""
    return [of(configured) for configured in UpstreamIssuer.objects.filter(is_active=True)]


def of(configured: UpstreamIssuer) -> IssuerReadiness:
    """Fetch the issuer's metadata and keys, unless they were fetched a moment ago, and compare the algorithms.

    The metadata of many issuers lists the algorithms of ID tokens only, so the published keys decide.
    """
    try:
        with one_deadline():
            keys = issuer_of(configured).keys
    except SignInRefused as refused:
        return IssuerReadiness(issuer=configured, problem=str(refused))
    offered = algorithms_of(keys)
    if offered.isdisjoint(configured.algorithms):
        agreed, known = ", ".join(configured.algorithms), ", ".join(sorted(offered)) or "no usable algorithm"
        return IssuerReadiness(issuer=configured, problem=f"its keys are for {known}, and not for {agreed}")
    return IssuerReadiness(issuer=configured)


def algorithms_of(keys: Keys) -> set[str]:
    """Return the algorithms that one key or another may sign with."""
    everyone = (*keys.without_id, *(key for named in keys.by_id.values() for key in named))
    return {algorithm for key in everyone for algorithm in key.algorithms}
