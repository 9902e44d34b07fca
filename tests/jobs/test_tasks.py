"""Every task of ours: run twice it does what it does once, it leaves the work to whoever is at it, and it ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings as product
from django.core import mail as django_mail
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from psycopg import sql

from accounts.bulk import running
from accounts.bulk.actions import DEACTIVATE
from accounts.mailing import mail
from accounts.models import BulkAction, CutOff, Role, Session, User
from accounts.models.session import row_key
from accounts.organizations import domains
from audit.models import Retention
from audit.sealing.seals import seal
from authserver.keys import ring
from authserver.models import LogoutNotice, TokenSigningKey
from config.celery import app
from console.overview import counting
from console.overview.page import counters
from foundation import lifetimes
from foundation.locks import number_of, one_at_a_time
from jobs.models import DeferredTask
from providers.revocation.outbox import RevokedTokens, TokenRevocationReason, enqueue
from tenancy import site_context, tenant_context
from tests.audit.sealed import begin_anew
from tests.audit.test_retention import FILL, TENANT
from tests.jobs.test_purging import sessions
from tests.support.oauth import registered
from tests.support.post import Post
from tests.support.product import PACKAGES
from tests.support.resolver import fake_resolver
from tests.support.servers import Servers
from tests.support.worker import forget_messages
from tests.tenancy.conftest import Town, town
from tests.webhooks.conftest import Set, set_up
from tests.webhooks.receiver import Receiver, receiving

__all__ = ["set_up", "town"]

pytestmark = pytest.mark.django_db(transaction=True)

OURS = tuple(f"{name}." for name in PACKAGES)
SCHEDULE: dict[str, dict[str, Any]] = product.CELERY_BEAT_SCHEDULE
ROWS = "SELECT count(*), md5(string_agg(r::text, '\n' ORDER BY r::text)) FROM public.{} r"
LIMITS = {  # seconds: soft and hard
    "jobs.deferred.worker.run_deferred_task": (120, 150),
    "accounts.tasks.bulk": (420, 480),
    "accounts.tasks.check_domains": (60, 90),
    "accounts.tasks.confirm_cut_offs": (60, 90),
    "jobs.tasks.run_due_deferred_tasks": (180, 210),
    "accounts.tasks.resume_bulk_actions": (60, 90),
    "jobs.tasks.purge": (240, 300),
    "accounts.tasks.rotate_encryption_keys": (180, 240),
    "authserver.tasks.rotate_signing_keys": (60, 90),
    "authserver.tasks.send_logout_notices": (120, 150),
    "webhooks.tasks.send_webhooks": (120, 150),
    "audit.tasks.keep_the_trail": (420, 480),
    "audit.tasks.seal_entries": (120, 180),
    "console.tasks.count_for_overview": (540, 600),
    "providers.tasks.revalidate_session": (60, 90),
    "providers.tasks.send_revocations": (120, 150),
}
BY_ROWS = {
    "domains",
    "revocation",
}  # where each row is somebody's for a while, and any number of runs may be at it at once


def ours() -> dict[str, Any]:
    return {name: task for name, task in app.tasks.items() if name.startswith(OURS)}


@dataclass(kw_only=True)
class Stage:
    """Where a task is tried: what it may need, and what people and other programs would see of it."""

    servers: Servers
    town: Town
    set_up: Set
    receiver: Receiver
    post: Post
    settings: Any
    arguments: dict[str, Any] = field(default_factory=dict)

    def run(self, name: str) -> None:
        """Run a task, and what it leaves for others."""
        app.tasks[name].apply(kwargs=self.arguments, throw=True)
        self.post.work()

    def seen(self) -> object:
        """Every row but those that say when a job ran, and all that went out."""
        numbers = {key: one.numbers for key, one in counting._known(counters()).items()}  # noqa: SLF001
        return _rows(self.servers), len(django_mail.outbox), [one.id for one in self.receiver.came], numbers


def _rows(servers: Servers) -> dict[str, tuple[Any, ...]]:
    with psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
        names = superuser.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'audit_jobrun'"
        ).fetchall()
        return {name: superuser.execute(sql.SQL(ROWS).format(sql.Identifier(name))).fetchall()[0] for (name,) in names}


@pytest.fixture
def stage(servers: Servers, town: Town, set_up: Set, post: Post, settings: Any) -> Iterator[Stage]:
    cache.delete_many([counter.key for counter in counters()])
    with receiving() as receiver, fake_resolver() as resolver:
        settings.DNS_RESOLVERS = [resolver.address]
        yield Stage(servers=servers, town=town, set_up=set_up, receiver=receiver, post=post, settings=settings)


def a_deferred_task(stage: Stage) -> None:
    mail.send("ada@example.com", "email_changed", {})
    forget_messages()
    stage.arguments = {"task_id": str(DeferredTask.objects.get().pk)}


def a_deferred_task_that_was_lost(stage: Stage) -> None:
    a_deferred_task(stage)
    stage.arguments = {}
    DeferredTask.objects.update(next_attempt_at=timezone.now())


def a_bulk_action(stage: Stage) -> None:
    starter = User.objects.create_superuser(username="root", name="Root")
    with site_context("a test begins"):
        action = running.prepare(DEACTIVATE, User.objects.filter(is_superuser=False), starter)
        running.confirm(action)
    stage.arguments = {"action_id": str(action.pk), "starter_id": str(starter.pk)}


def a_bulk_action_that_was_left(stage: Stage) -> None:
    a_bulk_action(stage)
    with site_context("a test leaves it alone"):
        BulkAction.objects.update(leased_until=timezone.now())
    stage.arguments = {}


def expired_rows(stage: Stage) -> None:
    sessions(50, hours=-1, name="old")


def a_former_key(stage: Stage) -> None:
    stage.set_up(stage.town.a, stage.receiver.url)
    stage.settings.TOKEN_ENCRYPTION_KEYS = [bytes(range(32))]


def signing_keys_that_have_served(stage: Stage) -> None:
    stage.settings.OIDC_SIGNING_KEYS = []
    ring.current()
    TokenSigningKey.objects.update(active_at=timezone.now() - lifetimes.KEY_ROTATION)


def the_end_of_a_session(stage: Stage) -> None:
    client, _ = registered()  # its address was removed meanwhile, so there is nobody to tell
    LogoutNotice.objects.create(client=client, subject=str(stage.town.a.owner.pk), sid="a")


def an_entry_for_a_webhook(stage: Stage) -> None:
    stage.set_up(stage.town.a, stage.receiver.url)
    with tenant_context(stage.town.a.tenant.pk):
        Role.objects.create(name="clerk", tenant=stage.town.a.tenant)


def old_entries(stage: Stage) -> None:
    begin_anew(stage.servers)  # ids follow time
    at = timezone.now() - timedelta(days=500)
    with psycopg.connect(stage.servers.owner_url, autocommit=True) as owner:
        owner.execute(FILL.format(at=f"'{at.isoformat()}'::timestamptz", tenant=f"'{TENANT}'", many=10).encode())
    seal()
    Retention.objects.create(tenant_id=TENANT, days=400)


def nothing_more(stage: Stage) -> None:
    """The stage has entries, and numbers to be counted."""


def a_cut_off_that_nobody_has_confirmed(stage: Stage) -> None:
    CutOff.objects.create(user=stage.town.b.member, by=CutOff.By.COMMAND, deactivated=False)


def a_claimed_domain(stage: Stage) -> None:
    domains.claim(stage.town.a.tenant.pk, "example.com")


def tokens_of_somebody_who_has_left(_stage: Stage) -> None:
    enqueue(
        [RevokedTokens(provider="google", issuer="https://elsewhere.example", access="access", refresh="refresh")],
        reason=TokenRevocationReason.REMOVED,
    )


def a_session_that_follows_what_is_not_kept(stage: Stage) -> None:
    row = Session.objects.create(
        user=stage.town.a.member,
        session_key=row_key("k" * 32),
        expire_date=timezone.now() + timedelta(hours=1),
        revalidate_at=timezone.now(),
    )
    stage.arguments = {"session_id": row.public_id}


CASES: dict[str, Callable[[Stage], None]] = {
    "jobs.deferred.worker.run_deferred_task": a_deferred_task,
    "accounts.tasks.bulk": a_bulk_action,
    "accounts.tasks.check_domains": a_claimed_domain,
    "accounts.tasks.confirm_cut_offs": a_cut_off_that_nobody_has_confirmed,
    "jobs.tasks.run_due_deferred_tasks": a_deferred_task_that_was_lost,
    "accounts.tasks.resume_bulk_actions": a_bulk_action_that_was_left,
    "jobs.tasks.purge": expired_rows,
    "accounts.tasks.rotate_encryption_keys": a_former_key,
    "authserver.tasks.rotate_signing_keys": signing_keys_that_have_served,
    "authserver.tasks.send_logout_notices": the_end_of_a_session,
    "webhooks.tasks.send_webhooks": an_entry_for_a_webhook,
    "audit.tasks.keep_the_trail": old_entries,
    "audit.tasks.seal_entries": nothing_more,
    "console.tasks.count_for_overview": nothing_more,
    "providers.tasks.revalidate_session": a_session_that_follows_what_is_not_kept,
    "providers.tasks.send_revocations": tokens_of_somebody_who_has_left,
}


@pytest.mark.promise(78)
def test_every_task_has_a_case_here_and_every_job_of_the_schedule_is_a_task() -> None:
    assert set(ours()) == set(CASES)
    assert {job["task"] for job in SCHEDULE.values()} <= set(ours())


@pytest.mark.parametrize("name", CASES)
@pytest.mark.promise(78)
def test_a_task_that_runs_twice_does_what_it_does_once(stage: Stage, name: str) -> None:
    CASES[name](stage)
    before = stage.seen()
    stage.run(name)
    once = stage.seen()
    assert once != before

    stage.run(name)

    assert stage.seen() == once


@pytest.mark.parametrize("name", sorted(SCHEDULE.keys() - BY_ROWS))
@pytest.mark.promise(78)
def test_a_scheduled_task_leaves_the_work_to_whoever_is_at_it(stage: Stage, name: str) -> None:
    task = SCHEDULE[name]["task"]
    CASES[task](stage)
    before = stage.seen()
    with somebody_at(stage.servers, name):
        stage.run(task)
        assert stage.seen() == before

    stage.run(task)

    assert stage.seen() != before


@contextmanager
def somebody_at(servers: Servers, name: str) -> Iterator[None]:
    with psycopg.connect(servers.runtime_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [number_of(name)])
        yield
        other.execute("SELECT pg_advisory_unlock_all()")


@pytest.mark.promise(78)
def test_every_task_says_how_long_it_may_take() -> None:
    assert {name: (task.soft_time_limit, task.time_limit) for name, task in ours().items()} == LIMITS
    assert all(soft < hard <= app.conf.task_time_limit for soft, hard in LIMITS.values())


@pytest.mark.promise(78)
def test_no_message_is_given_to_another_worker_while_one_may_be_at_it() -> None:
    """In a worker's hands a message waits for those before it, and is then worked on."""
    longest = app.conf.task_time_limit * (app.conf.worker_prefetch_multiplier + 1)

    assert app.conf.broker_transport_options["visibility_timeout"] > longest
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost


@pytest.mark.promise(78)
def test_a_lock_goes_with_its_connection(servers: Servers) -> None:
    with psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
        with somebody_at(servers, "a test"), one_at_a_time("a test") as is_ours:
            assert not is_ours
        with one_at_a_time("a test") as is_ours:
            assert is_ours
            backend = connection.cursor().execute("SELECT pg_backend_pid()").fetchone()[0]
            superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
        connection.close()
        with somebody_at(servers, "a test"):
            pass
