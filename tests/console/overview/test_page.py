"""The overview on the admin's first page: who sees it, what it shows, and what it shows when something fails."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache, caches
from django.core.management import call_command
from django.db import transaction
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone, translation

from accounts.models import Identity, Session, User
from audit.events import Event
from audit.models import JobRun
from audit.tallies import Tally
from audit.tasks import keep_the_trail, seal_entries
from config.celery import app
from config.embedded.programs import any_free_port
from console.overview import counting, jobs, people, provider_health, purge, refusals, revocation, sign_ins, trail
from console.overview.counting import Counted
from console.overview.last_sign_ins import LastSignIns, LiveSessions
from console.overview.page import PANELS, counters, may_see_overview, shown
from console.overview.panel import Mark, OverviewPanel, Shown, State
from console.overview.sign_ins import DAYS, SIGN_INS, SignIns, count_sign_ins
from console.tasks import count_for_overview
from foundation.rows import fetch_one
from jobs.models import DeferredTask
from jobs.purging import purge as run_purge
from providers.models import UpstreamRevocation
from providers.revocation.acts import revoke_tokens
from providers.revocation.outbox import TokenRevocationReason
from providers.tasks import send_revocations
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.pages.reading import Page, read
from tests.support import overview_crowd
from tests.support.memory import forget_providers
from tests.support.proven import sign_in
from tests.support.servers import Servers
from tests.support.trail import Happened, tell

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("providers")]

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
PARALLEL = "max_parallel_workers_per_gather"
BEING_COUNTED = "Being counted by a job"
NOT_DUE = "Not due yet, first run by"


@pytest.fixture
def administrator() -> Client:
    client = Client()
    sign_in(client, User.objects.create_superuser(username="root", name="Root"))
    return client


@pytest.fixture
def month() -> None:
    overview_crowd.live()


def page(client: Client, **headers: str) -> str:
    answer = client.get("/admin/", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def numbers(panel: OverviewPanel[Any]) -> dict[str, Any]:
    """Return the contents of a panel's table by the name of the row."""
    (found,) = [one for one in shown() if one.name == panel.name]
    assert found.drawing
    return {
        str(first.text): [cell.value for cell in rest] if len(rest) > 1 else rest[0].value
        for first, rest in found.drawing.table.cells
    }


# Who sees it


@pytest.mark.usefixtures("month")
def test_superusers_see_the_numbers_and_other_staff_the_list_of_apps_only(administrator: Client) -> None:
    staff = Client()
    sign_in(staff, User.objects.create_user(username="staff", is_staff=True))

    assert panels_of(page(administrator)) == [panel.name for panel in PANELS]
    assert panels_of(page(staff)) == []
    assert not re.search(r"tone-|figures|chart", page(staff))


def test_a_stranger_sees_the_sign_in_page() -> None:
    answer = Client().get("/admin/")

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/login/")


@pytest.mark.parametrize(
    ("person", "may"),
    [
        (AnonymousUser(), False),
        (User(), False),
        (User(is_staff=True), False),
        (User(is_superuser=True), False),
        (User(is_staff=True, is_superuser=True, is_active=False), False),
        (User(is_staff=True, is_superuser=True), True),
    ],
)
def test_only_active_superusers_who_may_enter_the_admin_may_see_it(person: User | AnonymousUser, *, may: bool) -> None:
    assert may_see_overview(person) is may


def test_the_page_of_an_app_has_none(administrator: Client) -> None:
    assert panels_of(administrator.get("/admin/accounts/").content.decode()) == []


# What it shows


@pytest.mark.usefixtures("month")
def test_the_numbers_are_those_of_the_rows() -> None:
    by_day = numbers(sign_ins.PANEL)
    crowd = overview_crowd

    assert len(by_day) == DAYS
    assert all(sum(counts) == together for *counts, together in by_day.values())
    assert numbers(people.STALE) == {
        "30 to 90 days ago": crowd.LAST_SEEN[45],
        "90 days to a year ago": crowd.LAST_SEEN[120],
        "More than a year ago": crowd.LAST_SEEN[500],
        "Never": crowd.NEVER,
    }
    assert {name: sessions for name, (sessions, _people) in numbers(people.SESSIONS).items()} == {
        "Google": 22, "Microsoft": 13, "GitHub": 9, "Keycloak": 4, "Local password": 1
    }  # fmt: skip
    assert {name: refused for name, (refused, _last) in numbers(refusals.PANEL).items()} == {
        refusals.in_words(reason): many for reason, many in crowd.REFUSED.items()
    }


