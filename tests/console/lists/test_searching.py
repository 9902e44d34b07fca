"""People are found by many kinds of terms, and each search uses an index."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from accounts.models import Identity, Membership, Role, Session, Tenant, User
from accounts.models.session import row_key
from accounts.people import search
from bench.admin import data
from console.lists.filtering import RoleFilter, TenantFilter
from foundation import estimates
from tenancy import site_context, tenant_context
from tests.console.lists.conftest import PEOPLE, Crowd
from tests.support.proven import proven
from tests.support.servers import Servers
from tests.tenancy.conftest import Town

BIG = {"accounts_user", "accounts_identity", "accounts_membership", "accounts_session", "accounts_tenant"}


def found(term: str) -> set[str]:
    with site_context("a test searches"):
        return {person.name for person in search.find(User.objects.all(), term)}


@pytest.fixture
def ada(db: None) -> User:
    person = User.objects.create_user(name="Ada Łovelace", email="Ada@Example.com", username="ada.l")
    Identity.objects.create(user=person, provider="keycloak", issuer="https://k", subject=str(uuid4()))
    for number in range(3):
        User.objects.create_user(name=f"Other {number}", email=f"x{number}@example.com", username=f"o{number}")
    return person


def session(person: User, key: str, *, hours: int = 1, address: str = "192.0.2.7") -> Session:
    expiry = timezone.now() + timedelta(hours=hours)
    return Session.objects.create(session_key=key, user=person, expire_date=expiry, ip_address=address)


@pytest.mark.parametrize(
    "term",
    [
        "ada", "ADA ł", "ada Ł", "aDa@eXample", "ada.l", "ada.", "  ada  ", "lovelace", "Lovel", "łovelace",
        "lovelace ada", "Lovelace, Ada", "Ada\u00a0Love", "ADA.L", "ada %", "a love", "ada@example.com lovelace",
    ],
)  # fmt: skip
def test_people_are_found_by_the_beginning_of_each_word(ada: User, term: str) -> None:
    assert found(term) == {ada.name}


@pytest.mark.parametrize(
    "term", ["da", "ovelace", "xample.com", "%", "_da", "a%a", "\\", "'", "':*", "ada other", "com@", "!"]
)
def test_people_are_not_found_by_the_middle_of_a_word_or_by_wildcards(ada: User, term: str) -> None:
    assert found(term) == set()


NAMED = {  # names or email addresses, and terms that find them
    "Anna Müller": ("Müller", "muller", "MU\u0308LLER", "mul anna"),
    "Søren Kierkegaard": ("Soren", "søren", "SØREN", "kierke"),
    "Þórður Æsir": ("thordur", "aesir", "ÞÓRÐUR"),
    "Jean-Luc O\u2019Neil": ("jean", "luc", "jean-luc", "o'neil", "oneil", "neil", "jean o\u2019n"),
    "Straße": ("strasse", "STRASSE", "STRA\u1e9eE"),
    "İstanbul": ("istanbul", "ISTANBUL"),
    "Ελένη Παπαδοπούλου": ("ελενη", "ΠΑΠΑΔΟΠΟΥΛΟΥ"),
    "Дмитрий Ёлкин": ("елкин", "ЁЛКИН", "дмитрий"),
    "شركة النور": ("شركة النور", "النور", "شركة"),
    "山田 太郎": ("山田", "太郎"),
    "김 서연": ("서연", "김"),
    "person@corp4.example": ("corp4.example", "@corp4.example", "@corp4", "CORP4", "corp4.exa"),
    "ada@bücher.example": ("bücher.example", "bucher", "@bücher", "xn--bcher-kva.example", "ada@bücher.example"),
}


@pytest.mark.parametrize(("name", "term"), [(name, term) for name, terms in NAMED.items() for term in terms])
def test_people_are_found_by_words_of_any_script_without_accents(db: None, name: str, term: str) -> None:
    """People must not be found only by the first letters in exactly the same spelling."""
    User.objects.create_user(**{"email" if "@" in name else "name": name})
    User.objects.create_user(name="Somebody Else", email="x@other.example", username="else")

    assert {str(person) for person in search.find(User.objects.all(), term)} == {name}


@pytest.mark.parametrize("term", ["@corp4.example", "corp4.example"])
def test_a_domain_matches_neither_another_domain_nor_a_local_part(db: None, term: str) -> None:
    for address in ("a@corp4.example", "b@corp44.example", "c@xcorp4.example", "d@example.corp4"):
        User.objects.create_user(name=address[0], email=address)

    assert found(term) == {"a"}


@pytest.mark.parametrize(
    "term",
    [
        "\0"[:0] + "a" * 1_000_000,
        "ab " * 100_000,
        "\u0300" * 5_000,
        "-" * 5_000,
        "\ufdfa" * 300,
        "a\u0323\u0307" * 9_000,
    ],
)
def test_a_term_of_any_length_is_answered_quickly(ada: User, term: str) -> None:
    assert found(term) == set()


def test_search_words_are_updated_with_the_person(ada: User) -> None:
    """Words are not stored in a column, so changes that bypass Django, and erasures, take effect at once."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET name = 'Grace Hopper' WHERE id = %s", [ada.pk])
    assert found("lovelace") == set()
    assert found("hopper") == {"Grace Hopper"}


