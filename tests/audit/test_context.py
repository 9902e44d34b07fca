"""The context: who acts, in which circumstances, and for how long."""

from threading import Thread
from uuid import uuid4

import pytest

from audit.context import Actor, ActorKind, Context, acting, current

ADA, PAYROLL = Actor(ActorKind.PERSON, "ada"), Actor(ActorKind.SERVICE, "payroll")


def test_an_inner_context_overrides_only_what_it_is_given() -> None:
    request_id = uuid4()
    with acting(actor=ADA, request_id=request_id, tenant_id="t"):
        with acting(actor=PAYROLL, reason="import"):
            inner = current()
        outer = current()

    assert (inner.actor, inner.request_id, inner.tenant_id, inner.reason) == (PAYROLL, request_id, "t", "import")
    assert (outer.actor, outer.reason) == (ADA, None)
    assert current() == Context()


def test_a_context_ends_with_its_block_even_when_that_fails() -> None:
    with pytest.raises(ZeroDivisionError), acting(actor=ADA):
        raise ZeroDivisionError

    assert current().actor is None


def test_another_thread_starts_without_a_context() -> None:
    seen: list[object] = []
    with acting(actor=ADA):
        thread = Thread(target=lambda: seen.append(current().who()))
        thread.start()
        thread.join()

    assert seen == [None]


def test_an_actor_may_be_a_function_that_is_called_when_it_is_needed() -> None:
    answers = iter([None, ADA])
    with acting(actor=lambda: next(answers)) as context:
        assert [context.who(), context.who()] == [None, ADA]


@pytest.mark.parametrize("name", ["", "x" * 201, "line\nbreak", "nul\0"])
def test_an_actor_with_an_unprintable_or_endless_id_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="actor's id"):
        Actor(ActorKind.PERSON, name)