@time_machine.travel(NOON, tick=False)
def test_a_sign_in_is_counted_on_its_day_and_by_its_provider() -> None:
    midnight = NOON.replace(hour=0)
    instant = timedelta(microseconds=1)
    tell(
        [
            Happened(at=midnight - instant, provider="google"),
            Happened(at=midnight, provider="google"),
            Happened(at=NOON, provider="github"),
            Happened(at=NOON, provider="", event=Event.SIGN_IN_REFUSED, reason="local_password_wrong"),
            Happened(at=midnight - timedelta(days=DAYS - 1), provider="keycloak"),
            Happened(at=midnight - timedelta(days=DAYS - 1) - instant, provider="microsoft"),
        ]
    )
    (found,) = [one for one in shown() if one.name == "sign_ins"]
    assert found.drawing

    assert [head for head, _ in found.drawing.table.columns] == ["Day", "Google", "GitHub", "Keycloak", "Together"]
    rows = {name: counts for name, counts in numbers(sign_ins.PANEL).items() if counts[-1]}
    assert rows == {"2026-11-18": [1, 1, 0, 2], "2026-11-17": [1, 0, 0, 1], "2026-10-20": [0, 0, 1, 1]}
    assert numbers(refusals.PANEL) == {"Local password wrong": [1, NOON]}


def test_past_days_are_not_counted_again_once_they_are_complete() -> None:
    midnight = NOON.replace(hour=0)
    with time_machine.travel(midnight + timedelta(minutes=30), tick=False):
        tell([Happened(at=midnight - timedelta(days=3)), Happened(at=midnight - timedelta(minutes=5))])
        first = count_sign_ins(None)
        tell([Happened(at=midnight - timedelta(minutes=2)), Happened(at=midnight + timedelta(minutes=20))])
        second = count_sign_ins(first)
    with time_machine.travel(midnight + timedelta(hours=3), tick=False):
        third = count_sign_ins(second)
        tell([Happened(at=midnight - timedelta(minutes=1)), Happened(at=midnight + timedelta(hours=2))])
        fourth = count_sign_ins(third)
    with time_machine.travel(midnight + timedelta(days=DAYS - 2), tick=False):
        last = count_sign_ins(fourth)

    assert [one.count for one in first.tallies] == [1, 1]
    assert totals(second) == {"2026-11-15": 1, "2026-11-17": 2, "2026-11-18": 1}
    assert totals(third) == totals(second)
    assert totals(fourth) == {"2026-11-15": 1, "2026-11-17": 2, "2026-11-18": 2}
    assert totals(last) == {"2026-11-17": 2, "2026-11-18": 2}


def test_the_providers_are_shown_with_their_last_sign_in_and_refusal() -> None:
    now = timezone.now().replace(microsecond=0)
    tell(
        [
            Happened(at=now - timedelta(days=2), provider="google"),
            Happened(at=now - timedelta(days=1), provider="google"),
            Happened(at=now, provider="github", event=Event.SIGN_IN_REFUSED, reason="cancelled"),
        ]
    )
    found = numbers(provider_health.PANEL)

    assert list(found) == ["Google", "Microsoft", "GitHub", "Keycloak"]
    assert found["Google"][1:] == [now - timedelta(days=1), None]
    assert found["GitHub"][1:] == [None, now]


