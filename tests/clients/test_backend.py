"""A FastAPI back end accepts the tokens of people and programs that a running Vestibule issued for it."""

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Membership, Role, Tenant, User
from authserver.keys import ring
from authserver.models import Client, ProfileClaim, ProfileValue, SigningAlgorithm, TokenFormat, TokenSigningKey
from tenancy import site_context
from tests.clients.backend import API, Backend, service_token, serving, tokens_of
from tests.support.apps import app
from tests.support.oauth import registered
from tests.support.proven import proven
from tests.support.waiting import until
from vestibule_verify import Introspection

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.org", email_verified=True)


@pytest.fixture
def engines(ada: User) -> Tenant:
    with site_context("a test makes an organization"):
        tenant = Tenant.objects.create(name="Engines")
        role = Role.objects.get(name="owner")
        Membership.objects.create(user=ada, tenant=tenant, role=role, is_primary=True)
    return tenant


def asking(issuer: str, **chosen: Any) -> Any:
    """Serve a back end that may ask about tokens, as a client of its resource server."""
    client, secret = registered(name="Harbour API", resources=[API])
    return serving(issuer, introspection=Introspection(client_id=client.client_id, client_secret=secret, **chosen))


@pytest.mark.parametrize("algorithm", list(SigningAlgorithm))
def test_a_programs_token_of_each_algorithm_gets_in(backend: Backend, algorithm: SigningAlgorithm) -> None:
    token = service_token("members:read", signing_algorithm=algorithm)

    said = backend.get("/me", token).json()

    assert said["is_service"] is True
    assert said["scopes"] == ["members:read"]
    assert said["tenant_id"] is None
    assert backend.status(token, "/members") == 200
    assert backend.status(token, "/tier") == 403


def test_a_scope_that_includes_another_is_enough_and_one_that_is_missing_is_named(backend: Backend) -> None:
    assert backend.status(service_token("members:write"), "/members") == 200

    refused = backend.get("/members", service_token(""))

    assert refused.status_code == 403
    assert refused.json() == {
        "error": "insufficient_scope",
        "error_description": "The token lacks the scope members:read.",
    }
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    assert 'scope="members:read"' in refused.headers["WWW-Authenticate"]


def test_a_person_reaches_their_own_organization_and_what_their_tier_allows(
    backend: Backend, ada: User, engines: Tenant
) -> None:
    claim = ProfileClaim.objects.create(name="hardware_tier")
    value = ProfileValue.objects.create(claim=claim, user=ada, value="tier2")
    low = tokens_of(ada, tenant_id=engines.pk)["access_token"]
    value.value = "tier4"
    value.save()
    high = tokens_of(ada, tenant_id=engines.pk)["access_token"]

    said = backend.get("/me", low).json()

    assert (said["subject"], said["is_service"]) == (str(ada.pk), False)
    assert (said["tenant_id"], said["org_role"]) == (str(engines.pk), "owner")
    assert backend.status(low, f"/tenants/{engines.pk}") == 200
    assert backend.status(low, "/tenants/0b3f2f5e-7d6d-4c1e-9a51-6f5f3f3a1c22") == 403
    assert (backend.status(low, "/tier"), backend.status(high, "/tier")) == (403, 200)


def test_a_sign_in_that_is_too_weak_or_too_old_is_asked_for_again(backend: Backend, ada: User) -> None:
    weak = tokens_of(ada, auth_time=timezone.now(), acr="single")["access_token"]
    old = tokens_of(ada, auth_time=timezone.now() - timedelta(hours=1), acr="mfa")["access_token"]
    strong = tokens_of(ada, auth_time=timezone.now(), acr="mfa")["access_token"]

    answers = [backend.get("/sensitive", token) for token in (weak, old, service_token(), strong)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 200]
    for refused in answers[:3]:
        assert 'error="insufficient_user_authentication"' in refused.headers["WWW-Authenticate"]
        assert 'acr_values="mfa", max_age="1800"' in refused.headers["WWW-Authenticate"]


def test_a_token_that_an_app_got_in_a_browser_gets_in(backend: Backend, ada: User) -> None:
    found = app(resources=[API]).tokens(proven(ada), scope="openid", resource=API)

    assert backend.get("/me", found["access_token"]).json()["subject"] == str(ada.pk)


@pytest.mark.slow
@pytest.mark.promise(66)
@pytest.mark.usefixtures("stored_signing_keys")
def test_a_rotation_of_keys_fails_no_request_and_a_withdrawn_key_ends_its_tokens(vestibule: str) -> None:
    with serving(vestibule, keys_fresh=0.5, keys_refetch=0.2) as backend:
        old = service_token()
        kids, tokens = [ring.current().signer(SigningAlgorithm.RS256).kid], [old]
        statuses, has_ended = list[int](), threading.Event()

        def call() -> None:
            while not has_ended.is_set():
                statuses.extend(backend.status(token) for token in list(tokens))

        caller = threading.Thread(target=call)
        caller.start()
        try:
            until(lambda: len(statuses) > 5, seconds=10)
            call_command("keys", "rotate", verbosity=0)
            threading.Event().wait(1)  # the back end fetches keys more often than a new one waits to sign
            TokenSigningKey.objects.filter(active_at__gt=timezone.now()).update(active_at=timezone.now())
            ring.forget()
            kids.append(ring.current().signer(SigningAlgorithm.RS256).kid)
            tokens.append(service_token())
            seen = len(statuses)
            until(lambda: len(statuses) > seen + 10, seconds=10)
        finally:
            has_ended.set()
            caller.join()

        assert kids[0] != kids[1]
        assert set(statuses) == {200}
        call_command("keys", "withdraw", kids[0], verbosity=0)
        until(lambda: backend.status(old) == 401, seconds=10)
        assert backend.status(tokens[1]) == 200


def test_opaque_tokens_are_asked_about_and_not_accepted_without(vestibule: str, backend: Backend, ada: User) -> None:
    token = service_token(token_format=TokenFormat.OPAQUE)
    elsewhere = service_token(audience="https://elsewhere.example/", token_format=TokenFormat.OPAQUE)
    with asking(vestibule) as curious:
        assert curious.get("/me", token).json()["scopes"] == ["members:read"]
        assert curious.status(service_token()) == 200
        refused = [curious.status(one) for one in (elsewhere, token[:-1], tokens_of(ada)["refresh_token"])]

    assert refused == [401, 401, 401]
    assert backend.status(token) == 401


@pytest.mark.parametrize("form", list(TokenFormat))
def test_a_stopped_app_is_refused_at_once_by_a_back_end_that_always_asks(vestibule: str, form: TokenFormat) -> None:
    token = service_token(token_format=form)
    with asking(vestibule, always=True, seconds=0) as curious:
        assert curious.status(token) == 200
        with site_context("a test stops all apps but the back end's"):
            Client.objects.exclude(name="Harbour API").update(is_active=False)

        assert curious.status(token) == 401
        with site_context("a test stops the back end's app"):
            Client.objects.update(is_active=False)
        assert curious.status(token) == 503, "it asks in vain, so nobody gets in"


def test_nothing_of_a_token_is_in_a_log_or_an_answer(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = service_token()
    bad = token[:-20] + "A" * 20

    told = [backend.get("/me", bad).text, repr(backend.verifier), repr(backend.verifier.verify_token(token))]

    assert not [part for part in (*token.split(".")[1:], "A" * 20) for text in (*told, caplog.text) if part in text]
