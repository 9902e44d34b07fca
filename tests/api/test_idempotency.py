"""Idempotency keys: a creation that is sent again is answered again, and done once."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Membership, Role, User
from api.models import IdempotentRequest
from audit.models import Entry
from authserver.models import ApiKey
from tenancy import person_context, site_context
from tests.api.guarded import SECRET, barrier
from tests.support.api import key, send, token_of
from tests.support.authorized import App
from tests.support.leaks import in_tables
from tests.support.proven import proven
from tests.support.servers import Servers
from tests.support.services import READ, clerk, key_of_person
from tests.support.together import together
from tests.tenancy.conftest import Town

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.guarded")]
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
Headers = Mapping[str, str]


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, name="Ada")


@pytest.fixture
def header(town: Town, ada: User) -> Headers:
    """A key of Ada's in the first tenant."""
    return key(key_of_person(ada, READ, tenant_id=town.a.tenant.pk).text)


def create(town: Town, header: Headers, name: str = "Printer", *, by: str | None = KEY, side: str = "a") -> Any:
    """Create a role with an idempotency key."""
    address = f"/api/guarded/tenants/{getattr(town, side).tenant.pk}/roles"
    return send(address, {"name": name}, {**header, **({"Idempotency-Key": by} if by is not None else {})})


def roles(*names: str) -> int:
    with site_context("a test counts roles"):
        return Role.objects.filter(name__in=names).count()


def test_a_repeated_creation_is_done_once_and_answered_alike(town: Town, header: Headers) -> None:
    first, second, quoted = (create(town, header, by=by) for by in (KEY, KEY, f'"{KEY}"'))

    assert (first.status_code, first.json()["secret"]) == (201, SECRET)
    for again in (second, quoted):
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert roles("Printer") == 1


def test_without_a_key_or_with_another_each_request_is_done(town: Town, header: Headers) -> None:
    for name, by in (("One", None), ("Two", None), ("Three", KEY), ("Four", "x" * 128)):
        assert create(town, header, name, by=by).status_code == 201

    assert roles("One", "Two", "Three", "Four") == 4


def test_a_key_with_another_body_is_refused(town: Town, header: Headers) -> None:
    create(town, header)
    answer = create(town, header, "Another")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert roles("Another") == 0


def test_a_key_belongs_to_one_caller_at_one_address(town: Town, ada: User, header: Headers) -> None:
    assert create(town, header).status_code == 201
    stranger = clerk(town.a.tenant, READ, name="Cem")
    others = [
        key(key_of_person(stranger, READ, tenant_id=town.a.tenant.pk).text),
        token_of(ada, READ, tenant_id=town.a.tenant.pk),
        token_of(town.b.owner, tenant_id=town.b.tenant.pk),
    ]
    for number, (other, side) in enumerate(zip(others, "aab", strict=True)):
        assert create(town, other, f"Role {number}", side=side).status_code == 201

    assert roles("Role 0", "Role 1", "Role 2") == 3


def test_another_token_of_the_same_app_gets_the_same_answer(town: Town, ada: User) -> None:
    app = App.registered(scopes=["openid", READ])
    first, second = (
        create(town, {"Authorization": f"Bearer {app.tokens(ada, scopes=['openid'], **there)['access_token']}"})
        for there in [{"tenant_id": town.a.tenant.pk}] * 2
    )

    assert second.content == first.content


def test_a_refused_creation_leaves_its_key_free(town: Town, header: Headers) -> None:
    assert create(town, header, "refused").status_code == 409
    assert create(town, header, "Printer").status_code == 201


def test_a_fault_leaves_neither_what_was_created_nor_its_response(town: Town, header: Headers) -> None:
    assert create(town, header, "faulty").status_code == 500
    assert (roles("faulty"), IdempotentRequest.objects.count()) == (0, 0)


def test_who_may_not_any_more_is_refused_and_not_answered_from_memory(town: Town, ada: User, header: Headers) -> None:
    create(town, header)
    with site_context("a test ends a membership"):
        Membership.objects.filter(user=ada).delete()

    answer = create(town, header)
    assert answer.status_code in {401, 403}
    assert SECRET not in answer.content.decode()


@pytest.mark.parametrize("by", ["", " ", "a b", "a,b", '"', '"a', "a" * 129, "é", "a\\b"])
def test_a_malformed_key_is_refused(town: Town, header: Headers, by: str) -> None:
    answer = create(town, header, by=by)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["field"].startswith("header.")
    assert roles("Printer") == 0


@pytest.mark.django_db(transaction=True)
def test_the_response_is_stored_encrypted_for_a_day(town: Town, header: Headers, servers: Servers) -> None:
    create(town, header)

    kept = IdempotentRequest.objects.get()
    assert in_tables(servers, {"secret": SECRET, "key": KEY}) == set()
    assert kept.expires_at - timezone.now() == pytest.approx(timedelta(days=1), abs=timedelta(minutes=1))


def test_after_a_day_the_key_is_forgotten(town: Town, header: Headers) -> None:
    create(town, header)
    IdempotentRequest.objects.update(expires_at=timezone.now())

    assert create(town, header, "Another").status_code == 201
    IdempotentRequest.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    call_command("purge", verbosity=0)
    assert not IdempotentRequest.objects.exists()
    assert Entry.objects.get(action="idempotent_requests.purged").details == {"count": 1, "finished": True}


def test_a_response_that_cannot_be_decrypted_is_not_created_again(town: Town, header: Headers) -> None:
    create(town, header)
    IdempotentRequest.objects.update(content="2.000000000000.AAAA")

    assert (create(town, header).status_code, roles("Printer")) == (409, 1)


def test_a_key_for_the_api_can_be_asked_for_again_in_the_same_browser(ada: User) -> None:
    browser = proven(ada)
    first, second = (
        send("/api/v1/me/keys", {"name": "laptop"}, {"Idempotency-Key": KEY}, browser=browser) for _ in range(2)
    )

    assert (first.status_code, second.content) == (201, first.content)
    with person_context(ada.pk):
        assert ApiKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_while_the_first_request_is_handled_its_twin_is_refused(town: Town, header: Headers) -> None:
    def twin() -> Any:
        barrier.wait(timeout=10)
        answer = create(town, header, "slow")
        barrier.wait(timeout=10)
        return answer

    first, refused = together(lambda: create(town, header, "slow"), twin)

    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_in_use")
    assert refused.headers["Retry-After"] == "1"
    assert first.status_code == 201
    assert create(town, header, "slow").content == first.content
    assert roles("slow") == 1