def test_tokens_that_could_not_be_revoked_are_shown_with_the_reason(
    providers: Sandbox,
) -> None:
    for name in ("google", "keycloak", "github"):
        Browser(providers).sign_in(name, {"google": "grace", "keycloak": "ada", "github": "marie"}[name])
    revoke_tokens(Identity.objects.all(), reason=TokenRevocationReason.CUT_OFF)
    providers.set_fault("google", "revocation_500")
    UpstreamRevocation.objects.filter(provider="keycloak").update(access="somebody else's", refresh="")
    send_revocations()
    found = numbers(revocation.PANEL)

    assert list(found) == ["Google", "Microsoft", "GitHub", "Keycloak"]
    well, ill = ("On time", 0, None, 0), UpstreamRevocation.objects.get(provider="google").created_at
    shown_of = {name: (str(mark.word), *rest) for name, (mark, *rest) in found.items()}
    assert shown_of == {
        "Google": ("Provider answer invalid", 1, ill, 0),
        "Microsoft": well,
        "GitHub": well,
        "Keycloak": ("Not authentic", 0, None, 1),
    }


def test_tokens_without_an_attempt_to_revoke_them_for_long_are_late(providers: Sandbox) -> None:
    Browser(providers).sign_in("google", "ada")
    revoke_tokens(Identity.objects.all(), reason=TokenRevocationReason.CUT_OFF)
    UpstreamRevocation.objects.update(created_at=timezone.now() - timedelta(minutes=6))

    assert str(numbers(revocation.PANEL)["Google"][0].word) == "Late"


NOTHING: list[tuple[OverviewPanel[Any], Any]] = [
    (sign_ins.PANEL, SignIns(today=NOON.date(), open_from=NOON.date(), tallies=[])),
    (refusals.PANEL, SignIns(today=NOON.date(), open_from=NOON.date(), tallies=[])),
    (people.SESSIONS, LiveSessions(sessions=0, people=0, by_provider={})),
    (people.STALE, LastSignIns(accounts=0, days_30=0, days_90=0, days_365=0, never=0)),
]


@pytest.mark.parametrize(("panel", "nothing"), NOTHING, ids=[panel.name for panel, _ in NOTHING])
def test_an_empty_panel_says_what_it_will_show(panel: OverviewPanel[Any], nothing: Any) -> None:
    found = panel.show(Counted(at=timezone.now(), takes=0.0, numbers=nothing))

    assert found.state is State.EMPTY
    assert str(panel.empty) in " ".join(rendered([found]).elements[0].text.split())
    assert not rendered([found]).all("svg", "table")


def test_a_site_without_providers_says_how_one_is_set_up(settings: Any) -> None:
    settings.SIGN_IN_PROVIDERS = {name: told | {"client_id": ""} for name, told in settings.SIGN_IN_PROVIDERS.items()}
    forget_providers()

    (found,) = [one for one in shown() if one.name == "providers"]
    assert found.state is State.EMPTY
    assert "client id" in str(found.empty)


# How it is drawn


@pytest.mark.usefixtures("month")
@pytest.mark.promise(39)
def test_nothing_in_it_needs_a_script_or_a_style_of_its_own(administrator: Client) -> None:
    html = page(administrator)

    found = read(html)
    assert not found.all("style")
    assert not [script for script in found.all("script") if not script.get("src")]
    for element in found.elements:
        assert not [name for name in element.attributes if name == "style" or name.startswith("on")]


@pytest.mark.usefixtures("month")
def test_every_chart_has_a_title_a_description_and_a_table() -> None:
    found = rendered(shown())

    ids = [element.get("id") for element in found.elements if element.get("id")]
    charts = [svg for svg in found.all("svg") if svg.get("role") == "img"]
    assert len(ids) == len(set(ids))
    assert len(charts) == 4
    for chart in charts:
        words = [element for element in found.elements if element.get("id") in chart.get("aria-labelledby").split()]
        assert [word.tag for word in words] == ["title", "desc"]
        assert all(word.text.strip() for word in words)
    assert len(found.all("details")) == 4
    assert len(found.all("table")) == len(PANELS)
    assert all(svg.get("aria-hidden") == "true" for svg in found.all("svg") if svg not in charts)


@pytest.mark.usefixtures("month")
@pytest.mark.parametrize("language", ["en", "de", "fr", "ar"])
def test_geometry_is_the_same_in_every_language(administrator: Client, language: str) -> None:
    with translation.override("en"):  # so that this request's language does not leak into the next test
        html = page(administrator, accept_language=language)

    overview = html.partition('class="overview"')[2].partition('id="content-main"')[0]
    numbers = re.findall(r'\b(?:x|y|width|height|x1|x2|y1|y2)="([^"]*)"', overview)
    assert len(numbers) > 500
    assert [number for number in numbers if not re.fullmatch(r"\d+(\.\d+)?(%|em)?", number)] == []


