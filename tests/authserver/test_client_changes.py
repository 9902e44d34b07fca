"""What administrators do with apps: replace secrets, stop and start, change, delete; and what tenants' may do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.functions import Now
from django.test import Client as Browser

from accounts.models import Membership, Role, User
from accounts.models.active_membership import set_context
from audit.models import Entry
from authserver.clients import changes, delegation
from authserver.clients.registration import Registration, register
from authserver.models import AccessToken, Client, ClientSecret, GrantType, Resource, SigningAlgorithm, TokenFormat
from foundation import lifetimes
from tenancy import site_context, tenant_context
from tests.support.oauth import basic, document, registered, token_request
from tests.support.services import clerk, service
from tests.support.together import together
from tests.tenancy.conftest import Side, Town, town

__all__ = ["town"]

pytestmark = pytest.mark.django_db
Result = TypeVar("Result")
OWN = {"grant_type": "client_credentials"}


def status(client: Client, secret: str, **fields: str) -> int:
    return token_request(Browser(), OWN | fields, basic(client.client_id, secret)).status_code


def operate(act: Callable[..., Result], client: Client, *args: Any, **options: Any) -> Result:
    """Do something with an app, as a superuser would."""
    with site_context("a test acts on an app"):
        return act(client, *args, **options)


def actions_on(client: Client) -> list[str]:
    found = Entry.objects.filter(object_table="authserver_client", object_id=str(client.pk), action__contains=".")
    return list(found.order_by("pk").values_list("action", flat=True))


@pytest.mark.promise(59)
def test_two_secrets_are_valid_at_once_and_the_former_one_ends_after_the_overlap() -> None:
    client, first = registered()
    second = operate(changes.add_secret, client)
    assert [status(client, one) for one in (first, second)] == [200, 200]
    third = operate(changes.add_secret, client)
    assert [status(client, one) for one in (first, second, third)] == [401, 200, 200]
    ClientSecret.objects.filter(expires_at__gt=Now()).update(expires_at=Now() - timedelta(seconds=1))
    assert [status(client, one) for one in (first, second, third)] == [401, 401, 200]
    assert actions_on(client).count("client.secret_added") == 2


@pytest.mark.promise(59)
def test_the_overlap_is_a_week_and_never_becomes_longer() -> None:
    client, _ = registered()
    operate(changes.add_secret, client)
    former = ClientSecret.objects.get(client=client, expires_at__isnull=False)
    assert former.expires_at
    lasts = former.expires_at - ClientSecret.objects.latest("pk").created_at
    assert abs(lasts - lifetimes.SECRET_OVERLAP) < timedelta(minutes=1)


@pytest.mark.promise(59)
def test_the_former_secret_can_end_at_once() -> None:
    client, first = registered()
    second = operate(changes.add_secret, client, former_ends_now=True)
    assert [status(client, one) for one in (first, second)] == [401, 200]


@pytest.mark.promise(59)
def test_a_secret_is_revoked_at_once_even_the_last_one() -> None:
    client, first = registered()
    other, _ = registered()
    secret, foreign = ClientSecret.objects.get(client=client), ClientSecret.objects.get(client=other)
    assert not operate(changes.revoke_secret, client, foreign.pk)
    assert operate(changes.revoke_secret, client, secret.pk)
    assert not operate(changes.revoke_secret, client, secret.pk)
    assert status(client, first) == 401
    assert actions_on(client).count("client.secret_revoked") == 1
    assert "client.secret_revoked" not in actions_on(other)


def test_a_public_app_is_given_no_secret() -> None:
    client, _ = registered(
        grants=[GrantType.AUTHORIZATION_CODE], redirect_uris=["https://app.example/"], is_public=True
    )
    with pytest.raises(changes.PublicClient):
        operate(changes.add_secret, client)


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(59)
def test_of_secrets_added_at_the_same_moment_two_are_valid() -> None:
    client, first = registered()

    def add() -> str:
        try:
            return operate(changes.add_secret, client)
        finally:
            connection.close()

    added = together(*[add] * 4)
    assert sorted(status(client, str(one)) for one in [first, *added]) == [200, 200, 401, 401, 401]


@pytest.mark.promise(86)
@pytest.mark.parametrize("token_format", TokenFormat)
def test_what_a_stopped_app_was_given_stays_invalid_after_it_is_started_again(token_format: TokenFormat) -> None:
    client, secret = registered(token_format=token_format)
    assert status(client, secret) == 200
    assert operate(changes.stop, client)
    assert (client.is_active, client.not_before is None) == (False, False)
    assert status(client, secret) == 401
    assert not operate(changes.stop, client)
    stopped_at = client.not_before
    assert operate(changes.start, client)
    assert not operate(changes.start, client)
    assert status(client, secret) == 200
    assert client.not_before == stopped_at
    assert [one for one in actions_on(client) if one.startswith("client.st")] == ["client.stopped", "client.started"]
    if token_format == TokenFormat.OPAQUE:
        before, after = AccessToken.objects.order_by("created_at").values_list("client_not_before", flat=True)
        assert (before, after) == (None, stopped_at)


@pytest.mark.promise(86)
def test_each_stop_moves_the_moment_before_which_nothing_counts() -> None:
    client, _ = registered()
    operate(changes.stop, client)
    first = client.not_before
    operate(changes.start, client)
    operate(changes.stop, client)
    assert first is not None
    assert client.not_before is not None
    assert client.not_before >= first  # in one transaction the database's clock may stand still


def test_a_change_is_checked_like_a_registration_and_recorded() -> None:
    client, _ = registered()
    with site_context("a test changes an app"):
        client.name, client.scopes = "Lantern", ["reports:read"]
        assert changes.change(client) == ["name", "scopes"]
        assert changes.change(client) == []
        client.grants = [GrantType.AUTHORIZATION_CODE]
        with pytest.raises(ValidationError) as refused:
            changes.change(client)
    assert refused.value.message_dict.keys() == {"redirect_uris"}
    (entry,) = Entry.objects.filter(object_id=str(client.pk), action="client.changed")
    assert entry.details == {"app": client.client_id, "fields": ["name", "scopes"]}


def test_kind_tenant_and_id_never_change(town: Town) -> None:
    client, _ = registered()
    with site_context("a test changes an app"):
        client.is_public, client.tenant, client.client_id, client.is_active = True, town.a.tenant, "other", False
        assert changes.change(client) == []
        again = Client.objects.get(pk=client.pk)
    assert (again.is_public, again.tenant_id, again.client_id, again.is_active) == (False, None, str(client.pk), True)


def test_what_was_taken_away_is_not_given_again() -> None:
    client, secret = registered(scopes=["reports:read"], resources=["https://api.example/"])
    asked = {"scope": "reports:read", "resource": "https://api.example/"}
    assert status(client, secret, **asked) == 200
    with site_context("a test changes an app"):
        client.scopes, client.resources = [], []
        changes.change(client)
    assert status(client, secret, scope="reports:read") == 400
    assert status(client, secret, resource="https://api.example/") == 400


def test_a_deleted_app_is_unknown_and_its_deletion_is_recorded() -> None:
    client, secret = registered()
    key = client.pk
    with site_context("a test deletes an app"):
        changes.delete(client)
    assert token_request(Browser(), OWN, basic(str(key), secret)).status_code == 401
    assert Entry.objects.filter(object_id=str(key), action="client.deleted").exists()
    assert not ClientSecret.objects.exists()


def give_scopes(side: Side, *scopes: str) -> None:
    """Let the owner of a tenant work in the tenant's own role, which has these scopes."""
    with site_context("a test gives scopes"):
        Role.objects.filter(pk=side.role.pk).update(scopes=list(scopes))
        Membership.objects.filter(user=side.owner).update(role=side.role)


