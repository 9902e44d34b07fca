"""Accounts that an upstream token opens: only where configured, and as a first sign-in would open them."""

import threading
from typing import Any

import pytest
from django.db.models.signals import post_save

from accounts.models import Identity, Membership, Role, User
from audit.models import Entry
from providers import upstream
from providers.models import RefusedIdentity, UpstreamIssuer
from providers.refusal import RefusalReason
from providers.upstream_tokens import UpstreamToken, UpstreamTokenRefusal, UpstreamTokenRefused, check, tokens
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tenancy import site_context
from tests.support.claim_rules import rule
from tests.support.together import leave_nothing_open, together
from tests.support.upstream_tokens import access_token, refusal, result

NEW: dict[str, Any] = {"sub": "sub-of-rita", "email": "rita@example.com", "email_verified": True, "name": "Rita"}


def entries(action: str) -> list[dict[str, Any]]:
    found = Entry.objects.filter(action=action).order_by("id")
    return [{"person": entry.person, "details": entry.details} for entry in found]


@pytest.mark.django_db
def test_the_first_token_opens_an_account_and_the_next_finds_it(providers: Sandbox, issuer: UpstreamIssuer) -> None:
    UpstreamIssuer.objects.update(creates_accounts=True)
    found = check(access_token(providers, **NEW))
    again = check(access_token(providers, **NEW))

    user = User.objects.get()
    assert found.user == again.user == user
    assert (user.name, user.email, user.email_verified) == ("Rita", "rita@example.com", True)
    assert not user.has_usable_password()
    identity = Identity.objects.get()
    assert (identity.user, identity.provider, identity.subject) == (user, "keycloak", "sub-of-rita")
    assert [entry["person"] for entry in entries("account.enrolled")] == [str(user.pk)]
    assert [entry["person"] for entry in entries("identity.linked")] == [str(user.pk)]
    assert found.scopes == frozenset()  # nobody has given a role


@pytest.mark.django_db
def test_claim_rules_are_applied_as_at_a_first_sign_in_and_later_tokens_change_nothing(
    providers: Sandbox, issuer: UpstreamIssuer
) -> None:
    UpstreamIssuer.objects.update(creates_accounts=True)
    rule("keycloak", "realm_access.roles", "reader", role="member")
    with site_context("a test gives a role a scope"):
        Role.objects.filter(name="member").update(scopes=["books:read"])
    roles: dict[str, Any] = {"realm_access": {"roles": ["reader"]}}

    assert check(access_token(providers, **NEW, **roles)).scopes == {"books:read"}
    assert check(access_token(providers, **NEW)).scopes == {"books:read"}
    assert check(access_token(providers, **(NEW | {"sub": "other", "email": None}))).scopes == frozenset()
    with site_context("a test looks"):
        assert Membership.objects.count() == 1
    assert len(entries("memberships.synced")) == 1


@pytest.mark.django_db
def test_an_address_of_an_account_opens_nothing_and_an_administrator_finds_the_refusal(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User
) -> None:
    UpstreamIssuer.objects.update(creates_accounts=True)
    refused = result(access_token(providers, **(NEW | {"email": ada.email})))

    assert isinstance(refused, UpstreamTokenRefused)
    assert (refused.reason, refused.person) == (RefusalReason.EMAIL_OF_ANOTHER_ACCOUNT, ada.pk)
    assert User.objects.count() == Identity.objects.count() == 1
    row = RefusedIdentity.objects.get()
    assert (row.reference, row.account, row.subject) == (refused.reference, ada.pk, "sub-of-rita")
    assert refused.is_recorded
    (entry,) = entries("sign_in.refused")
    assert (entry["person"], entry["details"]["reference"]) == (str(ada.pk), refused.reference)


