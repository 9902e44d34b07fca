"""Whose an upstream token is, and what it may do now: never more than the person, and nothing after a cut-off."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Identity, Membership, Role, User
from authserver.services import keys
from providers.models import UpstreamIssuer
from providers.upstream_tokens import UpstreamToken, UpstreamTokenRefusal, UpstreamTokenRefused, check, people
from sandbox.server import Sandbox
from tenancy import site_context, tenant_context
from tests.providers.upstream_tokens.conftest import member
from tests.support.upstream_tokens import access_token, configured, refusal, result

pytestmark = pytest.mark.django_db
SCOPES = {"read:books": ["books:read", "books:list"], "Editor": ["books:write"], "all": ["books:write", "profile"]}


def first_tenant(user: User) -> UUID:
    with site_context("a test looks"):
        found: UUID = Membership.objects.filter(user=user).earliest("created_at").tenant_id
    return found


def scopes(providers: Sandbox, **claims: Any) -> set[str]:
    return set(check(access_token(providers, **claims)).scopes)


def test_the_result_says_who_it_is_and_what_the_issuer_says(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User
) -> None:
    at = int(timezone.now().timestamp())
    said: dict[str, Any] = {
        "iat": at - 5,
        "exp": at + 60,
        "auth_time": at - 90,
        "acr": "gold",
        "amr": ["pwd", 7, "otp"],
    }

    assert check(access_token(providers, **said)) == UpstreamToken(
        user=ada,
        issuer=issuer.issuer,
        subject="sub-of-ada",
        scopes=frozenset({"books:read"}),
        tenant_id=first_tenant(ada),
        issued_at=datetime.fromtimestamp(at - 5, UTC),
        expires_at=datetime.fromtimestamp(at + 60, UTC),
        auth_time=datetime.fromtimestamp(at - 90, UTC),
        acr="gold",
        amr=("pwd", "otp"),
    )
    silent = check(access_token(providers, acr=7, amr="pwd"))
    assert (silent.auth_time, silent.acr, silent.amr) == (None, "", ())
    assert check(access_token(providers, exp=2**39)).expires_at.year == 9999


def test_a_known_person_takes_one_statement_and_nothing_is_written(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User, django_assert_num_queries: Any
) -> None:
    check(access_token(providers))
    before = Identity.objects.values().get()
    with django_assert_num_queries(1):
        check(access_token(providers, email="other@example.com", name="Other"))

    assert Identity.objects.values().get() == before


def test_the_callers_context_stays(providers: Sandbox, issuer: UpstreamIssuer, ada: User) -> None:
    tenant = first_tenant(ada)
    with tenant_context(tenant):
        check(access_token(providers))
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.scope', true), current_setting('app.tenant_id', true)")
            assert cursor.fetchone() == ("", str(tenant))


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"scope": "read:books"}, {"books:read"}),  # nobody gave ada books:list
        ({"scope": "read:books all"}, {"books:read", "books:write", "profile"}),
        ({"scope": ["read:books", 7, None]}, {"books:read"}),
        ({"scope": "READ:BOOKS books:read books:write"}, set()),
        ({"scope": ""}, set()),
        ({"scope": None}, set()),
        ({"scope": {"read:books": True}}, set()),
        ({"scope": None, "scp": "read:books"}, {"books:read"}),
        ({"scope": "none", "realm_access": {"roles": ["Editor"]}}, {"books:write"}),
        ({"scope": "none", "realm_access": {"roles": "Editor"}}, {"books:write"}),
        ({"scope": "none", "realm_access": ["Editor"]}, set()),
        ({"scope": "none", "roles": ["Editor"]}, set()),  # not configured
    ],
)
def test_only_mapped_scopes_that_the_person_may_use_are_given(
    providers: Sandbox, ada: User, claims: dict[str, Any], expected: set[str]
) -> None:
    configured(providers, scopes=SCOPES, scope_claims=["scope", "scp", "realm_access.roles"])

    assert scopes(providers, **claims) == expected


def test_a_path_that_is_broken_gives_nothing(providers: Sandbox, issuer: UpstreamIssuer, ada: User) -> None:
    UpstreamIssuer.objects.update(scope_claims=["scope.."])

    assert scopes(providers) == set()


def test_the_scopes_that_need_no_role_are_those_of_keys() -> None:
    assert people.OWN == keys.OWN


def test_a_role_that_changes_counts_at_once(providers: Sandbox, issuer: UpstreamIssuer, ada: User) -> None:
    token = access_token(providers, scope="read:books read:me")
    assert check(token).scopes == {"books:read", "profile"}
    with site_context("a test changes a role"):
        Role.objects.filter(memberships__user=ada).update(scopes=["books:write"])
    assert check(token).scopes == {"profile"}
    with site_context("a test ends a membership"):
        Membership.objects.all().delete()
    found = check(token)
    assert (set(found.scopes), found.tenant_id) == ({"profile"}, None)


def test_without_a_tenant_a_token_works_in_the_primary_one(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User
) -> None:
    assert check(access_token(providers)).tenant_id == first_tenant(ada)
    archive = member(ada, "Archive", is_primary=True)

    found = check(access_token(providers))
    assert (found.tenant_id, found.scopes) == (archive.pk, frozenset())


def test_an_issuers_tenant_is_the_only_one_and_for_members_only(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User
) -> None:
    archive = member(ada, "Archive", "books:read")
    member(ada, "Home", is_primary=True)
    UpstreamIssuer.objects.update(tenant=archive)
    found = check(access_token(providers))
    assert (found.tenant_id, set(found.scopes)) == (archive.pk, {"books:read"})

    with site_context("a test ends a membership"):
        Membership.objects.filter(tenant=archive).delete()
    refused = result(access_token(providers))
    assert isinstance(refused, UpstreamTokenRefused)
    assert (refused.reason, refused.person) == (UpstreamTokenRefusal.NOT_A_MEMBER, ada.pk)
    User.objects.update(is_superuser=True)
    assert check(access_token(providers)).tenant_id == archive.pk


def test_a_superuser_gets_no_more_than_is_mapped(providers: Sandbox, issuer: UpstreamIssuer, ada: User) -> None:
    User.objects.update(is_superuser=True)
    with site_context("a test ends a membership"):
        Membership.objects.all().delete()

    found = check(access_token(providers, scope="read:books everything"))
    assert (set(found.scopes), found.tenant_id) == ({"books:read"}, None)


def test_a_deactivated_person_is_refused_at_once(providers: Sandbox, issuer: UpstreamIssuer, ada: User) -> None:
    token = access_token(providers)
    assert refusal(token) is None
    User.objects.filter(pk=ada.pk).update(is_active=False)

    assert refusal(token) == UpstreamTokenRefusal.PERSON_INACTIVE


def test_a_token_that_may_be_older_than_a_cut_off_does_not_count(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User
) -> None:
    """The issuer's clock may be ahead by the leeway, so a token of the following minute is in doubt too."""
    User.objects.filter(pk=ada.pk).update(not_before=timezone.now())
    at = User.objects.get(pk=ada.pk).not_before
    assert at is not None
    later = int((at + timedelta(seconds=60)).timestamp())

    assert refusal(access_token(providers)) == UpstreamTokenRefusal.CUT_OFF
    assert refusal(access_token(providers, iat=int(at.timestamp()) - 3600)) == UpstreamTokenRefusal.CUT_OFF
    assert refusal(access_token(providers, iat=later)) == UpstreamTokenRefusal.CUT_OFF


def test_a_token_after_a_cut_off_counts(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User, time_machine: Any
) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)
    User.objects.filter(pk=ada.pk).update(is_active=True)
    time_machine.move_to(timezone.now() + timedelta(seconds=62))

    assert refusal(access_token(providers)) is None


def test_an_inactive_issuer_is_refused_at_once(providers: Sandbox, issuer: UpstreamIssuer, ada: User) -> None:
    UpstreamIssuer.objects.update(is_active=False)

    assert refusal(access_token(providers)) == UpstreamTokenRefusal.ISSUER_INACTIVE


def test_an_unknown_person_is_refused_and_nothing_is_written(providers: Sandbox, issuer: UpstreamIssuer) -> None:
    assert refusal(access_token(providers)) == UpstreamTokenRefusal.PERSON_UNKNOWN
    assert not Identity.objects.exists()
    assert not User.objects.exists()


def test_the_subject_of_another_issuer_is_another_person(providers: Sandbox, issuer: UpstreamIssuer, ada: User) -> None:
    Identity.objects.update(issuer="https://another.example")

    assert refusal(access_token(providers)) == UpstreamTokenRefusal.PERSON_UNKNOWN