@contextmanager
def at_work(side: Side) -> Iterator[User]:
    """Be the owner of a tenant, who works there."""
    with tenant_context(side.tenant.pk, person_id=side.owner.pk):
        side.owner.active_membership = set_context(side.owner.pk, side.tenant.pk, pinned=None)
        yield side.owner


def of_tenant(side: Side, **chosen: Any) -> tuple[Client, str]:
    """Register an app of a tenant, as its owner would."""
    wanted: dict[str, Any] = {"name": "Ours", "grants": [GrantType.CLIENT_CREDENTIALS], "tenant": side.tenant, **chosen}
    with at_work(side) as owner:
        found = register(Registration(**wanted), creator=owner)
    return found.client, found.secret or ""


def test_a_tenants_administrator_registers_apps_of_the_own_tenant(town: Town) -> None:
    give_scopes(town.a, "reports:read")
    with site_context("a test makes resource servers"):
        Resource.objects.create(identifier="https://a.example/", name="A", tenant=town.a.tenant)
    client, secret = of_tenant(town.a, scopes=["openid", "reports:read"], resources=["https://a.example/"])
    assert (client.tenant_id, client.created_by_id, client.is_delegated) == (town.a.tenant.pk, town.a.owner.pk, True)
    assert status(client, secret, scope="reports:read", resource="https://a.example/") == 200
    with at_work(town.a) as owner:
        assert delegation.is_within_reach(owner, client)
        client.name = "Renamed"
        assert changes.change(client, actor=owner) == ["name"]


