"""The pages where people see their organizations, switch to another one, and choose their primary one."""

import logging
from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.organizations import own_organizations
from accounts.organizations.delegation import may_enter_admin
from accounts.organizations.middleware import without_tenant
from accounts.organizations.own_organizations import Menu, NotAMember
from accounts.sessions.signed_in import open_when_pinned, signed_in
from audit.events import Event, record
from foundation.next_page import query, requested_next, safe_next
from foundation.references import new_reference

logger = logging.getLogger(__name__)


@without_tenant
@require_safe
@signed_in
@open_when_pinned
def listed(request: HttpRequest, person: User) -> HttpResponse:
    query_string = query(requested_next(request), stay=False)
    context = {"organizations": Menu(request), "query": query_string}
    return render(request, "accounts/organizations.html", context)


@without_tenant
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@open_when_pinned
def switch(request: HttpRequest, person: User) -> HttpResponse:
    """POST switches. A person who had to sign in first arrives by GET, and chooses again."""
    next_url = safe_next(request.GET.get("next", ""))
    if (refused := _refused(request, person, partial(own_organizations.switch, request), next_url)) is not None:
        return refused
    is_for_admin = next_url.startswith(reverse("admin:index"))
    if next_url and (may_enter_admin(person) or not is_for_admin):  # the new role may not open the admin
        return redirect(next_url)
    name = person.active_membership.tenant_name if person.active_membership else ""
    messages.success(request, _("You are now in %(name)s.") % {"name": name})
    return redirect("organizations")


@without_tenant
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def make_primary(request: HttpRequest, person: User) -> HttpResponse:
    if (refused := _refused(request, person, own_organizations.make_primary)) is not None:
        return refused
    messages.success(request, _("Saved. You begin there whenever you sign in."))
    return redirect("organizations")


def _refused(
    request: HttpRequest, person: User, act: Callable[[User, UUID], None], next_url: str = ""
) -> HttpResponse | None:
    """Call ``act`` with the posted organization; return a response if nothing was posted or it was refused."""
    if request.method != "POST":
        return redirect(reverse("organizations") + query(next_url, stay=False))
    wanted = _uuid(request.POST.get("organization", ""))
    if wanted is None:
        return _refuse(request, person, wanted, next_url)
    try:
        act(person, wanted)
    except NotAMember:
        return _refuse(request, person, wanted, next_url)
    return None


def _refuse(request: HttpRequest, person: User, wanted: UUID | None, next_url: str) -> HttpResponse:
    reference = new_reference()
    record(
        Event.TENANT_SWITCH_REFUSED,
        person=person,
        reason="not_a_member",
        requested=wanted,
        path=request.path,
        reference=reference,
    )
    logger.warning("refused: reason=not_a_member wanted=%s reference=%s", wanted, reference)
    context = {"reference": reference, "query": query(next_url, stay=False)}
    return render(request, "accounts/organization_refused.html", context, status=403)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
