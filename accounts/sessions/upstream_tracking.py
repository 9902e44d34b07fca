"""Which sessions at providers a session here tracks: when one of those ends, it ends too."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db.models import Q

from accounts.models import Session


@dataclass(frozen=True, kw_only=True)
class UpstreamSession:
    """A session at a provider, by its ``sid``, in which one of a person's identities was authenticated.

    ``opened`` means that the session here was opened in it. Most providers send no ``sid``: then it is empty, and
    only the validity of the identity's tokens is tracked.
    """

    provider: str
    identity: int
    sid: str
    opened: bool = False


# The columns of a session that no provider has opened.
NO_PROVIDER: dict[str, Any] = {
    "upstream_sid": "",
    "upstream_sessions": [],
    "revalidate_at": None,
    "pinned_tenant": None,
}


def when_opened(upstream: UpstreamSession) -> dict[str, Any]:
    """Return the columns of a session that is opened in a provider's session."""
    return {"upstream_sid": upstream.sid, "upstream_sessions": [asdict(replace(upstream, opened=True))]}


def after_reauthentication(row: Session, upstream: UpstreamSession) -> dict[str, Any]:
    """Return the columns of a session that change when one of the person's identities is reauthenticated."""
    if not upstream.sid:
        return {}
    known = row.upstream_sessions
    changed: dict[str, Any] = {"upstream_sessions": _tracked(known, upstream)}
    is_of_another = any(one["opened"] and one["identity"] != upstream.identity for one in known)
    if row.provider == upstream.provider and not is_of_another:
        changed["upstream_sid"] = upstream.sid
    return changed


def _tracked(known: Iterable[Mapping[str, Any]], proven: UpstreamSession) -> list[dict[str, Any]]:
    """Keep the latest of each identity at each provider, and the one that the session was opened in: all count."""
    whose = (proven.identity, proven.provider)
    before = [dict(one) for one in known if (one["identity"], one["provider"]) != whose or one["opened"]]
    if any((one["identity"], one["provider"], one["sid"]) == (*whose, proven.sid) for one in before):
        return before
    return [*before, asdict(proven)]


def tracking(*, provider: str, identity: int | None = None, sid: str = "") -> Q:
    """The condition for sessions that track a provider's session, given by ``sid``, by identity, or by both."""
    named = {"provider": provider, **({"identity": identity} if identity else {}), **({"sid": sid} if sid else {})}
    return _containing(named)


def tracking_exactly(upstream: UpstreamSession) -> Q:
    """The condition for sessions that track exactly this one."""
    return _containing({"provider": upstream.provider, "identity": upstream.identity, "sid": upstream.sid})


def _containing(named: dict[str, Any]) -> Q:
    return ~Q(upstream_sessions=[]) & Q(upstream_sessions__contains=[named])  # the first part: the index's condition