@pytest.mark.promise(46, 47)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scopes", ["reports:write"]),
        ("resources", ["https://site.example/"]),
        ("resources", ["https://b.example/"]),
        ("resources", ["https://unknown.example/"]),
        ("is_first_party", True),
        ("is_pkce_optional", True),
        ("signing_algorithm", SigningAlgorithm.ES256),
    ],
)
def test_a_tenants_administrator_gives_an_app_nothing_above_themselves(town: Town, field: str, value: Any) -> None:
    give_scopes(town.a, "reports:read")
    with site_context("a test makes resource servers"):
        Resource.objects.create(identifier="https://site.example/", name="Site")
        Resource.objects.create(identifier="https://b.example/", name="B", tenant=town.b.tenant)
    with pytest.raises(ValidationError) as refused:
        of_tenant(town.a, **{field: value})
    assert refused.value.message_dict.keys() == {field}

    client, _ = of_tenant(town.a)
    with at_work(town.a) as owner:
        setattr(client, field, value)
        with pytest.raises(ValidationError) as refused:
            changes.change(client, actor=owner)
    assert refused.value.message_dict.keys() == {field}


@pytest.mark.promise(46, 47)
def test_apps_of_the_site_of_others_and_with_more_rights_are_out_of_reach(town: Town) -> None:
    site, _ = registered()
    foreign, _ = registered(tenant=town.b.tenant)
    above, _ = registered(tenant=town.a.tenant, scopes=["reports:write"])
    trusted, _ = registered(tenant=town.a.tenant, is_first_party=True)
    equal, _ = registered(tenant=town.a.tenant, scopes=["openid"])
    with at_work(town.a) as owner:
        apps = (site, foreign, above, trusted, equal)
        assert [delegation.is_within_reach(owner, one) for one in apps] == [False, False, False, False, True]
        assert [one.pk for one in Client.objects.filter(pk__in=[site.pk, foreign.pk])] == []
        equal.is_delegated = False
        changes.change(equal, actor=owner)
        for tenant in (None, town.b.tenant):
            with pytest.raises(ValidationError) as refused:
                register(Registration(name="x", grants=[GrantType.CLIENT_CREDENTIALS], tenant=tenant), creator=owner)
            assert refused.value.message_dict.keys() == {"tenant"}


