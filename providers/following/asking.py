"""Asking the providers that a session follows whether they still stand by it, by renewing its tokens."""

from collections.abc import Iterator

from accounts.models import Identity, Session
from accounts.sessions import Upstream
from foundation.clocks import is_older
from providers.following.every import every, next_time
from providers.vault.renewing import renewed
from providers.vault.rows import Row, TokenUnavailable, adopted, claim, opened, read_of
from providers.vault.storage import REFRESH


def ask(session_id: str) -> None:
    """Ask for a session, by what its pages call it. Twice at once does no harm: each pair is renewed by one.

    What a refusal means is decided where tokens are renewed, whoever renews them.
    """
    session = Session.objects.live().filter(user__isnull=False, session_key__startswith=session_id)
    row = session.defer("session_data").first()
    if row is None:
        return
    asked = set()
    for upstream in _followed(row):
        pair = read_of(upstream) or adopted(upstream)
        if pair and pair.refresh and not pair.is_dead and every(upstream.provider):
            asked.add(upstream.provider)
            _ask_about(pair)
    Session.objects.filter(pk=row.pk, user=row.user_id).update(follow_at=next_time(asked))


def _followed(row: Session) -> Iterator[Upstream]:
    for one in row.upstream_sessions:
        yield Upstream(provider=one["provider"], identity=one["identity"], sid=one["sid"])
    if not row.upstream_sessions and row.provider:  # older code opened it
        for identity in Identity.objects.filter(user=row.user_id, provider=row.provider):
            yield Upstream(provider=row.provider, identity=identity.pk, sid=row.upstream_sid)


def _ask_about(pair: Row) -> None:
    """Another session of ours, or code that works for the person, may have had it renewed a moment ago."""
    span = every(pair.provider)
    if span is None or pair.rests or pair.is_claimed or not is_older(pair.given_at, span / 2):
        return
    try:
        refresh = opened(pair, pair.refresh, REFRESH)
        if claim(pair):
            renewed(pair, refresh)
    except TokenUnavailable:
        return  # said by whoever raised it