def test_large_numbers_are_grouped_and_values_from_the_trail_are_escaped() -> None:
    tallies = [
        Tally(day=NOON.date(), event=event, details=("<b>", "<i>evil</i>"), count=1_234_567, latest=NOON)
        for event in (Event.SIGN_IN_SUCCEEDED, Event.SIGN_IN_REFUSED)
    ]
    counted = Counted(at=NOON, takes=0.0, numbers=SignIns(today=NOON.date(), open_from=NOON.date(), tallies=tallies))
    found = rendered([sign_ins.PANEL.show(counted), refusals.PANEL.show(counted)])

    assert not found.all("b", "i")
    assert found.elements[0].text.count("1,234,567") >= 4


# The state of the trail


def test_the_trail_panel_shows_whether_it_is_sealed_and_retained() -> None:
    call_command("audit", "seal", verbosity=0)
    found = numbers(trail.PANEL)
    assert [str(row[0].word) for row in found.values()] == [NOT_DUE, NOT_DUE, "Made until"]

    cache.clear()
    seal_entries()
    keep_the_trail()
    assert [str(row[0].word) for row in numbers(trail.PANEL).values()] == ["On time", "On time", "Made until"]

    cache.clear()
    JobRun.objects.filter(name="sealing").update(detail="seal 7 is not authentic", ran_at=timezone.now())
    (sealing, *_others) = numbers(trail.PANEL).values()
    assert (sealing[0].kind, str(sealing[0].word)) == ("silent", "seal 7 is not authentic")


JOBS = {name: job["schedule"] for name, job in app.conf.beat_schedule.items()}


def words(panel: OverviewPanel[Any]) -> set[str]:
    return {str(row[0].word) for row in numbers(panel).values() if isinstance(row[0], Mark)}


def all_ran(at: datetime) -> None:
    for name in [*(f"beat.{job}" for job in JOBS), "sealing", "retention", "purge"]:
        JobRun.objects.update_or_create(name=name, defaults={"ran_at": at})


def migrated(at: datetime, servers: Servers) -> None:
    with psycopg.connect(servers.owner_url) as owner:
        owner.execute("UPDATE django_migrations SET applied = %s", [at])


@pytest.mark.parametrize("panel", [jobs.PANEL, trail.PANEL, purge.PANEL], ids=lambda panel: panel.name)
@pytest.mark.parametrize("after", [timedelta(seconds=1), timedelta(minutes=4), timedelta(minutes=9)])
def test_a_job_that_was_on_time_when_counted_is_not_late_when_shown(
    panel: OverviewPanel[Any], after: timedelta
) -> None:
    """Old numbers must be compared with the time at which they were counted, not with the current time."""
    all_ran(timezone.now())
    in_time = words(panel)
    with time_machine.travel(timezone.now() + after):
        assert words(panel) == in_time
    assert "Late" not in in_time


@pytest.mark.parametrize("panel", [jobs.PANEL, trail.PANEL, purge.PANEL], ids=lambda panel: panel.name)
@pytest.mark.parametrize("ago", [timedelta(hours=4), -timedelta(days=300)])
def test_a_job_that_ran_long_ago_or_in_the_future_is_late(panel: OverviewPanel[Any], ago: timedelta) -> None:
    """A run recorded by a clock that was ahead must not look on time until the real time has caught up."""
    all_ran(timezone.now() - ago)

    assert "Late" in words(panel)


@pytest.mark.parametrize("panel", [jobs.PANEL, trail.PANEL, purge.PANEL], ids=lambda panel: panel.name)
def test_jobs_that_never_ran_are_late_on_an_old_site_and_not_on_a_new_one(
    panel: OverviewPanel[Any], servers: Servers
) -> None:
    """What is not due yet must not be reported as late."""
    seal_entries()
    JobRun.objects.all().delete()
    now = timezone.now()
    try:
        migrated(now - timedelta(minutes=5), servers)
        assert words(panel) <= {NOT_DUE, "Made until"}
        cache.clear()
        migrated(now - timedelta(hours=2), servers)
        assert words(panel) <= {"Late", "Made until"}
    finally:
        migrated(now, servers)


