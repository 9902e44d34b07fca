"""Whatever is asked in tenant A's context, by whatever way, the answer is the same as if there were no tenant B.

Every table under row-level security is asked, also those of an app that is installed later (docs/tenancy.md): rows
and questions are made up from the models. Each question is asked twice, with B's rows there and without them.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.management import BaseCommand, CommandParser, call_command
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import path
from hypothesis import HealthCheck, Phase, given, settings

from accounts.models import User
from tenancy import site_context, tenant_context
from tenancy.tasks import tenant_task
from tests.support.proven import sign_in
from tests.tenancy.questions import Question, questions
from tests.tenancy.rows import Side, models_under_guard, remove

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("notes"), pytest.mark.urls(__name__)]

MARK = "bittern"  # stands in all of tenant B's texts, and in nobody else's


@dataclass
class World:
    """Two tenants with rows of everything, and what the values of each column are."""

    a: Side = field(default_factory=lambda: Side("avocet"))
    b: Side = field(default_factory=lambda: Side(MARK))
    known: dict[models.Field[Any, Any], list[Any]] = field(default_factory=dict)
    browser: Client = field(default_factory=Client)

    def __post_init__(self) -> None:
        self.a.fill()
        self.b.fill()
        sign_in(self.browser, self.a.people[0])
        with site_context("a test gathers what can be guessed"):
            for model in self.roots:
                for column in model._meta.concrete_fields:
                    values = model._base_manager.values_list(column.attname, flat=True)  # noqa: SLF001
                    self.known[column] = sorted({value for value in values[:8] if _is_simple(value)}, key=repr)

    @property
    def roots(self) -> list[type[models.Model]]:
        return [*models_under_guard(), User]


@pytest.fixture
def world() -> World:
    return World()


class Asked:
    """The question of the moment: it cannot travel in an address or a message."""

    question: Question


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(repr(Asked.question.ask()))


def stream(request: HttpRequest) -> StreamingHttpResponse:
    assert isinstance(request.user, User)
    assert request.user.active_membership
    tenant_id = request.user.active_membership.tenant_id

    def rows() -> Iterator[str]:
        with tenant_context(tenant_id):
            yield repr(Asked.question.ask())

    return StreamingHttpResponse(rows())


@tenant_task()
def task() -> str:
    return repr(Asked.question.ask())


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant")

    def handle(self, *args: Any, tenant: Any, **options: Any) -> str:
        with tenant_context(tenant):
            return repr(Asked.question.ask())


urlpatterns = [path("view", view), path("stream", stream)]
Place = Callable[[World], str]


def _by_browser(name: str) -> Place:
    def ask(world: World) -> str:
        answer: Any = world.browser.get(f"/{name}")
        assert answer.status_code == 200
        content: bytes = answer.getvalue()
        return content.decode()

    return ask


def _by_context(world: World) -> str:
    with tenant_context(world.a.tenant.pk, person_id=world.a.people[0].pk):
        return repr(Asked.question.ask())


def _by_task(world: World) -> str:
    answer: str = task.apply([], {"tenant_id": world.a.tenant.pk}).get()
    return answer


def _by_command(world: World) -> str:
    return str(call_command(Command(), tenant=world.a.tenant.pk, stdout=io.StringIO()))


def _by_nobody(world: World) -> str:
    return repr(Asked.question.ask())


def _by_the_site(world: World) -> str:
    with site_context("a test looks whether the questions could find anything"):
        return repr(Asked.question.ask())


PLACES: Mapping[str, Place] = {
    "context": _by_context,
    "request": _by_browser("view"),
    "stream": _by_browser("stream"),
    "task": _by_task,
    "command": _by_command,
}


@contextmanager
def without(side: Side) -> Iterator[None]:
    point = transaction.savepoint()
    remove(side)
    yield
    transaction.savepoint_rollback(point)


def asked(world: World, place: Place, question: Question) -> tuple[str, str]:
    """Return the answers with tenant B there, and without it."""
    Asked.question = question
    beside = place(world)
    with without(world.b):
        return beside, place(world)


def fuzz(world: World, check: Callable[[Question], None], examples: int) -> None:
    @settings(
        deadline=None,
        max_examples=examples,
        database=None,
        phases=[Phase.generate],  # a question is short enough as it is
        suppress_health_check=list(HealthCheck),
    )
    @given(question=questions(world.roots, world.known))
    def run(question: Question) -> None:
        check(question)

    run()


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES.values(), ids=list(PLACES))
@pytest.mark.promise(46, 73)
def test_no_answer_in_one_tenant_tells_anything_of_another(world: World, place: Place) -> None:
    answers: list[str] = []

    def check(question: Question) -> None:
        beside, alone = asked(world, place, question)
        assert beside == alone
        assert MARK not in beside
        assert str(world.b.tenant.pk) not in beside
        answers.append(beside)

    fuzz(world, check, 60)
    assert sum(answer not in {"None", "[]", "0", "False"} for answer in answers) >= 15, "hardly anything was found"


@pytest.mark.slow
@pytest.mark.promise(73)
def test_without_a_context_no_answer_tells_anything_of_any_tenant(world: World) -> None:
    def check(question: Question) -> None:
        beside, alone = asked(world, _by_nobody, question)
        assert beside == alone
        assert MARK not in beside
        assert world.a.mark not in beside

    fuzz(world, check, 60)


@pytest.mark.slow
@pytest.mark.promise(73)
def test_the_questions_would_find_what_is_not_guarded(world: World) -> None:
    """A fuzz that cannot fail proves nothing: in the site's scope, these questions tell the two tenants apart."""
    told: set[type[models.Model]] = set()
    count = 0

    def check(question: Question) -> None:
        nonlocal count
        beside, alone = asked(world, _by_the_site, question)
        if beside != alone:
            told.add(question.model)
            count += 1

    fuzz(world, check, 150)
    assert count >= 40
    assert len(told) >= 4


@pytest.mark.promise(73)
def test_every_guarded_table_has_rows_of_both(world: World) -> None:
    for side in (world.a, world.b):
        assert set(side.rows) >= set(models_under_guard())
        assert all(side.rows.values())
    assert {"accounts_tenant", "accounts_role", "accounts_membership", "accounts_role_permissions"} <= {
        model._meta.db_table for model in models_under_guard()
    }


def _is_simple(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list | memoryview | bytes)
