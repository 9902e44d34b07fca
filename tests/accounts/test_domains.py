"""Domains of tenants: their names, ownership by a record, lapse after a warning, and what two tenants may have."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, IntegrityError, transaction

from accounts.models import Domain, DomainFinding, DomainState, User
from accounts.organizations import domains
from accounts.organizations.domains import (
    DomainRefusalReason,
    DomainRefused,
    Route,
    affiliated_domains,
    check,
    check_due,
    claim,
    claiming,
    owned_domains,
    owns,
    release,
    route_of,
    set_route,
)
from accounts.tasks import check_domains
from audit.models import Entry
from foundation import txt_records
from tenancy import site_context, tenant_context
from tests.support.notices import promised
from tests.support.resolver import FakeResolver, fake_resolver
from tests.tenancy.conftest import Side, Town

pytestmark = pytest.mark.django_db

NAME, OTHER = "example.com", "example.org"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _nothing_counted_yet() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def resolver(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeResolver]:
    monkeypatch.setattr(txt_records, "SECONDS", 0.4)
    monkeypatch.setattr(txt_records, "SECONDS_OF_TRY", 0.15)
    with fake_resolver() as resolver:
        settings.DNS_RESOLVERS = [resolver.address]
        yield resolver


@pytest.fixture
def pass_time(time_machine: Any) -> Callable[[timedelta], None]:
    """Return a function that moves the clock, and lets the job run as often as it would meanwhile, up to 40 times."""

    def go_on(by: timedelta) -> None:
        time_machine.move_to(datetime.now(UTC) + by)
        check_due(seconds=5)

    return go_on


def of(side: Side, name: str = NAME) -> Domain:
    with site_context("a test looks"):
        return Domain.objects.get(tenant=side.tenant, name=name)


def owned(side: Side, resolver: FakeResolver, name: str = NAME) -> Domain:
    domain = claim(side.tenant.pk, name)
    resolver.publish(domain.record_name, domain.record_text)
    checked = check(domain)
    assert checked is not None
    assert checked.state is DomainState.OWNED
    return checked


def refused(reason: DomainRefusalReason) -> Any:
    return pytest.raises(DomainRefused, match=f"^{reason.value}$")


def happened(*actions: str) -> list[str]:
    entries = Entry.objects.filter(source="event", action__startswith="domain.").order_by("id")
    return [entry.action for entry in entries if not actions or entry.action in actions]


def reach(side: Side, address: str = "owner@abbey.example") -> User:
    """Give the owner a verified address."""
    side.owner.email, side.owner.email_verified = address, True
    side.owner.save()
    return side.owner


@pytest.mark.parametrize("typed", ["Example.COM", " example.com ", "example.com.", "EXAMPLE.com"])
def test_spellings_of_one_name_are_one_domain(town: Town, typed: str) -> None:
    assert claim(town.a.tenant.pk, typed).name == NAME
    with refused(DomainRefusalReason.CLAIMED_ALREADY):
        claim(town.a.tenant.pk, NAME)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        *(
            (typed, DomainRefusalReason.NOT_A_DOMAIN)
            for typed in ("", "com", "localhost", "*.example.com", "192.0.2.1")
        ),
        *((typed, DomainRefusalReason.NOT_A_DOMAIN) for typed in ("[2001:db8::1]", "a@example.com", "https://a.b/")),
        *((typed, DomainRefusalReason.NOT_A_DOMAIN) for typed in ("exam ple.com", "_x.example.com", "example..com")),
        *(
            (typed, DomainRefusalReason.NOT_A_DOMAIN)
            for typed in ("\x00.com", "ex\u00adample.com", "x" * 5000 + ".com")
        ),
        ("ех\N{LATIN SMALL LETTER A}mple.com", DomainRefusalReason.MIXED_SCRIPTS),  # noqa: RUF001  # Cyrillic beside Latin
        ("XN--MPLE-7CDA9B.com", DomainRefusalReason.NOT_A_DOMAIN),
        (".".join(["x" * 60] * 4), DomainRefusalReason.TOO_LONG),
    ],
)
def test_what_is_no_domain_of_addresses_is_refused_with_a_reason(
    town: Town, typed: str, reason: DomainRefusalReason
) -> None:
    with refused(reason):
        claim(town.a.tenant.pk, typed)
    assert Domain.objects.count() == 0
    assert domains.REFUSED[reason]


def test_a_name_in_another_alphabet_is_another_name_and_is_shown_encoded(town: Town) -> None:
    assert claim(town.a.tenant.pk, "еріс.example").name == "xn--e1awd7f.example"  # noqa: RUF001  # it looks like epic
    assert claim(town.a.tenant.pk, "例え.example").name == "xn--r8jz45g.example"


def test_a_claim_gives_nothing(town: Town) -> None:
    domain = claim(town.a.tenant.pk, NAME)

    assert domain.state is DomainState.CLAIMED
    with tenant_context(town.a.tenant.pk):
        assert not owns(town.a.tenant.pk, NAME)
        assert affiliated_domains(town.a.tenant.pk) == frozenset()
    with refused(DomainRefusalReason.NOT_OWNED):
        set_route(domain, "google")
    assert route_of(f"ada@{NAME}") is None


def test_the_exact_record_makes_the_tenant_its_owner(town: Town, resolver: FakeResolver) -> None:
    domain = claim(town.a.tenant.pk, NAME)
    other = claim(town.a.tenant.pk, OTHER)
    wrong = (domain.value, f"{domain.record_text} ", domain.record_text.upper(), other.record_text, "vestibule-domain=")
    resolver.publish(domain.record_name, *wrong)
    resolver.publish(NAME, domain.record_text)

    checked = check(domain)
    assert checked is not None
    assert (checked.state, checked.finding) == (DomainState.CLAIMED, DomainFinding.ABSENT)
    resolver.publish(domain.record_name, domain.record_text)
    checked = check(domain)
    assert checked is not None
    assert (checked.state, checked.finding) == (DomainState.OWNED, DomainFinding.PRESENT)
    with tenant_context(town.a.tenant.pk):
        assert owned_domains(town.a.tenant.pk) == affiliated_domains(town.a.tenant.pk) == {NAME}
        assert owns(town.a.tenant.pk, NAME)
        assert not owns(town.a.tenant.pk, f"mail.{NAME}")
    assert happened() == ["domain.claimed", "domain.claimed", "domain.owned"]


def test_two_claims_never_have_one_value(town: Town) -> None:
    values = {claim(side.tenant.pk, name).value for side in (town.a, town.b) for name in (NAME, OTHER)}

    assert len(values) == 4
    assert all(len(value) == 40 for value in values)


def test_an_owned_domain_can_be_neither_claimed_nor_proven_by_another_tenant(
    town: Town, resolver: FakeResolver
) -> None:
    late = claim(town.b.tenant.pk, NAME)
    owned(town.a, resolver)
    resolver.publish(late.record_name, late.record_text)

    for _ in range(2):
        checked = check(late)
        assert checked is not None
        assert (checked.state, checked.finding) == (DomainState.CLAIMED, DomainFinding.TAKEN)
    assert happened("domain.refused") == ["domain.refused"]  # once, however often it is checked
    release(late)
    with refused(DomainRefusalReason.OWNED_ELSEWHERE):
        claim(town.b.tenant.pk, NAME)
    release(of(town.a))
    assert owned(town.b, resolver).tenant_id == town.b.tenant.pk


def test_the_database_lets_one_tenant_own_a_name(town: Town, resolver: FakeResolver) -> None:
    owned(town.a, resolver)
    with site_context("a test writes by itself"):
        late = Domain.objects.create(tenant=town.b.tenant, name=NAME)
        with pytest.raises(IntegrityError, match="domain_owned_unique"), transaction.atomic():
            Domain.objects.filter(pk=late.pk).update(owned_since=datetime.now(UTC))


def test_a_tenant_sees_and_writes_its_own_domains_only(town: Town, resolver: FakeResolver) -> None:
    theirs = owned(town.b, resolver)

    with tenant_context(town.a.tenant.pk):
        assert not Domain.objects.exists()
        assert not Domain._base_manager.exists()  # noqa: SLF001  # row-level security, without the manager's help
        assert owned_domains(town.b.tenant.pk) == frozenset()
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Domain._base_manager.create(tenant=town.b.tenant, name=OTHER)  # noqa: SLF001
    assert of(town.b).pk == theirs.pk


def test_only_an_owned_domain_routes_and_only_where_it_is_switched_on(town: Town, resolver: FakeResolver) -> None:
    domain = owned(town.a, resolver)

    assert route_of(f"ada@{NAME}") is None
    set_route(domain, "google")
    assert route_of("ADA@Example.COM") == Route(tenant_id=town.a.tenant.pk, provider="google")
    assert route_of(f"ada@mail.{NAME}") is None
    assert route_of(f"ada@{OTHER}") is None
    set_route(domain, "")
    assert route_of(f"ada@{NAME}") is None
    release(domain)
    with refused(DomainRefusalReason.GONE):
        set_route(domain, "google")


def test_the_job_proves_a_claim_when_its_record_appears(
    town: Town, resolver: FakeResolver, pass_time: Callable[[timedelta], None]
) -> None:
    domain = claim(town.a.tenant.pk, NAME)
    check_domains()
    assert of(town.a).finding == DomainFinding.ABSENT
    resolver.publish(domain.record_name, domain.record_text)
    check_domains()
    assert of(town.a).state is DomainState.CLAIMED  # not due yet

    pass_time(timedelta(minutes=6))

    assert of(town.a).state is DomainState.OWNED
    (entry,) = Entry.objects.filter(action="domain.owned")
    assert (entry.actor_kind, entry.actor_id, entry.tenant_id) == ("job", "domains", str(town.a.tenant.pk))


def test_a_claim_is_watched_for_three_days(
    town: Town, resolver: FakeResolver, pass_time: Callable[[timedelta], None]
) -> None:
    domain = claim(town.a.tenant.pk, NAME)
    for _ in range(3):
        pass_time(DAY)
    asked = len(resolver.asked)
    resolver.publish(domain.record_name, domain.record_text)

    pass_time(DAY)
    assert len(resolver.asked) == asked == 3
    assert of(town.a).state is DomainState.CLAIMED
    check(domain)
    assert of(town.a).state is DomainState.OWNED


def test_an_owned_domain_is_checked_daily_and_its_resolver_asked_no_more_often(
    town: Town, resolver: FakeResolver, pass_time: Callable[[timedelta], None]
) -> None:
    owned(town.a, resolver)
    asked = len(resolver.asked)
    for _ in range(8):
        pass_time(timedelta(hours=6, minutes=1))

    assert len(resolver.asked) == asked + 2
    assert of(town.a).state is DomainState.OWNED


def test_a_domain_without_its_record_lapses_a_week_after_a_mail(
    town: Town, resolver: FakeResolver, pass_time: Callable[[timedelta], None]
) -> None:
    reach(town.a)
    domain = owned(town.a, resolver)
    set_route(domain, "google")
    resolver.records.clear()
    pass_time(DAY)
    assert of(town.a).state is DomainState.FAILING
    assert promised() == []
    pass_time(DAY)

    (mail,) = promised()
    lapses_at = of(town.a).lapses_at
    assert lapses_at is not None
    assert (mail.to, mail.subject) == ("owner@abbey.example", "A domain of yours is about to lapse")
    assert f"lapses on {lapses_at:%-d %B %Y, %H:%M} UTC" in mail.text
    assert domain.record_name in mail.text
    assert domain.record_text in mail.text
    for _ in range(6):
        pass_time(DAY)
    assert of(town.a).state is DomainState.FAILING
    assert route_of(f"ada@{NAME}") is not None
    pass_time(DAY + timedelta(minutes=5))
    assert of(town.a).state is DomainState.CLAIMED
    assert route_of(f"ada@{NAME}") is None
    assert {mail.subject for mail in promised()} == {
        "A domain of yours is about to lapse",
        "A domain of yours has lapsed",
    }
    assert happened() == ["domain.claimed", "domain.owned", "domain.lapse_announced", "domain.lapsed"]


def test_what_has_lapsed_is_owned_again_with_its_route_when_the_record_is_back(
    town: Town, resolver: FakeResolver, pass_time: Callable[[timedelta], None]
) -> None:
    domain = owned(town.a, resolver)
    set_route(domain, "google")
    resolver.records.clear()
    for _ in range(10):
        pass_time(DAY)
    assert of(town.a).owned_since is None
    resolver.publish(domain.record_name, domain.record_text)

    pass_time(timedelta(hours=2))
    assert of(town.a).state is DomainState.OWNED
    assert route_of(f"ada@{NAME}") == Route(tenant_id=town.a.tenant.pk, provider="google")


def test_a_record_that_comes_back_ends_the_warning(
    town: Town, resolver: FakeResolver, pass_time: Callable[[timedelta], None]
) -> None:
    domain = owned(town.a, resolver)
    resolver.records.clear()
    pass_time(DAY)
    pass_time(DAY)
    assert of(town.a).lapses_at is not None
    resolver.publish(domain.record_name, domain.record_text)
    pass_time(DAY)

    assert (of(town.a).state, of(town.a).lapses_at) == (DomainState.OWNED, None)
    resolver.records.clear()
    pass_time(8 * DAY)
    assert of(town.a).state is DomainState.FAILING  # the time starts again
    assert of(town.a).lapses_at is None


@pytest.mark.parametrize("mood", ["SERVFAIL", "silent"])
def test_a_dns_that_does_not_answer_is_borne_for_three_weeks(
    town: Town, resolver: FakeResolver, pass_time: Callable[[timedelta], None], mood: str
) -> None:
    owned(town.a, resolver)
    resolver.mood = mood
    for _ in range(14):
        pass_time(DAY)
    assert (of(town.a).finding, of(town.a).lapses_at) == (DomainFinding.UNKNOWN, None)
    for _ in range(7):
        pass_time(DAY)
    assert of(town.a).lapses_at is not None
    pass_time(2 * DAY)
    assert of(town.a).state is DomainState.CLAIMED
    assert happened("domain.lapse_announced", "domain.lapsed") == ["domain.lapse_announced", "domain.lapsed"]


def test_after_a_warning_for_absence_an_unanswered_check_does_not_end_it(
    town: Town, resolver: FakeResolver, pass_time: Callable[[timedelta], None]
) -> None:
    owned(town.a, resolver)
    resolver.records.clear()
    pass_time(DAY)
    pass_time(DAY)
    resolver.mood = "SERVFAIL"
    for _ in range(10):
        pass_time(DAY)
    assert of(town.a).state is DomainState.FAILING
    resolver.mood = ""
    pass_time(DAY)
    assert of(town.a).state is DomainState.CLAIMED


def test_a_clock_that_was_ahead_lets_nothing_lapse_without_notice(
    town: Town, resolver: FakeResolver, time_machine: Any, pass_time: Callable[[timedelta], None]
) -> None:
    now = datetime.now(UTC)
    owned(town.a, resolver)
    resolver.records.clear()
    time_machine.move_to(now + 400 * DAY)
    check_due(seconds=5)
    time_machine.move_to(now + 402 * DAY)
    check_due(seconds=5)
    assert of(town.a).lapses_at is not None
    time_machine.move_to(now)

    for _ in range(6):
        pass_time(DAY)
    assert of(town.a).state is DomainState.FAILING
    lapses_at = of(town.a).lapses_at
    assert lapses_at is not None
    assert lapses_at <= now + 8 * DAY + timedelta(minutes=1)
    for _ in range(5):
        pass_time(DAY)
    assert of(town.a).state is DomainState.CLAIMED


def test_a_domain_that_a_killed_run_had_is_checked_by_a_later_one(
    town: Town, resolver: FakeResolver, pass_time: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(town.a.tenant.pk, NAME)
    with monkeypatch.context() as killing:
        killing.setattr(domains.checking, "_look_up", _killed)
        with pytest.raises(KeyboardInterrupt):
            check_due(seconds=5)
    check_due(seconds=5)
    assert of(town.a).checked_at is None

    pass_time(timedelta(minutes=11))
    assert of(town.a).finding == DomainFinding.ABSENT


def _killed(_domain: Domain) -> DomainFinding:
    raise KeyboardInterrupt


def test_a_run_ends_in_time_and_leaves_the_rest_to_the_next(town: Town, resolver: FakeResolver) -> None:
    for number in range(3):
        claim(town.a.tenant.pk, f"{number}.example")

    check_due(seconds=-1)
    assert resolver.asked == []
    check_due(seconds=5)
    assert len(resolver.asked) == 3


def test_a_domain_that_is_released_while_it_is_checked_stays_released(
    town: Town, resolver: FakeResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = claim(town.a.tenant.pk, NAME)
    look_up = domains.checking._look_up  # noqa: SLF001

    def releasing(checked: Domain) -> DomainFinding:
        release(checked)
        return look_up(checked)

    monkeypatch.setattr(domains.checking, "_look_up", releasing)
    assert check(domain) is None
    assert happened() == ["domain.claimed", "domain.released"]
    with refused(DomainRefusalReason.GONE):
        release(domain)


def test_checks_that_somebody_asks_for_are_limited(town: Town, resolver: FakeResolver) -> None:
    domain = claim(town.a.tenant.pk, NAME)
    for _ in range(10):
        check(domain)

    with refused(DomainRefusalReason.TOO_OFTEN):
        check(domain)
    assert len(resolver.asked) == 10
    check(claim(town.a.tenant.pk, OTHER))


def test_claims_are_limited(town: Town, resolver: FakeResolver, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        claim(town.a.tenant.pk, f"{number}.example")
    with refused(DomainRefusalReason.TOO_MANY):
        claim(town.a.tenant.pk, NAME)
    claim(town.b.tenant.pk, NAME)

    for number in range(20):
        release(of(town.a, f"{number}.example"))
        claim(town.a.tenant.pk, f"{number}.example")
    release(of(town.a, "0.example"))
    with refused(DomainRefusalReason.TOO_OFTEN):
        claim(town.a.tenant.pk, NAME)

    monkeypatch.setattr(claiming, "MOST_DOMAINS", 1)
    with refused(DomainRefusalReason.TOO_MANY):
        claim(town.b.tenant.pk, OTHER)


def test_a_lapse_is_mailed_to_the_administrators_of_that_tenant_alone(
    town: Town, resolver: FakeResolver, pass_time: Callable[[timedelta], None]
) -> None:
    reach(town.a)
    reach(town.b, "owner@barn.example")
    for person, address in ((town.a.member, "member@abbey.example"), (town.both, "both@example.com")):
        person.email, person.email_verified = address, True
        person.save()
    owned(town.a, resolver)
    resolver.records.clear()
    for _ in range(9):
        pass_time(DAY)

    assert {mail.to for mail in promised()} == {"owner@abbey.example"}


def test_without_mail_a_domain_lapses_all_the_same(
    town: Town, resolver: FakeResolver, pass_time: Callable[[timedelta], None], settings: Any
) -> None:
    settings.CAN_SEND_MAIL = False
    reach(town.a)
    owned(town.a, resolver)
    resolver.records.clear()
    for _ in range(10):
        pass_time(DAY)

    assert of(town.a).state is DomainState.CLAIMED
    assert promised() == []