@pytest.mark.slow
@pytest.mark.parametrize("term", ["person", "@example.com"])
def test_a_common_word_shows_every_page_in_the_order_of_the_list(
    crowd: Crowd, administrator: Client, monkeypatch: pytest.MonkeyPatch, term: str
) -> None:
    """The result is the same whether matches are found in the next rows or collected first."""
    people = sorted(crowd(230), key=lambda person: (person.created_at, person.pk), reverse=True)
    monkeypatch.setattr(search, "FEW", 20)
    for close_by in (7, 60, 500):
        monkeypatch.setattr(search, "CLOSE_BY", close_by)
        seen, path = [], f"{PEOPLE}?q={term}"
        while path:
            shown = administrator.get(path).context["cl"]
            seen += shown.result_list
            path = f"{PEOPLE}{shown.next_link}" if shown.next_link else ""
        assert seen == people
        back = administrator.get(f"{PEOPLE}{shown.previous_link}").context["cl"].result_list
        assert back == people[-30 - len(back) : -30]


def test_people_are_found_by_whole_ids_of_accounts_and_by_subjects_that_look_alike(ada: User) -> None:
    subject = Identity.objects.get().subject

    assert found(str(ada.pk)) == found(ada.pk.hex) == found(subject) == {ada.name}
    assert found(str(uuid4())) == found(subject[:-1]) == set()


def test_people_are_found_by_the_beginning_of_a_session_id_and_by_the_ip_address_of_a_live_one(ada: User) -> None:
    live, over = session(ada, row_key("a" * 32)), session(User.objects.get(username="o1"), row_key("b" * 32), hours=-1)

    assert found(live.public_id[:8]) == found(live.public_id.upper()) == {ada.name}
    assert found(over.public_id[:8]) == {"Other 1"}
    assert found(live.public_id[:5]) == set(), "five letters may be the beginning of many"
    assert found("192.0.2.7") == {ada.name}
    assert found("192.0.2.8") == set()


def test_people_are_found_by_their_tenant(town: Town) -> None:
    members = {"Abbey Owner", "Abbey Member", "Both"}
    User.objects.create_user(name="abbey of all names")

    assert found(town.a.tenant.slug) == found(str(town.a.tenant.pk)) == members
    assert found("Abbey") == found("abbey") == members | {"abbey of all names"}


def test_a_tenant_that_is_not_in_scope_finds_nobody(town: Town) -> None:
    with tenant_context(town.a.tenant.pk, person_id=town.both.pk):
        for term in (town.b.tenant.slug, str(town.b.tenant.pk)):
            assert not search.find(User.objects.all(), term).exists()


