"""Service accounts: they may do what their owner may do now, and stop when the owner leaves."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.cut_off import check_list, cut_off
from accounts.models import CutOff, Membership, Role, User
from accounts.privacy.erasing import erase
from audit.context import Actor, ActorKind
from audit.models import Entry
from authserver import events
from authserver.models import Client, ServiceAccount
from authserver.protocol.bearer_credential import BearerError
from authserver.services import accounts, issuing, keys
from authserver.services.rights import rights_of
from authserver.tokens import bearer
from tenancy import site_context, tenant_context
from tests.support.oauth import basic, registered, token_request
from tests.support.services import READ, WRITE, clerk, key_of_service, refusal_of, service
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, WRITE, name="Ada")


@pytest.fixture
def night_job(town: Town, ada: User) -> ServiceAccount:
    return service(town.a.tenant, ada, READ, "books:burn")


def answer_to(client: Client, secret: str, scope: str = f"{READ} {WRITE}") -> dict[str, Any]:
    """Ask for a token in the client's own name."""
    fields = {"grant_type": "client_credentials", "scope": scope}
    found: dict[str, Any] = json.loads(token_request(Browser(), fields, basic(client.client_id, secret)).content)
    return found


def again(found: ServiceAccount) -> ServiceAccount:
    with site_context("a test looks"):
        row: ServiceAccount = ServiceAccount.objects.get(pk=found.pk)
        return row


def saved(found: ServiceAccount) -> None:
    with tenant_context(found.tenant_id):
        accounts.save(found)


