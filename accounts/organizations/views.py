"""The pages where people see their organizations, go on in another one, and say where they begin."""

import logging
from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.decorators import login_required
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
from audit.events import Event, record
from foundation.next_page import query, safe_next, wanted_next
from foundation.references import new_reference

logger = logging.getLogger(__name__)


@without_tenant
@require_safe
@login_required
def listed(request: HttpRequest) -> HttpResponse:
    own = Menu(request)
    notices = {
        "switched": _("You are now in %(name)s.") % {"name": own.standing.tenant_name if own.standing else ""},
        "primary": _("Saved. You begin there whenever you sign in."),
    }
    told = query(wanted_next(request), stay=False)
    context = {"organizations": own, "query": told, "notice": notices.get(request.GET.get("notice", ""), "")}
    return render(request, "accounts/organizations.html", context)


@without_tenant
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def switch(request: HttpRequest) -> HttpResponse:
    """POST does; somebody who had to sign in first arrives by GET, and chooses once more."""

    def act(person: User, tenant_id: UUID) -> None:
        own_organizations.switch(request, person, tenant_id)

    return _act(request, act, notice="switched", next_url=safe_next(request.GET.get("next", "")))


@without_tenant
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def make_primary(request: HttpRequest) -> HttpResponse:
    return _act(request, own_organizations.make_primary, notice="primary")


def _act(request: HttpRequest, act: Callable[[User, UUID], None], *, notice: str, next_url: str = "") -> HttpResponse:
    if request.method != "POST":
        return redirect(reverse("organizations") + query(next_url, stay=False))
    assert isinstance(request.user, User)  # noqa: S101  # by login_required; told to the type checker
    wanted = _uuid(request.POST.get("organization", ""))
    if wanted is None:
        return _refuse(request, wanted, next_url)
    try:
        act(request.user, wanted)
    except NotAMember:
        return _refuse(request, wanted, next_url)
    if next_url.startswith(reverse("admin:index")) and not may_enter_admin(request.user):
        next_url = ""  # they came from the admin, which is not theirs where they are now
    return redirect(next_url or f"{reverse('organizations')}?notice={notice}")


def _refuse(request: HttpRequest, wanted: UUID | None, next_url: str) -> HttpResponse:
    reference = new_reference()
    record(
        Event.TENANT_REFUSED,
        person=request.user.pk,
        refused_because="not_a_member",
        wanted=wanted,
        asked_at=request.path,
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
