"""A tenant's administrator claims a domain in the admin, shows that it is theirs, and gives it up."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import Domain, DomainState, Role
from accounts.organizations import domains
from accounts.organizations.roles import permissions
from audit.models import Entry
from sandbox.server import Sandbox
from tenancy import site_context
from tests.flows.factors import details
from tests.support.administrator import administrator, root
from tests.support.connections import connection_to
from tests.support.keepers import fresh, keeper_of
from tests.support.notices import promised
from tests.support.page_messages import messages_of
from tests.support.resolver import FakeResolver, fake_resolver
from tests.tenancy.conftest import Side, Town

__all__ = ["administrator", "root"]
pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/domain/"
NAME = "example.com"
CODE = re.compile(r"^(\d{4} \d{4})$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _nothing_counted_yet() -> None:
    cache.clear()


@pytest.fixture
def resolver(settings: Any) -> Iterator[FakeResolver]:
    with fake_resolver() as resolver:
        settings.DNS_RESOLVERS = [resolver.address]
        yield resolver


@pytest.fixture
def owner(town: Town, resolver: FakeResolver) -> Client:
    return fresh(town.a.owner)


def claim(browser: Client, typed: str = NAME, **more: str) -> Any:
    return browser.post(f"{LIST}add/", {"name": typed, **more})


def page(side: Side, end: str = "change/", name: str = NAME) -> str:
    return f"{LIST}{of(side, name).pk}/{end}"


def of(side: Side, name: str = NAME) -> Domain:
    with site_context("a test looks"):
        return Domain.objects.get(tenant=side.tenant, name=name)


def count() -> int:
    with site_context("a test counts"):
        return Domain.objects.count()


def publish(side: Side, resolver: FakeResolver) -> None:
    resolver.publish(of(side).record_name, of(side).record_text)


def mailed_code(address: str) -> str:
    (mail,) = [mail for mail in promised() if mail.to == address]
    (code,) = CODE.findall(mail.text)
    return str(code)


def wrong(code: str) -> str:
    return f"{(int(code.replace(' ', '')) + 1) % 10**8:08}"


def test_an_administrator_claims_a_domain_publishes_its_record_and_owns_it(
    town: Town, owner: Client, resolver: FakeResolver
) -> None:
    answer = claim(owner, "Example.COM.")
    assert answer.headers["Location"] == page(town.a)
    shown = owner.get(page(town.a)).content.decode()
    assert "_vestibule.example.com" in shown
    assert f"vestibule-domain={of(town.a).value}" in shown
    assert "claimed, nothing shown yet" in shown
    assert 'name="routes_to"' not in shown

    answer = owner.post(page(town.a, "check/"))
    assert "not there yet" in messages_of(answer)[-1]
    publish(town.a, resolver)
    answer = owner.post(page(town.a, "check/"))
    assert messages_of(answer)[-1] == "The record is there. Your organization owns example.com."
    assert of(town.a).state is DomainState.OWNED

    answer = owner.post(page(town.a), {"routes_to": "google"})
    assert answer.status_code == 302
    assert domains.route_of(f"ada@{NAME}") == domains.Route(tenant_id=town.a.tenant.pk, provider="google")
    assert "Google" in owner.get(LIST).content.decode()

    assert "gives example.com up" in owner.get(page(town.a, "delete/")).content.decode()
    assert owner.post(page(town.a, "delete/"), {"post": "yes"}).status_code == 302
    assert count() == 0
    assert details("domain.released") == [{"domain": NAME, "was_owned": True}]
    assert domains.route_of(f"ada@{NAME}") is None


def test_a_mailed_code_shows_affiliation_and_nothing_else(town: Town, owner: Client) -> None:
    claim(owner)
    answer = owner.post(page(town.a, "affiliation/"), {"email": "Postmaster@Example.com"})
    assert "The code from the mail" in answer.content.decode()
    (mail,) = promised()
    assert mail.to == "postmaster@example.com"
    assert "Abbey" in mail.text
    assert NAME in mail.text

    code = mailed_code("postmaster@example.com")
    answer = owner.post(page(town.a, "affiliation/"), {"code": wrong(code)})
    assert "This code is wrong" in answer.content.decode()
    assert of(town.a).state is DomainState.CLAIMED
    answer = owner.post(page(town.a, "affiliation/"), {"code": code})
    assert answer.headers["Location"] == page(town.a)
    assert of(town.a).state is DomainState.AFFILIATED
    with site_context("a test looks"):
        assert domains.affiliated_domains(town.a.tenant.pk) == {NAME}
        assert not domains.owns(town.a.tenant.pk, NAME)
    assert details("domain.code_sent") == details("domain.affiliated") == [{"domain": NAME}]
    assert details("domain.code_refused") == [{"domain": NAME, "tries": 1}]
    answer = owner.post(page(town.a), {"routes_to": "google"})
    assert domains.route_of(f"ada@{NAME}") is None
    assert of(town.a).routes_to == ""


def test_two_tenants_may_be_affiliated_with_one_domain(town: Town, owner: Client) -> None:
    for browser, side in ((owner, town.a), (fresh(town.b.owner), town.b)):
        claim(browser)
        browser.post(page(side, "affiliation/"), {"email": f"{side.tenant.slug}@{NAME}"})
        browser.post(page(side, "affiliation/"), {"code": mailed_code(f"{side.tenant.slug}@{NAME}")})

    assert [of(side).state for side in (town.a, town.b)] == [DomainState.AFFILIATED] * 2


@pytest.mark.parametrize(
    "address",
    ["ada@example.org", "ada@mail.example.com", "example.com", "", "ada@example.com.", "a@b@example.com", "x" * 400],
)
def test_a_code_goes_to_an_address_of_the_domain_only(town: Town, owner: Client, address: str) -> None:
    claim(owner)
    answer = owner.post(page(town.a, "affiliation/"), {"email": address})

    assert "This is no address at the domain" in answer.content.decode()
    assert promised() == []


def test_a_code_counts_in_its_browser_for_its_domain_and_five_times(town: Town, owner: Client) -> None:
    claim(owner)
    claim(owner, "example.org")
    owner.post(page(town.a, "affiliation/"), {"email": f"ada@{NAME}"})
    code = mailed_code(f"ada@{NAME}")

    fresh(town.a.owner).post(page(town.a, "affiliation/"), {"code": code})
    owner.post(page(town.a, "affiliation/", "example.org"), {"code": code})
    assert [of(town.a, name).affiliated_at for name in (NAME, "example.org")] == [None, None]
    for _ in range(4):
        owner.post(page(town.a, "affiliation/"), {"code": wrong(code)})
    owner.post(page(town.a, "affiliation/"), {"code": code})
    assert of(town.a).affiliated_at is None


def test_codes_to_one_address_and_from_one_account_are_limited(town: Town, owner: Client) -> None:
    claim(owner)
    for _ in range(4):
        answer = owner.post(page(town.a, "affiliation/"), {"email": f"ada@{NAME}"})
    assert "several times within a short time" in answer.content.decode()
    for number in range(7):
        answer = owner.post(page(town.a, "affiliation/"), {"email": f"{number}@{NAME}"})
    assert "several times within a short time" in answer.content.decode()
    assert len(promised()) == 9
    assert [found["reason"] for found in details("domain.refused")] == ["too_often"] * 2


def test_without_mail_no_code_is_promised(town: Town, owner: Client, settings: Any) -> None:
    claim(owner)
    settings.CAN_SEND_MAIL = False

    assert "no way to send mail" in owner.post(page(town.a, "affiliation/"), {"email": f"a@{NAME}"}).content.decode()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("com", "This is no domain of e-mail addresses"),
        ("*.example.com", "This is no domain of e-mail addresses"),
        ("192.0.2.1", "This is no domain of e-mail addresses"),
        ("https://example.com/", "This is no domain of e-mail addresses"),
        ("ex\N{CYRILLIC SMALL LETTER A}mple.com", "mixes letters of several alphabets"),
        (".".join(["x" * 60] * 4), "at most 242 characters"),
        ("", "This field is required"),
    ],
)
def test_what_cannot_be_claimed_is_said_on_the_page_and_nothing_is_written(
    owner: Client, typed: str, said: str
) -> None:
    answer = claim(owner, typed)

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert count() == 0


def test_another_tenant_neither_sees_the_domain_nor_can_claim_it_while_it_is_owned(
    town: Town, owner: Client, resolver: FakeResolver
) -> None:
    stranger = fresh(town.b.owner)
    claim(owner)
    claim(stranger)
    publish(town.b, resolver)
    stranger.post(page(town.b, "check/"))
    publish(town.a, resolver)

    answer = owner.post(page(town.a, "check/"))
    assert "another organization owns the domain" in messages_of(answer)[-1]
    for end in ("change/", "check/", "affiliation/", "delete/"):
        assert owner.get(page(town.b, end)).status_code in {302, 404}
        assert owner.post(page(town.b, end), {"post": "yes"}).status_code in {302, 404}
    assert of(town.b).state is DomainState.OWNED
    assert str(of(town.b).pk) not in fresh(town.a.owner).get(LIST).content.decode()
    answer = owner.post(page(town.a, "affiliation/"), {"email": f"ada@{NAME}"})
    assert "Another organization owns this domain here" in answer.content.decode()
    owner.post(page(town.a, "delete/"), {"post": "yes"})
    assert "Another organization owns this domain here" in claim(owner).content.decode()
    assert {found["reason"] for found in details("domain.refused")} == {"owned_elsewhere"}
    assert Entry.objects.filter(action="domain.refused", tenant_id=str(town.a.tenant.pk)).count() == 3


def test_checks_are_limited_on_the_page(town: Town, owner: Client, resolver: FakeResolver) -> None:
    claim(owner)
    for _ in range(11):
        answer = owner.post(page(town.a, "check/"))

    assert "several times within a short time" in messages_of(answer)[-1]
    assert len(resolver.asked) == 10


def test_a_superuser_claims_for_a_tenant_and_releases_what_it_owns(
    town: Town, administrator: Client, resolver: FakeResolver
) -> None:
    assert claim(administrator, tenant=str(town.a.tenant.pk)).status_code == 302
    publish(town.a, resolver)
    administrator.post(page(town.a, "check/"))
    assert of(town.a).state is DomainState.OWNED

    assert NAME in administrator.get(f"{LIST}?q=EXAM&state=owned").content.decode()
    assert NAME not in administrator.get(f"{LIST}?state=claimed").content.decode()
    assert administrator.post(page(town.a, "delete/"), {"post": "yes"}).status_code == 302
    assert count() == 0


def test_reading_needs_a_right_and_writing_another_one(town: Town, owner: Client, resolver: FakeResolver) -> None:
    claim(owner)
    keeper = keeper_of(town.a, ["accounts.view_domain"])
    reader = fresh(keeper)

    assert reader.get(LIST).status_code == 200
    shown = reader.get(page(town.a)).content.decode()
    assert "_vestibule.example.com" in shown
    assert "Check now" not in shown
    for end in ("check/", "affiliation/", "delete/"):
        assert reader.post(page(town.a, end), {"post": "yes"}).status_code == 403
    assert reader.post(page(town.a), {"routes_to": "google"}).status_code == 403
    assert claim(reader, "example.org").status_code == 403
    with site_context("a test changes a role"):
        Role.objects.get(memberships__user=keeper).permissions.set(permissions(("accounts.view_user",)))
    assert fresh(keeper).get(LIST).status_code == 403
    assert resolver.asked == []
    assert count() == 1


def test_acts_that_give_power_need_reauthentication(
    town: Town, owner: Client, resolver: FakeResolver, time_machine: Any
) -> None:
    claim(owner)
    publish(town.a, resolver)
    owner.post(page(town.a, "check/"))
    time_machine.move_to(datetime.now(UTC) + timedelta(minutes=11))

    posts = {
        f"{LIST}add/": {"name": "example.org"},
        page(town.a): {"routes_to": "google"},
        page(town.a, "affiliation/"): {"email": f"ada@{NAME}"},
        page(town.a, "delete/"): {"post": "yes"},
    }
    for path, posted in posts.items():
        assert owner.post(path, posted).headers["Location"].startswith("/accounts/reauthenticate/?next=%2Fadmin"), path
    assert (of(town.a).routes_to, count(), promised()) == ("", 1, [])
    assert owner.get(page(town.a)).status_code == 200


def test_only_the_providers_of_the_site_and_of_the_tenant_are_offered(
    town: Town, owner: Client, resolver: FakeResolver, providers: Sandbox
) -> None:
    claim(owner)
    publish(town.a, resolver)
    owner.post(page(town.a, "check/"))

    connection_to(providers, "google", slug="ours", tenant=town.a.tenant, issuer="https://ours.example")
    connection_to(providers, "github", slug="theirs", tenant=town.b.tenant, issuer="https://theirs.example")
    shown = owner.get(page(town.a)).content.decode()
    assert 'value="ours"' in shown
    assert 'value="theirs"' not in shown
    for provider in ("theirs", "unheard-of"):
        answer = owner.post(page(town.a), {"routes_to": provider})
        assert answer.status_code == 200
        assert "is not one of the available choices" in answer.content.decode()
    assert of(town.a).routes_to == ""
    assert owner.post(page(town.a), {"routes_to": "ours"}).status_code == 302
    assert of(town.a).routes_to == "ours"


def test_the_trail_has_the_claim_and_no_entry_for_each_check(town: Town, owner: Client, resolver: FakeResolver) -> None:
    claim(owner)
    for _ in range(3):
        owner.post(page(town.a, "check/"))

    rows = Entry.objects.filter(object_table="accounts_domain").exclude(source="event").values_list("action", flat=True)
    assert list(rows) == ["create"]
