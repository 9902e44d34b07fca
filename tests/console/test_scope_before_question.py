"""No answer to a tenant's administrator depends on data of another tenant.

A look-up over all tenants must not decide how an answer is computed, even if the answer itself is filtered. The same
questions are asked twice, once while a fact exists in another tenant and once while it does not.
"""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from accounts.models import Identity, Membership, Session, User
from tenancy import site_context
from tests.support.proven import proven
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

WORD = "quartz77"  # begins the name of a person in tenant A, and is a fact in tenant B
KEY = "abcdef0123456789abcdef0123456789"
HIDDEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"|<time[^>]*>[^<]*</time>')


@pytest.fixture
def clerk(town: Town) -> Client:
    with site_context("a test names somebody"):
        User.objects.filter(pk=town.a.member.pk).update(
            name=f"{WORD} Smith", username=f"{WORD}.smith", email=f"{WORD}@a.example"
        )
        Identity.objects.create(user=town.a.member, provider="google", issuer="https://a", subject="of-a")
        for number in range(60):  # more than a page, so that the list shows an estimate
            person = User.objects.create_user(name=f"{WORD} {number}")
            Membership.objects.create(user=person, tenant=town.a.tenant, role=town.a.role)
            Identity.objects.create(user=person, provider="google", issuer="https://a", subject=f"a{number}")
        town.a.role.permissions.add(*Permission.objects.filter(codename__startswith="view_"))
        Membership.objects.filter(user=town.a.owner).update(role=town.a.role)
    return proven(town.a.owner)


def facts(town: Town, *, there: bool) -> None:
    """Give a person in tenant B everything that the questions are about, or nothing of it."""
    person = town.b.member
    word = WORD if there else "something-else"
    with site_context("a test tells facts"):
        User.objects.filter(pk=person.pk).update(name=f"{word} of B", username=word, email=f"{word}@b.example")
        Identity.objects.filter(user=person).delete()
        Session.objects.filter(user=person).delete()
        Identity.objects.create(user=person, provider="google", issuer="https://b", subject=word)
        Session.objects.create(
            session_key=KEY if there else KEY[::-1],
            user=person,
            expire_date=timezone.now() + timedelta(hours=1),
            ip_address="203.0.113.77" if there else "203.0.113.78",
        )
        town.b.tenant.name = word
        town.b.tenant.slug = word
        town.b.tenant.save()


def questions() -> list[str]:
    terms = [WORD, WORD.upper(), "203.0.113.77", f"{WORD}@b.example", Session(session_key=KEY).public_id]
    models = admin.site._registry  # noqa: SLF001  # as Django does
    lists = [reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in models]
    asked = [f"{path}?q={term}" for path in lists for term in terms]
    asked += [f"/admin/audit/entry/?{name}={term}" for name in ("person", "actor", "tenant") for term in terms]
    asked += [f"/admin/accounts/user/?tenant={term}&role={term}" for term in terms]
    for field in ("user", "role", "tenant"):
        told = f"app_label=accounts&model_name=membership&field_name={field}"
        asked += [f"{reverse('admin:autocomplete')}?{told}&term={term}" for term in terms]
    return asked


def answers(browser: Client) -> dict[str, tuple[int, bytes]]:
    found = {}
    for path in questions():
        answer: Any = browser.get(path)
        found[path] = (answer.status_code, HIDDEN.sub(b"", answer.content))
    return found


@pytest.mark.slow
@pytest.mark.promise(46)
def test_rows_of_another_tenant_influence_no_answer(town: Town, clerk: Client) -> None:
    facts(town, there=False)
    without = answers(clerk)
    facts(town, there=True)
    with_them = answers(clerk)

    assert [path for path in without if without[path] != with_them[path]] == []
    assert f"{WORD} 59".encode() in without[f"/admin/accounts/user/?q={WORD}"][1]
    assert b"a59" in without[f"/admin/accounts/identity/?q={WORD}"][1]


@pytest.mark.promise(46)
def test_a_word_finds_ones_own_people_even_if_it_is_a_subject_elsewhere(town: Town, clerk: Client) -> None:
    facts(town, there=True)

    assert b"of-a" in clerk.get("/admin/accounts/identity/", {"q": f"{WORD} Smith"}).content
    assert clerk.get("/admin/accounts/identity/", {"q": WORD}).context["cl"].result_list


@pytest.mark.promise(46)
def test_ids_of_another_tenants_rows_are_answered_like_ids_that_do_not_exist(town: Town, clerk: Client) -> None:
    facts(town, there=True)
    with site_context("a test asks for ids"):
        person = town.b.member
        there: dict[type[User | Identity | Session], str] = {
            User: str(person.pk),
            Identity: str(person.identities.get().pk),
            Session: str(person.sessions.get().pk),
        }
    for model, key in there.items():
        nobody = "0d9ff3c1-31b5-4a0e-9d2e-0d7a5f6f2c11" if model is User else "999999"
        for view in ("change", "delete", "history"):
            try:
                paths = [reverse(f"admin:accounts_{model._meta.model_name}_{view}", args=[pk]) for pk in (key, nobody)]
            except NoReverseMatch:
                continue
            one, other = (clerk.get(path) for path in paths)
            assert (one.status_code, one.headers.get("Location")) == (other.status_code, other.headers.get("Location"))
