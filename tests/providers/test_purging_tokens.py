"""Tokens that no session uses any more are purged, even if the person never signed out (ADR 40).

Sessions that simply expire must not leave tokens behind that only a sign-out would remove.
"""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts.models import Identity, Session, User
from audit.models import Entry
from jobs import purging
from jobs.purging import Purged, purgeables, slices
from providers.models import RevocationState, TokenHealth, UpstreamRevocation, UpstreamTokens
from providers.revocation.acts import revoke_tokens
from providers.revocation.outbox import TokenRevocationReason
from providers.vault import get_token
from sandbox.server import Sandbox
from tests.flows.conftest import Browser, browser, new_browser
from tests.support.servers import Servers
from tests.support.statements import plans_of

__all__ = ["browser", "new_browser"]

pytestmark = pytest.mark.django_db(transaction=True)

TABLE = "providers_upstreamtokens"
LATER = timedelta(days=1, minutes=1)
MANY = 3_000
CROWD = f"""
    INSERT INTO accounts_user (id, password, is_superuser, name, email_verified, is_active, is_staff, created_at)
    SELECT gen_random_uuid(), '', false, 'n' || n, false, true, false, now() FROM generate_series(1, {MANY}) n;
    INSERT INTO accounts_identity (user_id, provider, issuer, subject, email, email_verified, name, created_at, claims)
    SELECT id, 'keycloak', 'https://issuer.example', name, '', false, '', now(), '{{}}' FROM accounts_user
    WHERE name LIKE 'n%';
    INSERT INTO {TABLE} (identity_id, provider, sid, access, refresh, id_token, scopes, given_at)
    SELECT id, provider, 's' || subject, repeat('x', 2000), '', '', '', now() - interval '2 days' FROM accounts_identity
    WHERE subject LIKE 'n%';
    INSERT INTO accounts_session (session_key, session_data, expire_date, user_id, provider, upstream_sessions)
    SELECT 'key of ' || subject, '', now() + interval '1 hour', user_id, 'keycloak', jsonb_build_array(
        jsonb_build_object('provider', 'keycloak', 'identity', id, 'sid', 's' || subject, 'opened', true)
    ) FROM accounts_identity WHERE subject LIKE 'n%' AND id % 3 <> 0;
"""  # noqa: S608  # constants only


def purged() -> Purged:
    done = purging.purge()
    assert done is not None
    return next(one for one in done if one.table == TABLE)


def let_pass(by: timedelta) -> None:
    """Make all tokens older by this much."""
    UpstreamTokens.objects.update(given_at=F("given_at") - by, expires_at=F("expires_at") - by)


def expire() -> None:
    """Let all of our sessions expire."""
    Session.objects.filter(user__isnull=False).update(expire_date=timezone.now() - timedelta(minutes=5))


def kept() -> list[str]:
    return list(UpstreamTokens.objects.order_by("given_at").values_list("sid", flat=True))


@pytest.fixture
def ada(browser: Browser) -> User:
    browser.sign_in("keycloak", "ada")
    return User.objects.get()


@pytest.mark.promise(77)
def test_the_tokens_of_an_expired_session_are_purged_a_day_later_and_not_revoked(ada: User, providers: Sandbox) -> None:
    """Nobody signed out, and a revocation could end Keycloak's session, which the person may be using elsewhere."""
    expire()
    assert (purged().count, len(kept())) == (0, 1), "a day has not passed"
    let_pass(LATER)
    waiting = purging.due()[TABLE]

    assert (waiting, purged(), kept()) == (1, Purged(table=TABLE, count=1, finished=True), [])
    entries = Entry.objects.filter(action="upstream_tokens.purged")
    assert [entry.details for entry in entries] == [{"count": 1, "finished": True}]
    assert (UpstreamRevocation.objects.count(), providers.counts("keycloak")["revoke"]) == (0, 0)


@pytest.mark.promise(77)
def test_tokens_that_a_session_follows_stay_however_old_they_are(ada: User, new_browser: Any, browser: Browser) -> None:
    first = kept()
    new_browser().sign_in("keycloak", "ada")
    let_pass(LATER)
    Session.objects.exclude(upstream_sid=first[0]).update(expire_date=timezone.now() - timedelta(minutes=5))

    assert (purged().count, kept()) == (1, first)
    assert (purging.due()[TABLE], browser.account) == (0, str(ada.pk))


@pytest.mark.parametrize("how", ["another identity's session", "waits for its second factor"])
@pytest.mark.promise(77)
def test_everything_that_follows_tokens_keeps_them(ada: User, how: str) -> None:
    (sid,) = kept()
    if how == "another identity's session":
        Session.objects.update(upstream_sid="another")
    else:
        identity = Identity.objects.get()
        Session.objects.update(user=None, waiting_for=ada, waiting_identity_id=identity.pk, upstream_sessions=[])
    let_pass(LATER)

    assert (purged().count, kept()) == (0, [sid])
    Session.objects.update(waiting_cancelled="owner", user=None, upstream_sessions=[])
    assert (purged().count, kept()) == (1, [])


