"""A resource server that is renamed, deleted or given away leaves its apps, and no token is for it any more."""

from typing import Any

import jwt
import pytest
from django.conf import settings

from accounts.models import User
from audit.models import Entry
from authserver.models import Client, Resource
from authserver.protocol.bearer_credential import BearerError
from authserver.tokens import bearer
from tenancy import site_context, tenant_context
from tests.support.authorized import App, refused
from tests.support.oauth import registered
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
BERTHS, CRANES = "https://berths.example/", "https://cranes.example/"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada")


def resource(identifier: str = BERTHS, **fields: Any) -> Resource:
    with site_context("a test makes a resource server"):
        found: Resource = Resource.objects.create(identifier=identifier, name="Berths", **fields)
    return found


def resources_of(client: Client) -> list[str]:
    with site_context("a test looks"):
        found: list[str] = Client.objects.values_list("resources", flat=True).get(pk=client.pk)
    return found


def test_a_deleted_resource_server_leaves_every_app_of_whatever_tenant(town: Town) -> None:
    berths = resource(tenant=town.a.tenant)
    own, _ = registered(tenant=town.a.tenant, resources=[BERTHS, CRANES])
    of_site, _ = registered(resources=[BERTHS])
    with tenant_context(town.a.tenant.pk):
        berths.delete()
        assert Client.objects.get() == own, "the context is as before"
    assert (resources_of(own), resources_of(of_site)) == ([CRANES], [])
    entry = Entry.objects.filter(object_table="authserver_client", object_id=str(own.pk), action="update").get()
    assert entry.after == {"resources": [CRANES]}


def test_a_renamed_one_leaves_them_too() -> None:
    berths = resource()
    client, _ = registered(resources=[BERTHS])
    with site_context("a test renames"):
        berths.name = "All berths"
        berths.save()
        assert resources_of(client) == [BERTHS]
        Resource.objects.update(identifier=CRANES)
    assert resources_of(client) == []


def test_one_that_is_given_to_another_tenant_leaves_the_apps_of_the_former(town: Town) -> None:
    resource(tenant=town.a.tenant)
    former, _ = registered(tenant=town.a.tenant, resources=[BERTHS])
    next_one, _ = registered(tenant=town.b.tenant, resources=[BERTHS])
    of_site, _ = registered(resources=[BERTHS])
    with site_context("a test gives it away"):
        Resource.objects.update(tenant=town.b.tenant)
    assert [resources_of(one) for one in (former, next_one, of_site)] == [[], [BERTHS], [BERTHS]]


@pytest.mark.promise(86)
def test_no_token_is_for_one_that_is_gone(ada: User) -> None:
    berths = resource()
    app = App.registered(resources=[BERTHS, CRANES])
    both = app.tokens(ada, resources=[BERTHS, CRANES])
    only = app.tokens(ada, resources=[BERTHS])
    with site_context("a test deletes"):
        berths.delete()

    again = app.refresh(both["refresh_token"]).json()
    assert jwt.decode(again["access_token"], options={"verify_signature": False})["aud"] == CRANES
    assert refused(app.refresh(again["refresh_token"], resource=BERTHS)) == "invalid_target"
    assert refused(app.refresh(only["refresh_token"])) == "invalid_target", "and never for ourselves instead"
    assert refused(app.post(grant_type="client_credentials", resource=BERTHS)) == "unauthorized_client"
    with pytest.raises(BearerError):
        bearer.check(only["access_token"])
    assert bearer.check(both["access_token"]).audience == (CRANES,)
    assert app.refresh(app.tokens(ada)["refresh_token"]).json()["access_token"]
    assert settings.PUBLIC_URL not in bearer.check(again["access_token"]).audience
