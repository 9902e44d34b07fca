"""Asking the providers of a session whether it is still valid there, by refreshing its tokens."""

from collections.abc import Iterator
from datetime import timedelta

from accounts.models import Session
from accounts.sessions import UpstreamSession
from foundation.clocks import is_older
from providers import registry
from providers.revalidation.interval import next_time
from providers.vault.refreshing import refresh_tokens
from providers.vault.rows import TokenRow, TokenUnavailable, claim, opened, read_of
from providers.vault.storage import REFRESH


def revalidate(session_id: str) -> None:
    """Check a session, given by its public id. Concurrent checks are harmless: a lease lets one refresh each pair.

    ``vault.refreshing`` decides what a refused refresh means.
    """
    session = Session.objects.live().filter(user__isnull=False, session_key__startswith=session_id)
    row = session.defer("session_data").first()
    if row is None:
        return
    checked = {}
    for upstream in _tracked(row):
        provider, pair = registry.find(upstream.provider), read_of(upstream)
        if provider and provider.refresh_interval and pair and pair.refresh and not pair.is_dead:
            checked[provider.id] = provider
            _revalidate_pair(pair, provider.refresh_interval)
    Session.objects.filter(pk=row.pk, user=row.user_id).update(revalidate_at=next_time(checked.values()))


def _tracked(row: Session) -> Iterator[UpstreamSession]:
    for one in row.upstream_sessions:
        yield UpstreamSession(provider=one["provider"], identity=one["identity"], sid=one["sid"])


def _revalidate_pair(pair: TokenRow, span: timedelta) -> None:
    """Refresh a pair of tokens, unless another session or the person's own code has just done so."""
    if pair.is_resting or pair.is_claimed or not is_older(pair.given_at, span / 2):
        return
    try:
        refresh = opened(pair, pair.refresh, REFRESH)
        if claim(pair):
            refresh_tokens(pair, refresh)
    except TokenUnavailable:
        return  # already logged where it was raised