@pytest.mark.promise(77)
def test_tokens_that_are_being_refreshed_stay_until_the_claim_expires(ada: User) -> None:
    expire()
    let_pass(LATER)
    UpstreamTokens.objects.update(leased_until=timezone.now() + timedelta(seconds=15))
    assert purged().count == 0

    UpstreamTokens.objects.update(leased_until=timezone.now() + timedelta(days=300))  # set by a clock that was ahead
    assert purged().count == 1


@pytest.mark.promise(77)
def test_tokens_to_be_revoked_stay_until_they_are(ada: User) -> None:
    revoke_tokens(Identity.objects.all(), reason=TokenRevocationReason.CUT_OFF)
    expire()
    purged()

    (waiting,) = UpstreamRevocation.objects.all()
    assert (waiting.state, bool(waiting.refresh)) == (RevocationState.WAITING, True)


@pytest.mark.promise(77)
def test_tokens_without_a_sid_are_not_purged(browser: Browser) -> None:
    browser.sign_in("google", "ada")
    expire()
    let_pass(timedelta(days=90))

    assert (purged().count, kept()) == (0, [""])


@pytest.mark.parametrize("newest", ["well", "dead"])
@pytest.mark.promise(77)
def test_with_offline_access_the_pair_that_get_token_returns_stays(
    browser: Browser, new_browser: Any, settings: Any, newest: str
) -> None:
    settings.OFFLINE_ACCESS = frozenset({"keycloak"})
    for _ in range(3):
        new_browser().sign_in("keycloak", "ada")
    browser.sign_in("keycloak", "grace")
    ada = Identity.objects.order_by("pk")[0]
    pairs = list(UpstreamTokens.objects.filter(identity=ada).order_by("given_at"))
    UpstreamTokens.objects.filter(pk=pairs[-1].pk).update(health=TokenHealth(newest))
    given_out = pairs[-1] if newest == "well" else pairs[-2]
    expire()
    let_pass(LATER)

    assert purged().count == 2
    assert set(kept()) == {given_out.sid, UpstreamTokens.objects.exclude(identity=ada).get().sid}
    assert get_token(ada.user, "keycloak")
    settings.OFFLINE_ACCESS = frozenset()
    let_pass(LATER)  # it has just been refreshed
    assert (purged().count, kept()) == (2, [])


@pytest.mark.promise(77)
def test_tokens_issued_in_the_future_are_purged_like_any_other(ada: User) -> None:
    """A clock that was ahead once and was corrected must not keep rows for ever."""
    UpstreamTokens.objects.update(given_at=timezone.now() + timedelta(days=400))
    assert (purged().count, len(kept())) == (0, 1)
    expire()

    assert (purged().count, kept()) == (1, [])


@pytest.mark.promise(77)
def test_tokens_refreshed_during_the_purge_stay_and_locked_ones_are_skipped(
    ada: User, new_browser: Any, servers: Servers
) -> None:
    new_browser().sign_in("keycloak", "ada")
    expire()
    let_pass(LATER)
    first, second = kept()
    with psycopg.connect(servers.runtime_url) as holder:
        holder.execute("UPDATE providers_upstreamtokens SET given_at = now() WHERE sid = %s", [first])
        assert purged().count == 1
        holder.commit()

    assert (purged().count, kept()) == (0, [first])
    assert second not in kept()


@pytest.mark.slow
@pytest.mark.promise(77)
def test_each_statement_reads_one_slice_by_an_index_whatever_the_planner_estimates(servers: Servers) -> None:
    """Old rows that stay are read once only, and no plan joins them with all sessions (ADR 22)."""
    with psycopg.connect(servers.owner_url, autocommit=True) as owner:
        owner.execute(f"ANALYZE {TABLE}, accounts_session, accounts_identity".encode())
    with connection.cursor() as cursor:
        cursor.cursor.execute(CROWD)
    (purgeable,) = (one for one in purgeables() if one.table == TABLE)
    with plans_of("looked") as plans:
        removed = list(slices.delete_expired(purgeable))

    assert (sum(removed), UpstreamTokens.objects.count()) == (MANY // 3, MANY - MANY // 3)
    assert len(plans) == len(removed) - 1, "one walk; the first slice is of what lies ahead"
    assert max(removed) <= slices.MOST_ROWS
    assert [plan for plan in plans if "tokens_of_sessions_by_age" not in plan or "Seq Scan" in plan] == []
    assert [plan for plan in plans if "Join" in plan] == []
    assert list(slices.delete_expired(purgeable))[-1] == 0
