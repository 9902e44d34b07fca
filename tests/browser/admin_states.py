"""The administrators' pages: every one that the admin registers, found by asking it, so that new ones are found too."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db import models

from accounts.models import ClaimRule, Membership, Role, User
from accounts.tenancy import site_context
from tests import claim_rules
from tests.browser.states import State
from tests.browser.visitor import NewVisitor, Visitor

NAME, PASSWORD = "house-keeper", "a lantern in the stairwell"
EMPTY = {"account", "socialaccount"}  # allauth's own tables, which hold nothing here


def _sign_in(visitor: Visitor) -> None:
    User.objects.create_superuser(username=NAME, password=PASSWORD, name="Hildegard Keeper")
    visitor.go("/admin/")
    visitor.page.get_by_label("Local name").fill(NAME)
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.press("Sign in")
    visitor.is_at("/admin/")


def _refused(visitor: Visitor, _: NewVisitor) -> None:
    visitor.go("/admin/")
    visitor.page.get_by_label("Local name").fill("nobody")
    visitor.page.get_by_label("Password").fill("nothing")
    visitor.press("Sign in")


def _inside(path: str) -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        _people(visitor)
        _sign_in(visitor)
        visitor.go(path)

    return arrive


def _newest(model: type[models.Model]) -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        _people(visitor)
        _sign_in(visitor)
        with site_context("a test looks for a row"):
            row = model._default_manager.order_by("pk").last()  # noqa: SLF001  # any model's own
        assert row is not None
        visitor.go(f"{_path(model)}{row.pk}/change/")

    return arrive


def _left(visitor: Visitor, _: NewVisitor) -> None:
    _sign_in(visitor)
    visitor.press("Sign out")


def _people(visitor: Visitor) -> None:
    """Let some people come in before, by the same browser, so that there is something to look at."""
    for provider, persona in (("google", "ada"), ("github", "bobby")):
        visitor.sign_in(provider, persona)
        visitor.page.context.clear_cookies()
    rule = claim_rules.rule("google", "hd", "corp.example")
    with site_context("a test builds a tenant"):
        Membership.objects.create(
            user=User.objects.order_by("created_at")[0], tenant=rule.tenant, role=Role.objects.get(name="owner")
        )


def _previewed(visitor: Visitor, new_visitor: NewVisitor) -> None:
    visitor.sign_in("google", "grace")
    visitor.page.context.clear_cookies()
    _newest(ClaimRule)(visitor, new_visitor)
    visitor.press("See what it would do")


def _path(model: type[models.Model]) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


def _of(model: type[models.Model], registered: "admin.ModelAdmin[Any]") -> list[State]:
    """Its list, its form for a new one where there is any, and the page of one row where rows are sure to be there."""
    name = f"admin-{model._meta.model_name}"
    found = [State(name=f"{name}_list", heading="", arrive=_inside(_path(model)))]
    if type(registered).has_add_permission is admin.ModelAdmin.has_add_permission:
        found.append(State(name=f"{name}_add", heading="", arrive=_inside(f"{_path(model)}add/")))
    if model._meta.app_label in {"accounts", "audit"}:
        found.append(State(name=f"{name}_page", heading="", arrive=_newest(model)))
    return found


ADMIN_STATES = [
    State(name="admin-sign-in", heading="", arrive=lambda visitor, _: visitor.go("/admin/")),
    State(name="admin-sign-in_refused", heading="", arrive=_refused),
    State(name="admin-index", heading="Overview", arrive=_inside("/admin/")),
    *(
        state
        for model, registered in admin.site._registry.items()  # noqa: SLF001  # there is no public way to ask
        if model._meta.app_label not in EMPTY
        for state in _of(model, registered)
    ),
    State(name="admin-claimrule_add", heading="", arrive=_inside("/admin/accounts/claimrule/add/")),
    State(name="admin-claimrule_preview", heading="What this rule would do", arrive=_previewed),
    State(name="admin-signed_out", heading="", arrive=_left),
]