def _deactivate(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def _reactivate(person: User) -> None:
    _deactivate(person)
    User.objects.filter(pk=person.pk).update(is_active=True)


def _cut_off(person: User) -> None:
    cut_off(person, by=CutOff.By.COMMAND, reason="a laptop was stolen", close=False)


def _remove(person: User) -> None:
    with site_context("a test removes a member"):
        Membership.objects.filter(user=person).delete()


def _erase(person: User) -> None:
    erase(person, reason="they asked")


LEAVING = [
    pytest.param(_deactivate, "owner_inactive", id="deactivated"),
    pytest.param(_reactivate, "owner_cut_off", id="deactivated and reactivated"),
    pytest.param(_cut_off, "service_stopped", id="cut off"),
    pytest.param(_remove, "owner_left", id="no member any more"),
    pytest.param(_erase, "key_unknown", id="erased"),
]


@pytest.mark.promise(70)
def test_a_key_of_a_service_is_the_service_with_what_its_owner_may_do(
    town: Town, ada: User, night_job: ServiceAccount
) -> None:
    holder = keys.check(key_of_service(night_job).text)

    assert (holder.service, holder.person, holder.tenant_id) == (night_job, ada, town.a.tenant.pk)
    assert holder.id == night_job.pk
    assert holder.scopes == {READ}
    assert night_job.pk.version == 8  # never that of a person


@pytest.mark.promise(89)
def test_the_trail_names_the_service_and_its_owner(ada: User, night_job: ServiceAccount) -> None:
    with keys.check(key_of_service(night_job).text).acting(), site_context("the service does something"):
        Role.objects.create(name="made by a service", tenant_id=night_job.tenant_id)

    entry = Entry.objects.get(object_table="accounts_role", after__name="made by a service")
    assert entry.actor == Actor(ActorKind.SERVICE, str(night_job.pk))
    assert entry.behind == Actor(ActorKind.PERSON, str(ada.pk))


@pytest.mark.promise(31)
@pytest.mark.promise(89)
@pytest.mark.parametrize(("leave", "reason"), LEAVING)
def test_the_leaving_of_its_owner_stops_a_service_with_its_keys(
    ada: User, night_job: ServiceAccount, leave: Callable[[User], None], reason: str
) -> None:
    text = key_of_service(night_job).text
    assert refusal_of(text) is None
    leave(ada)
    assert refusal_of(text) == reason


@pytest.mark.promise(86)
@pytest.mark.promise(89)
@pytest.mark.parametrize(("leave", "_reason"), LEAVING)
def test_the_leaving_of_its_owner_stops_the_apps_of_a_service(
    town: Town, ada: User, night_job: ServiceAccount, leave: Callable[[User], None], _reason: str
) -> None:
    client, secret = registered(tenant=town.a.tenant, scopes=[READ, WRITE])
    with tenant_context(town.a.tenant.pk):
        Client.objects.filter(pk=client.pk).update(service=night_job)
    token = answer_to(client, secret, READ)["access_token"]
    assert bearer.check(token).rights.service_id == night_job.pk
    told = Entry.objects.get(action=events.TOKENS_ISSUED.value)
    assert (told.actor.id, told.behind and told.behind.id) == (str(night_job.pk), str(ada.pk))
    assert (told.details or {})["app"] == client.client_id

    assert answer_to(client, secret)["error"] == "invalid_scope"  # which nobody gave the service
    leave(ada)
    assert answer_to(client, secret, READ)["error"] in {"unauthorized_client", "invalid_client"}
    with pytest.raises(BearerError):
        bearer.check(token)


@pytest.mark.promise(89)
def test_the_database_has_no_service_without_an_owner(night_job: ServiceAccount) -> None:
    with pytest.raises(IntegrityError), site_context("a test tries"):
        ServiceAccount.objects.filter(pk=night_job.pk).update(owner=None)


@pytest.mark.promise(89)
@pytest.mark.parametrize("who", ["stranger", "deactivated"])
def test_nobody_else_becomes_an_owner(town: Town, ada: User, who: str) -> None:
    if who == "deactivated":
        _deactivate(ada)
    with pytest.raises(ValidationError, match="active member"):
        service(town.a.tenant, ada if who == "deactivated" else town.b.owner)


@pytest.mark.promise(89)
def test_another_owner_brings_a_service_back_without_its_old_keys(
    town: Town, ada: User, night_job: ServiceAccount
) -> None:
    old = key_of_service(night_job).text
    _remove(ada)
    found = again(night_job)
    found.owner = clerk(town.a.tenant, READ, name="Grace")
    saved(found)

    assert refusal_of(old) == "key_replaced"
    assert keys.check(key_of_service(again(night_job)).text).scopes == {READ}


def test_a_service_that_was_stopped_and_started_keeps_its_keys(night_job: ServiceAccount) -> None:
    text = key_of_service(night_job).text
    found = again(night_job)
    found.is_active = False
    saved(found)
    assert refusal_of(text) == "service_stopped"
    found.is_active = True
    saved(found)
    assert refusal_of(text) is None


@pytest.mark.promise(89)
def test_a_service_that_starts_after_a_cut_off_needs_new_keys(ada: User, night_job: ServiceAccount) -> None:
    text = key_of_service(night_job).text
    _cut_off(ada)
    found = again(night_job)
    assert not found.is_active
    found.purpose = "Counts."
    saved(found)  # which starts nothing
    assert refusal_of(text) == "service_stopped"
    found.is_active = True
    saved(found)
    assert refusal_of(text) == "key_replaced"
    assert refusal_of(key_of_service(again(night_job)).text) is None


def test_a_cut_off_counts_keys_and_services(ada: User, night_job: ServiceAccount) -> None:
    key_of_service(night_job)
    done = cut_off(ada, by=CutOff.By.COMMAND, reason="a laptop was stolen", close=False)
    done.refresh_from_db()
    (found,) = [one for one in check_list(done) if "API keys" in str(one.label)]
    assert (found.revoked, found.alive) == (1, 0)
    assert found.confirmed_at is not None


def test_a_service_expires_and_its_keys_not_later(night_job: ServiceAccount) -> None:
    new = key_of_service(night_job)
    assert new.key.expires_at == night_job.expires_at
    with site_context("time passes"):
        ServiceAccount.objects.update(expires_at=timezone.now())
    assert refusal_of(new.text) == "service_expired"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "two\nlines"},
        {"purpose": ""},
        {"purpose": "x" * 301},
        {"scopes": ["two words"]},
        {"scopes": [str(number) for number in range(51)]},
        {"expires_at": timezone.now() - timedelta(days=1)},
        {"expires_at": timezone.now() + timedelta(days=2000)},
    ],
)
def test_a_service_needs_a_name_a_purpose_and_an_end(town: Town, ada: User, fields: dict[str, object]) -> None:
    given = {"name": "x", "purpose": "x", "expires_at": timezone.now() + timedelta(days=1), **fields}
    with pytest.raises(ValidationError):
        saved(ServiceAccount(tenant=town.a.tenant, owner=ada, **given))