def test_an_app_does_not_get_out_of_its_registrars_bounds_by_a_change(town: Town) -> None:
    client, _ = of_tenant(town.a)
    with at_work(town.a) as owner:
        client.is_delegated = False
        with pytest.raises(ValidationError):
            changes.change(client, actor=owner)
    root = User.objects.create_superuser(username="root", name="Root")
    with site_context("a test changes an app"):
        assert changes.change(client, actor=root) == ["is_delegated"]


@pytest.mark.promise(63)
@pytest.mark.parametrize("loses", ["the scope", "the membership", "the account", "the row"])
def test_a_tenants_app_has_at_most_what_its_registrar_has_now(town: Town, loses: str) -> None:
    give_scopes(town.a, "reports:read")
    client, secret = of_tenant(town.a, scopes=["reports:read"])
    assert status(client, secret, scope="reports:read") == 200
    with site_context("a test takes away"):
        match loses:
            case "the scope":
                Role.objects.filter(pk=town.a.role.pk).update(scopes=[])
            case "the membership":
                Membership.objects.filter(user=town.a.owner).delete()
            case "the account":
                User.objects.filter(pk=town.a.owner.pk).update(is_active=False)
            case _:
                User.objects.get(pk=town.a.owner.pk).delete()
    answer = token_request(Browser(), OWN | {"scope": "reports:read"}, basic(client.client_id, secret))
    assert (answer.status_code, document(answer)["error"]) == (400, "invalid_scope")
    assert Entry.objects.filter(action="tokens.refused", details__reason="scope_not_delegated").exists()


@pytest.mark.promise(46, 47)
def test_an_app_acts_as_a_service_within_the_rights_of_whoever_says_so(town: Town) -> None:
    give_scopes(town.a, "reports:read")
    grace = clerk(town.a.tenant, "reports:read", "reports:write", name="Grace")
    small = service(town.a.tenant, grace, "reports:read")
    large = service(town.a.tenant, grace, "reports:read", "reports:write", name="Large")
    foreign = service(town.b.tenant, clerk(town.b.tenant, "reports:read", name="Bob"), "reports:read")
    client, secret = of_tenant(town.a, scopes=["reports:read"], service=small)
    assert status(client, secret, scope="reports:read") == 200

    for other in (large, foreign):
        client.service = other
        with at_work(town.a) as owner, pytest.raises(ValidationError) as refused:
            changes.change(client, actor=owner)
        assert refused.value.message_dict.keys() == {"service"}
        with pytest.raises(ValidationError):
            of_tenant(town.a, service=other)


@pytest.mark.promise(46, 47)
def test_an_app_whose_service_is_taken_away_is_stopped(town: Town) -> None:
    give_scopes(town.a, "reports:read")
    night_job = service(town.a.tenant, clerk(town.a.tenant, "reports:read"), "reports:read")
    own, secret = of_tenant(town.a, scopes=["reports:read"], service=night_job)
    by_operator, _ = registered(tenant=town.a.tenant, scopes=["reports:read"], service=night_job)
    with at_work(town.a) as owner:
        by_operator.service = None
        with pytest.raises(ValidationError, match="above"):
            changes.change(by_operator, actor=owner)
        own.service = None
        assert changes.change(own, actor=owner) == ["service_id"]
    assert not own.is_active
    assert status(own, secret) == 401


@pytest.mark.parametrize(
    "wrong", [{"tenant": None}, {"grants": [GrantType.DEVICE_CODE]}], ids=["of the site", "never in its own name"]
)
def test_an_app_that_cannot_act_as_a_service_is_refused_one(town: Town, wrong: dict[str, Any]) -> None:
    night_job = service(town.a.tenant, clerk(town.a.tenant, "reports:read"), "reports:read")
    with pytest.raises(ValidationError) as refused:
        registered(**{"tenant": town.a.tenant, "service": night_job, **wrong})
    assert refused.value.message_dict.keys() == {"service"}