@pytest.mark.django_db
def test_refusals_over_the_limit_leave_no_entry(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    UpstreamIssuer.objects.update(creates_accounts=True)
    limits = "accounts.sign_in.rate_limits"
    monkeypatch.setattr(
        f"{limits}.REFUSALS", __import__(limits, fromlist=["Limit"]).Limit(kind="r", most=0, seconds=60)
    )
    refused = result(access_token(providers, **(NEW | {"email": ada.email})))

    assert isinstance(refused, UpstreamTokenRefused)
    assert (refused.is_recorded, refused.reference) == (False, "")
    assert not RefusedIdentity.objects.exists()


@pytest.mark.django_db
def test_an_issuer_of_its_own_gives_an_unverified_contact_unless_it_is_trusted(
    providers: Sandbox, unshared: UpstreamIssuer
) -> None:
    UpstreamIssuer.objects.update(creates_accounts=True)
    first = check(access_token(providers, Provider.GOOGLE, **NEW)).user
    assert (first.email, first.email_verified, first.name) == ("rita@example.com", False, "Rita")
    identity = Identity.objects.get()
    assert (identity.provider, identity.issuer, identity.claims) == ("upstream", unshared.issuer, {})

    named: dict[str, Any] = {"email_claim": "https://a.example/mail", "email_verified_claim": "sure", "name_claim": ""}
    UpstreamIssuer.objects.update(**named)
    claims: dict[str, Any] = {
        "sub": "other",
        "https://a.example/mail": "otto@example.com",
        "sure": True,
        "name": "Otto",
    }
    second = check(access_token(providers, Provider.GOOGLE, **claims)).user
    assert (second.email, second.email_verified, second.name) == ("otto@example.com", True, "")
    third = check(access_token(providers, Provider.GOOGLE, **claims | {"sub": "third", "sure": "true"})).user
    assert (third.email, third.email_verified) == ("otto@example.com", False)


@pytest.mark.django_db
def test_a_provider_decides_by_its_own_rules_whose_token_it_is(providers: Sandbox, issuer: UpstreamIssuer) -> None:
    """Microsoft's tokens of another tenant are refused, and its address counts only with xms_edov."""
    UpstreamIssuer.objects.update(issuer=providers.world.issuer(Provider.MICROSOFT), creates_accounts=True)
    tenant = issuer_tenant(providers)
    other = result(access_token(providers, Provider.MICROSOFT, **NEW, tid="another"))
    assert isinstance(other, UpstreamTokenRefused)
    assert (other.reason, other.is_recorded) == (RefusalReason.TENANT_WRONG, True)
    assert not User.objects.exists()

    assert not check(access_token(providers, Provider.MICROSOFT, **NEW, tid=tenant)).user.email_verified


def issuer_tenant(providers: Sandbox) -> str:
    return providers.world.issuer(Provider.MICROSOFT).removesuffix("/v2.0").rsplit("/", 1)[-1]


@pytest.mark.django_db(transaction=True)
def test_eight_first_tokens_at_once_open_one_account(providers: Sandbox, issuer: UpstreamIssuer) -> None:
    UpstreamIssuer.objects.update(creates_accounts=True)
    token = access_token(providers, **NEW)
    found = together(*[lambda: result(token)] * 8)

    people = {one.user.pk for one in found if isinstance(one, UpstreamToken)}
    assert people == {User.objects.get().pk}
    assert len([one for one in found if isinstance(one, UpstreamToken)]) == 8
    assert Identity.objects.count() == len(entries("account.enrolled")) == 1


@pytest.mark.django_db(transaction=True)
def test_an_account_that_is_deleted_at_that_moment_is_unknown(providers: Sandbox, issuer: UpstreamIssuer) -> None:
    UpstreamIssuer.objects.update(creates_accounts=True)

    def delete(sender: Any, instance: Identity, **_more: Any) -> None:
        Identity.objects.filter(pk=instance.pk).delete()

    post_save.connect(delete, sender=Identity)
    try:
        assert refusal(access_token(providers, **NEW)) == UpstreamTokenRefusal.PERSON_UNKNOWN
    finally:
        post_save.disconnect(delete, sender=Identity)


@pytest.mark.django_db(transaction=True)
def test_a_person_cut_off_while_the_issuer_was_asked_for_its_keys_is_refused(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys are fetched after the person was read, so the person is read again."""
    monkeypatch.setattr(tokens, "CURRENT_FOR", 0.0)
    original = upstream.UpstreamClient.get

    def slow(client: upstream.UpstreamClient, url: str, **options: Any) -> upstream.UpstreamResponse:
        thread = threading.Thread(target=_deactivate)
        thread.start()
        thread.join()
        return original(client, url, **options)

    monkeypatch.setattr(upstream.UpstreamClient, "get", slow)
    assert refusal(access_token(providers)) == UpstreamTokenRefusal.PERSON_INACTIVE


def _deactivate() -> None:
    User.objects.update(is_active=False)
    leave_nothing_open()