def test_the_panel_shows_until_when_there_are_partitions(administrator: Client) -> None:
    """A future time must not be shown as one that has just passed."""
    keep_the_trail()
    html = page(administrator)
    (until,) = re.findall(r"Made until <time[^>]*>([^<]*)</time>", html)

    assert re.fullmatch(r"20\d\d-\d\d-01 00:00:00 UTC", until)
    assert datetime.fromisoformat(f"{until[:10]}T00:00:00Z") > timezone.now()


# The state of the purge


def test_the_purge_panel_shows_what_waits_since_when_and_what_it_had_no_time_for() -> None:
    since = timezone.now() - timedelta(hours=5)
    Session.objects.create(session_key="old", expire_date=since)
    (state, waiting, oldest) = numbers(purge.PANEL)["sessions"]
    assert (state.kind, str(state.word), waiting, oldest) == ("silent", "Late", 1, since)

    cache.clear()
    run_purge(seconds=60)
    (state, waiting, oldest) = numbers(purge.PANEL)["sessions"]
    assert (state.kind, str(state.word), waiting, oldest) == ("answers", "Removed at the last run", 0, None)

    cache.clear()
    JobRun.objects.filter(name="purge").update(progress={"left": ["accounts_session"]})
    assert str(numbers(purge.PANEL)["sessions"][0].word) == "More than one run can do"


def test_deferred_tasks_that_failed_are_shown_among_the_jobs() -> None:
    DeferredTask.objects.create(kind="mail", attempts=1)  # the first attempt may be in progress
    (state, _begun) = numbers(jobs.PANEL)["Retrying what was left undone"]
    assert str(state.word) == NOT_DUE  # it has not been sent yet

    cache.clear()
    oldest = DeferredTask.objects.create(kind="mail", attempts=2, created_at=timezone.now() - timedelta(hours=2))
    DeferredTask.objects.create(kind="mail", attempts=9)
    DeferredTask.objects.create(kind="mail", attempts=9, next_attempt_at=None)  # given up, or done
    (state, _begun) = numbers(jobs.PANEL)["Retrying what was left undone"]
    assert (state.kind, state.at) == ("silent", oldest.created_at)
    assert str(state.word) == "2 mails or answers were tried in vain, since"


# When something fails


@pytest.mark.slow
@pytest.mark.usefixtures("month")
def test_a_statement_that_takes_too_long_is_cancelled_and_the_page_is_shown(
    administrator: Client, servers: Servers
) -> None:
    with psycopg.connect(servers.owner_url) as owner:
        owner.execute("LOCK TABLE audit_entry")
        began_at = time.monotonic()
        html = page(administrator)
        assert time.monotonic() - began_at < 3
        assert BEING_COUNTED in html
        again = page(administrator)

    assert BEING_COUNTED in again  # and it was not retried at once
    cache.delete("overview:sign_ins:tried")
    html = page(administrator)
    together = sum(of_day for *_by_provider, of_day in numbers(sign_ins.PANEL).values())
    assert together > 900
    assert f"{together:,}" in html


def test_the_connections_settings_are_unchanged_afterwards() -> None:
    def limits() -> Any:
        return fetch_one("SELECT current_setting('statement_timeout'), current_setting(%s)", [PARALLEL])

    with transaction.atomic():  # like the transaction of a caller, whose settings must not change
        before = limits()
        people.SESSIONS.counter.recount(None, seconds=7)
        assert limits() == before
    assert limits() == before


@pytest.fixture
def cache_away(settings: Any) -> Iterator[Callable[[], None]]:
    before = settings.CACHES

    def away() -> None:
        elsewhere = before["default"] | {"LOCATION": f"redis://127.0.0.1:{any_free_port()}/0"}
        settings.CACHES = {"default": elsewhere}
        caches.close_all()

    yield away
    settings.CACHES = before
    caches.close_all()


