"""Domains through the API: the same acts, limits and refusals as in the admin."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from accounts.models import Domain
from audit.models import Entry
from tenancy import site_context
from tests.support.api import ask, send
from tests.support.proven import proven
from tests.support.resolver import FakeResolver, fake_resolver
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
NAME = "example.com"


@pytest.fixture(autouse=True)
def resolver(settings: Any) -> Iterator[FakeResolver]:
    cache.clear()
    with fake_resolver() as resolver:
        settings.DNS_RESOLVERS = [resolver.address]
        yield resolver


@pytest.fixture
def owner(town: Town) -> Browser:
    return proven(town.a.owner)


def of(town: Town, part: str = "", *, side: str = "a") -> str:
    return f"/api/v1/tenants/{getattr(town, side).tenant.pk}/domains{part}"


def claim(town: Town, browser: Browser, name: str = NAME, *, side: str = "a", **headers: str) -> Any:
    return send(of(town, side=side), {"name": name}, headers, browser=browser)


def count() -> int:
    with site_context("a test counts"):
        return Domain.objects.count()


def refusals() -> list[Any]:
    found = Entry.objects.filter(action="domain.refused").order_by("id")
    return list(found.values_list("details__reason", flat=True))


def test_a_domain_is_claimed_published_checked_and_released(town: Town, owner: Browser, resolver: FakeResolver) -> None:
    made = claim(town, owner, " EXAMPLE.com. ")
    assert made.status_code == 201
    claimed = made.json()
    assert (claimed["name"], claimed["state"], claimed["record_name"]) == (NAME, "claimed", f"_vestibule.{NAME}")

    found = ask(of(town, f"/{claimed['id']}/check"), browser=owner, method="post").json()
    assert (found["state"], found["found"]) == ("claimed", "absent")
    resolver.publish(claimed["record_name"], claimed["record_text"])
    found = ask(of(town, f"/{claimed['id']}/check"), browser=owner, method="post").json()
    assert (found["state"], found["found"]) == ("owned", "present")
    assert ask(of(town), browser=owner).json() == [found]
    assert ask(of(town, "?state=owned"), browser=owner).json() == [found]
    assert ask(of(town, "?state=claimed"), browser=owner).json() == []

    released = ask(of(town, f"/{claimed['id']}"), browser=owner, method="delete")
    assert released.status_code == 204
    assert count() == 0
    assert ask(of(town, f"/{claimed['id']}"), browser=owner, method="delete").status_code == 404
    assert ask(of(town, f"/{claimed['id']}/check"), browser=owner, method="post").status_code == 404


def test_a_repeated_claim_is_made_once(town: Town, owner: Browser) -> None:
    first, again = (claim(town, owner, **{"Idempotency-Key": "one"}) for _ in range(2))

    assert first.json() == again.json()
    assert claim(town, owner).status_code == 409
    assert (count(), refusals()) == (1, ["claimed_already"])


@pytest.mark.parametrize("name", ["com", "*.example.com", "192.0.2.1", "a@example.com", "", "https://example.com/"])
def test_what_is_no_domain_is_an_invalid_field(town: Town, owner: Browser, name: str) -> None:
    answer = claim(town, owner, name)

    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == ["body.name"]
    assert (count(), refusals()) == (0, ["not_a_domain"])


def test_a_domain_that_another_tenant_owns_is_a_conflict(town: Town, owner: Browser, resolver: FakeResolver) -> None:
    other = proven(town.b.owner)
    theirs = claim(town, other, side="b").json()
    resolver.publish(theirs["record_name"], theirs["record_text"])
    ask(of(town, f"/{theirs['id']}/check", side="b"), browser=other, method="post")

    answer = claim(town, owner)
    assert answer.status_code == 409
    assert "Another organization owns this domain" in answer.json()["detail"]
    assert refusals() == ["owned_elsewhere"]
    assert ask(of(town), browser=owner).json() == []
    for path, method in ((f"/{theirs['id']}/check", "post"), (f"/{theirs['id']}", "delete")):
        assert ask(of(town, path), method=method, browser=owner).status_code == 404
    assert count() == 1


def test_checks_are_limited(town: Town, owner: Browser, resolver: FakeResolver) -> None:
    path = of(town, f"/{claim(town, owner).json()['id']}/check")
    answers = [ask(path, browser=owner, method="post") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 600
    assert len(resolver.asked) == 10