def test_filters_offer_what_is_in_scope(town: Town, administrator: Client) -> None:
    shown = administrator.get(PEOPLE).content.decode()
    with tenant_context(town.a.tenant.pk, person_id=town.a.owner.pk):
        tenants = [tenant.name for tenant in TenantFilter.rows.all()]
        roles = {role.name for role in RoleFilter.rows.all()}

    assert f"?tenant={town.b.tenant.pk}" in shown
    assert tenants == ["Abbey"]
    assert roles == {"owner", "admin", "member", "Abbey clerk"}


def test_filters_narrow_the_list(town: Town, administrator: Client) -> None:
    Identity.objects.create(user=town.a.member, provider="google", issuer="https://g", subject="1")
    session(town.b.member, "c" * 32)
    owner = Role.objects.get(name="owner").pk

    def names(**query: Any) -> set[str]:
        return {person.name for person in administrator.get(PEOPLE, query).context["cl"].result_list}

    assert names(provider="google") == {"Abbey Member"}
    assert names(tenant=town.a.tenant.pk) == {"Abbey Owner", "Abbey Member", "Both"}
    assert names(role=owner) == {"Abbey Owner", "Barn Owner"}
    assert names(role=owner, tenant=town.a.tenant.pk) == {"Abbey Owner"}
    assert names(signed_in="hour") == {"Barn Member", "Root"}
    assert names(is_superuser__exact="1") == {"Root"}


@pytest.mark.parametrize("query", [{"tenant": "x"}, {"role": "x"}, {"role": "1", "tenant": "'"}, {"signed_in": "x"}])
def test_an_invalid_filter_breaks_nothing(administrator: Client, query: dict[str, str]) -> None:
    assert administrator.get(PEOPLE, query, follow=True).status_code == 200


@pytest.fixture
def many(transactional_db: None, servers: Servers) -> int:
    """Generate enough people for the planner to use indexes, with current statistics."""
    people = 60_000
    with psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
        data.fill(superuser, data.OURS, people)
    return people


@pytest.mark.slow
def test_every_kind_of_term_and_filter_uses_its_index(many: int) -> None:
    with site_context("a test searches"), connection.cursor() as cursor:
        cursor.execute("SET LOCAL random_page_cost = 1.1")  # as for an SSD
        tenant, newest = Tenant.objects.get(slug="tenant-17"), User.objects.order_by("-created_at", "-pk")
        terms = {
            "id": data.person(4711),
            "subject": data.subject(4711),
            "session": Session.objects.order_by("pk")[0].public_id[:8],
            "address of a session": "10.0.0.9",
            "tenant": tenant.slug,
            "tenant's name": tenant.name,
            "name": "Grace A",
            "address": "person471",
            "address with its domain": "Person471@EXAM",
            "address of another script": "person4711@bü",
            "surname": "Aabe",
            "two words": "grace aabe",
            "nothing": "zzz",
        }
        plans = {what: _scans(search.find(newest, term)) for what, term in terms.items()}
        plans |= {
            "after": _scans(newest.filter(created_at__lt=timezone.now())),
            "inactive": _scans(newest.filter(is_active=False)),
            "staff": _scans(newest.filter(is_staff=True)),
            "members": _scans(newest.filter(pk__in=Membership.objects.filter(tenant=tenant).values("user_id"))),
        }

    read_whole = {what: scans for what, scans in plans.items() if any("Seq Scan" in kind for kind, _ in scans)}
    assert read_whole == {}


def _scans(rows: QuerySet[User]) -> list[tuple[str, str]]:
    """Return how the plan for the first page reads each of the large tables."""
    (explained,) = json.loads(rows[:101].explain(format="json") or '[{"Plan": {}}]')  # an empty queryset has no plan
    return [
        (node["Node Type"], node["Relation Name"])
        for node in _nodes(explained["Plan"])
        if node.get("Relation Name") in BIG
    ]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


@pytest.fixture
def customers(db: None) -> list[Tenant]:
    with site_context("a test has many tenants"):
        names = [f"Customer {number:03}" for number in range(127)]
        ids = (UUID(int=2**128 - 1 - number) for number in range(1000))  # a random one may begin with a name's digits
        return [Tenant.objects.create(pk=next(ids), name=name) for name in (*names, "Harbour Works", "شركة النور")]