@pytest.mark.promise(79)
def test_without_the_cache_the_panels_say_so_and_the_page_is_shown(
    administrator: Client, cache_away: Callable[[], None]
) -> None:
    cache_away()
    began_at = time.monotonic()
    html = page(administrator)

    assert time.monotonic() - began_at < 5
    assert html.count("These numbers cannot be had right now") == len(PANELS)
    assert "Microsoft" in html  # what is in memory is still shown


@pytest.mark.parametrize("stored", ["text", [], {}, {"at": "2026-11-18T12:00:00Z", "takes": 1, "numbers": {"x": 1}}])
def test_numbers_cached_by_another_version_are_counted_again(administrator: Client, stored: object) -> None:
    for counter in counters():
        cache.set(counter.key, stored)

    assert {one.state for one in shown()} <= {State.SHOWN, State.EMPTY}


def test_old_numbers_are_shown_with_a_note_about_the_job(administrator: Client) -> None:
    with time_machine.travel(timezone.now() - timedelta(hours=3)):
        shown()
    for counter in counters():
        cache.set(f"{counter.key}:tried", 1, 60)

    html = page(administrator)
    assert "These numbers are old." in html
    assert "3 hours ago" in html


# The job


def test_every_scheduled_task_exists() -> None:
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)
    assert app.conf.beat_schedule["overview"]["schedule"] == counting.EVERY.total_seconds()


@pytest.mark.usefixtures("month")
@pytest.mark.promise(78)
def test_the_job_counts_what_the_page_shows_and_running_twice_is_harmless(administrator: Client) -> None:
    for counter in counters():
        cache.set(f"{counter.key}:tried", 1, 60)
    assert page(administrator).count(BEING_COUNTED) == len(PANELS)

    count_for_overview()
    once = known()
    count_for_overview()
    assert known() == once
    with time_machine.travel(timezone.now() + counting.EVERY):
        count_for_overview()
    assert {key: counted.numbers for key, counted in known().items() if key != SIGN_INS.key} == {
        key: counted.numbers for key, counted in once.items() if key != SIGN_INS.key
    }
    assert BEING_COUNTED not in page(administrator)


def test_expensive_numbers_are_counted_rarely() -> None:
    now = timezone.now()

    assert Counted(at=now - timedelta(minutes=6), takes=0.01, numbers=None).is_older_than(turns=1)
    assert not Counted(at=now - timedelta(minutes=6), takes=6.0, numbers=None).is_older_than(turns=1)
    assert Counted(at=now - timedelta(minutes=51), takes=6.0, numbers=None).is_older_than(turns=1)


def test_the_duration_of_a_first_count_does_not_delay_the_second() -> None:
    def slowly(_before: int | None) -> int:
        fetch_one("SELECT pg_sleep(%s)", [0.05])
        return 7

    counter = counting.Counter(name="slow", kind=int, count=slowly)
    first = counter.recount(None, seconds=5)

    assert first.takes == 0
    second = counter.recount(first, seconds=5)
    assert second.takes >= 0.05
    assert counter.read(cache.get(counter.key)) == second


def test_what_the_job_cannot_count_is_skipped_for_a_while_and_the_rest_is_counted(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "IN_A_JOBS_TIME", 0.2)
    with psycopg.connect(servers.owner_url) as owner:
        owner.execute("LOCK TABLE audit_entry")
        count_for_overview()
    count_for_overview()

    assert set(known()) == {one.counter.key for one in (people.SESSIONS, revocation.PANEL, purge.PANEL, jobs.PANEL)}
    cache.clear()
    count_for_overview()
    assert len(known()) == len(counters())


def known() -> dict[str, Counted[Any]]:
    found = {counter.key: counter.read(cache.get(counter.key)) for counter in counters()}
    return {key: counted for key, counted in found.items() if counted}


def totals(counted: SignIns) -> dict[str, int]:
    return {tally.day.isoformat(): tally.count for tally in sorted(counted.tallies, key=lambda one: one.day)}


def panels_of(html: str) -> list[str]:
    return [section.get("id").removeprefix("panel-") for section in read(html).all("section")]


def rendered(found: list[Shown]) -> Page:
    return read(render_to_string("overview/overview.html", {"panels": found}).strip())