def test_a_name_is_taken_once_in_a_tenant(town: Town, ada: User, night_job: ServiceAccount) -> None:
    with pytest.raises(ValidationError, match="of this name already"):
        service(town.a.tenant, ada)
    service(town.b.tenant, clerk(town.b.tenant, name="Bob"))


def test_a_key_has_no_scope_that_its_service_has_not(night_job: ServiceAccount) -> None:
    with pytest.raises(ValidationError):
        key_of_service(night_job, WRITE)


def test_a_service_that_loses_a_scope_takes_it_from_its_keys(night_job: ServiceAccount) -> None:
    new = key_of_service(night_job)
    found = again(night_job)
    found.scopes = []
    saved(found)
    assert keys.check(new.text).scopes == frozenset()
    with tenant_context(night_job.tenant_id):
        assert issuing.rotate(new.key).key.scopes == []


@pytest.mark.promise(86)
@pytest.mark.parametrize("leave", [_deactivate, _remove, _erase])
def test_an_app_of_a_tenant_has_what_its_registrar_may_do_now(
    town: Town, ada: User, leave: Callable[[User], None]
) -> None:
    client, secret = registered(tenant=town.a.tenant, scopes=[READ, WRITE])
    with tenant_context(town.a.tenant.pk):
        Client.objects.filter(pk=client.pk).update(is_delegated=True, created_by=ada)
    token = answer_to(client, secret)["access_token"]
    assert bearer.check(token).scopes == (READ, WRITE)

    with site_context("a test changes a role"):
        Role.objects.filter(memberships__user=ada).update(scopes=[WRITE])
    assert answer_to(client, secret)["error"] == "invalid_scope"
    assert answer_to(client, secret, WRITE)["scope"] == WRITE
    assert bearer.check(token).scopes == (WRITE,)
    leave(ada)
    assert answer_to(client, secret, WRITE)["error"] == "invalid_scope"
    with pytest.raises(BearerError):
        bearer.check(token)


@pytest.mark.promise(63)
def test_the_subject_of_a_service_is_never_that_of_a_person(night_job: ServiceAccount, ada: User) -> None:
    assert (night_job.pk.version, ada.pk.version) == (8, 4)


def test_an_app_that_nobody_owns_is_limited_by_its_registration_alone(town: Town) -> None:
    of_tenant, secret = registered(tenant=town.a.tenant, scopes=[READ, WRITE])
    assert answer_to(of_tenant, secret)["scope"] == f"{READ} {WRITE}"
    of_site, _secret = registered(scopes=[READ])
    with CaptureQueriesContext(connection) as queries:
        assert rights_of(of_site).present([READ]) == [READ]
    assert not queries.captured_queries


def test_a_client_that_loses_its_service_is_stopped(town: Town, night_job: ServiceAccount) -> None:
    client, _secret = registered(tenant=town.a.tenant, scopes=[READ])
    with tenant_context(town.a.tenant.pk):
        Client.objects.filter(pk=client.pk).update(service=night_job)
        ServiceAccount.objects.get(pk=night_job.pk).delete()
        found = Client.objects.get(pk=client.pk)
    assert (found.service_id, found.is_active) == (None, False)


def test_an_app_cannot_act_as_a_service_of_another_tenant(town: Town, night_job: ServiceAccount) -> None:
    of_other, _secret = registered(tenant=town.b.tenant, scopes=[READ])
    of_site, _secret = registered(scopes=[READ])
    with site_context("a test tries"):
        Client.objects.filter(pk=of_other.pk).update(service=night_job)
        of_other.refresh_from_db()
        with pytest.raises(IntegrityError), transaction.atomic():
            Client.objects.filter(pk=of_site.pk).update(service=night_job)
    assert rights_of(of_other).refusal == "service_unknown"


def test_a_service_is_seen_by_its_tenant_alone(town: Town, night_job: ServiceAccount) -> None:
    assert not ServiceAccount.objects.exists()
    with tenant_context(town.b.tenant.pk):
        assert not ServiceAccount.objects.exists()
    with tenant_context(town.a.tenant.pk):
        assert ServiceAccount.objects.get() == night_job
