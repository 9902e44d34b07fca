"""A declared secret is in its own column and nowhere else, whatever happens to its row."""

from collections.abc import Callable
from datetime import timedelta
from secrets import token_hex
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.db.models import Model, QuerySet
from django.utils import timezone

from accounts.models import Invitation, Role, Tenant, User
from audit.declarations import audited
from audit.models import Entry
from authserver.models import ApiKey, Client, ClientSecret, TokenSigningKey
from providers.models import Connection
from tenancy import site_context
from tests.support.leaks import in_redis, in_tables
from tests.support.servers import Servers
from webhooks.models import Webhook

pytestmark = pytest.mark.django_db(transaction=True)
Values = dict[str, Any]


def user() -> User:
    return User.objects.create_user(name="Ada")


def tenant() -> Tenant:
    return Tenant.objects.create(name=uuid4().hex)


def invitation() -> Values:
    role = Role.objects.get(name="member", tenant=None)
    return {
        "tenant": tenant(),
        "role": role,
        "email": "x@example.com",
        "expires_at": timezone.now() + timedelta(days=1),
    }


def social_token() -> Values:
    return {"account": SocialAccount.objects.create(user=user(), provider="google", uid=uuid4().hex)}


def confirmation() -> Values:
    return {"email_address": EmailAddress.objects.create(user=user(), email="ada@example.com")}


def signing_key() -> Values:
    now = timezone.now()
    return {"kid": "k", "algorithm": "RS256", "public_jwk": {}, "created_at": now, "active_at": now}


REST: dict[str, Callable[[], Values]] = {  # what else a row of each needs
    "accounts.User": dict,
    "accounts.Invitation": invitation,
    "webhooks.Webhook": lambda: {"tenant": tenant(), "name": "Ours", "url": "https://example.com/"},
    "account.EmailConfirmation": confirmation,
    "socialaccount.SocialApp": lambda: {"provider": "google", "name": "x", "client_id": "y"},
    "socialaccount.SocialToken": social_token,
    "authserver.ClientSecret": lambda: {"client": Client.objects.create(name="Harbour")},
    "authserver.TokenSigningKey": signing_key,
    "authserver.ApiKey": lambda: {"user": user(), "name": "x", "public_id": "x", "expires_at": timezone.now()},
    "providers.Connection": lambda: {
        "slug": "x",
        "kind": "oidc",
        "label": "x",
        "issuer": "https://x.example",
        "client_id": "y",
    },
    "mfa.Authenticator": lambda: {"user": user(), "type": "totp"},
}
MODELS: set[type[Model]] = {
    ApiKey, Authenticator, ClientSecret, Connection, EmailConfirmation, Invitation, SocialApp, SocialToken,
    TokenSigningKey, User, Webhook,
}  # fmt: skip


@pytest.mark.promise(75, 76)
def test_every_model_with_secrets_is_tried() -> None:
    assert {model._meta.label for model, declaration in audited() if declaration.secret} == set(REST)
    assert {model._meta.label for model in MODELS} == set(REST)


@pytest.mark.parametrize("model", sorted(MODELS, key=str), ids=lambda model: model.__name__)
@pytest.mark.promise(75, 76)
def test_a_declared_secret_is_in_its_column_alone(servers: Servers, model: type[Model]) -> None:
    declaration = next(declaration for known, declaration in audited() if known is model)
    table = model._meta.db_table
    columns = sorted(declaration.secret)
    first, second = ({column: f"canary{token_hex(12)}" for column in columns} for _ in range(2))
    rows: QuerySet[Model] = QuerySet(model)
    with site_context("a test plants canaries"):
        row = rows.create(**REST[model._meta.label](), **_values(model, first))
        last = Entry.objects.latest("id").pk
        for name, value in _values(model, second).items():
            setattr(row, name, value)
        row.save()
        assert Entry.objects.filter(pk__gt=last, object_table=table).count() == 1
        rows.filter(pk=row.pk).update(**_values(model, first))
    planted = {
        f"{column} {place}": value for place, of in (("1", first), ("2", second)) for column, value in of.items()
    }

    assert in_tables(servers, planted) == {(f"{column} 1", f"{table}.{column}") for column in columns}
    with site_context("a test removes canaries"):
        row.delete()
    assert in_tables(servers, planted) == set()
    assert in_redis(servers.valkey.url, planted) == set()


def _values(model: type[Model], canaries: dict[str, str]) -> Values:
    return {
        name: {"secret": canary} if model._meta.get_field(name).get_internal_type() == "JSONField" else canary
        for name, canary in canaries.items()
    }