@pytest.mark.parametrize(
    ("term", "name"),
    [
        ("Harbour Works", "Harbour Works"), ("works", "Harbour Works"), ("works harb", "Harbour Works"),
        ("Customer 057", "Customer 057"), ("057", "Customer 057"), ("شركة النور", "شركة النور"),
        ("النور", "شركة النور"), ("harbour-works", "Harbour Works"),
    ],
)  # fmt: skip
def test_a_tenant_is_found_by_its_whole_name_in_lists_autocompletes_and_filters(
    customers: list[Tenant], administrator: Client, term: str, name: str
) -> None:
    """A name that is copied from the page must find the tenant."""
    listed = administrator.get("/admin/accounts/tenant/", {"q": term}).context["cl"].result_list
    query = {"app_label": "accounts", "model_name": "membership", "field_name": "tenant", "term": term}
    offered = administrator.get("/admin/autocomplete/", query).json()["results"]
    (chosen,) = [tenant for tenant in customers if tenant.name == name]
    assert [tenant.name for tenant in listed] == [found["text"] for found in offered] == [name]
    if term != "harbour-works":
        page = administrator.get(PEOPLE, {"tenant_called": term, "is_active__exact": "1"}).content.decode()
        assert f"tenant={chosen.pk}" in page
        assert 'name="is_active__exact" value="1"' in page


def test_a_filter_shows_how_many_more_rows_there_are(customers: list[Tenant], administrator: Client) -> None:
    page = administrator.get(PEOPLE).content.decode()
    assert "and 109 more" in page
    assert 'name="tenant_called"' in page
    narrowed = administrator.get(PEOPLE, {"tenant_called": "nobody at all"}).content.decode()
    assert "None is called so." in narrowed
    chosen = administrator.get(PEOPLE, {"tenant": str(customers[100].pk)}).content.decode()
    assert "Customer 100" in chosen


@pytest.mark.parametrize("term", ["Front desk", "desk", "front d"])
def test_a_role_is_found_by_its_whole_name(town: Town, administrator: Client, term: str) -> None:
    with site_context("a test makes a role"):
        Role.objects.create(name="Front desk", tenant=town.a.tenant)
    query = {"app_label": "accounts", "model_name": "membership", "field_name": "role", "term": term}

    assert [role["text"] for role in administrator.get("/admin/autocomplete/", query).json()["results"]] == [
        "Front desk"
    ]
    listed = administrator.get("/admin/accounts/role/", {"q": term}).context["cl"].result_list
    assert [role.name for role in listed] == ["Front desk"]


def test_the_autocomplete_of_a_new_membership_finds_a_surname(ada: User, administrator: Client) -> None:
    query = {"app_label": "accounts", "model_name": "membership", "field_name": "user", "term": "lovelace"}

    assert [found["id"] for found in administrator.get("/admin/autocomplete/", query).json()["results"]] == [
        str(ada.pk)
    ]


def test_a_tenants_administrator_finds_only_their_own_people(town: Town) -> None:
    browser = proven(town.a.owner)
    shown = browser.get(PEOPLE, {"q": "owner"}).context["cl"].result_list

    assert [person.name for person in shown] == ["Abbey Owner"]


@pytest.mark.parametrize("path", [PEOPLE, "/admin/accounts/tenant/", "/admin/accounts/role/"])
def test_an_empty_result_shows_what_was_searched_for(administrator: Client, path: str) -> None:
    page = administrator.get(path, {"q": "<zzz>"}).content.decode()

    assert "Nothing was found for “&lt;zzz&gt;”." in page
    assert page.count("The beginning of each word") == 2


def test_people_are_counted_even_if_the_planner_has_no_statistics(
    crowd: Crowd, administrator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a bulk load its statistics are outdated."""
    crowd(304)
    assert administrator.get(PEOPLE).context["cl"].total == "305"
    assert administrator.get(PEOPLE, {"q": "person"}).context["cl"].total == "304"
    monkeypatch.setattr(estimates, "COUNTED", 200)
    monkeypatch.setattr(search, "FEW", 20)
    assert administrator.get(PEOPLE, {"q": "person"}).context["cl"].total == "more than 200"
