"""Two pages of the admin: finding a refusal by its reference, and connecting a refused identity to an account."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.mailing import mail
from accounts.models import User
from accounts.organizations import delegation
from accounts.organizations.middleware import afterwards
from accounts.sign_in.provider_names import name_of
from audit.context import ActorKind
from audit.reading import labels
from console.reauthentication import redirect_to_reauthenticate
from console.references.lookup import ReferenceMatch, account_of, find
from console.scope import actor, people_of
from foundation.references import read
from providers.models import RefusedIdentity
from providers.refused.connecting import LONGEST_REASON, ConnectRefused, Obstacle, connect_refused, obstacle_to
from providers.refused.remedies import remedy_for


@require_safe
def find_view(request: HttpRequest) -> HttpResponseBase:
    """Show the refusals with a reference, which may be typed in any spelling."""
    typed = request.GET.get("reference", "")
    reference = read(typed)
    found = find(request, admin.site, reference) if reference else []
    context = {
        **admin.site.each_context(request),
        "title": _("Find by reference"),
        "typed": typed.strip(),
        "reference": reference,
        "found": [_facts(request, one) for one in found],
    }
    return TemplateResponse(request, "admin/find_reference.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def connect_view(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Show a confirmation, and connect the identity when it is posted with a reason."""
    reference = read(reference) or ""
    row = RefusedIdentity.objects.filter(reference=reference).first()
    account = account_of(request, admin.site, row.account) if row else None
    if row is None or (account is None and not actor(request).is_superuser):
        return _nothing_there(request, reference)
    if reauthentication := redirect_to_reauthenticate(request, back_to=request.path):
        return reauthentication
    obstacle = obstacle_to(row, account, reference=reference, by=actor(request))
    if obstacle or account is None:
        return _refused(request, reference, ConnectRefused(obstacle or Obstacle.ACCOUNT_GONE, account=row.account))
    reason = request.POST.get("reason", "").strip()
    if request.method != "POST" or not 0 < len(reason) <= LONGEST_REASON or "\0" in reason:
        return _confirmation(request, row, account, lacks_reason=request.method == "POST")
    try:
        connect_refused(reference, by=actor(request), reason=reason)
    except ConnectRefused as refused:
        return _refused(request, reference, refused)
    messages.success(request, _("Done. It leads to this account from now on, and all devices were signed out."))
    return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[account.pk]))


def _confirmation(request: HttpRequest, row: RefusedIdentity, account: User, *, lacks_reason: bool) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": _("Connect this identity to this account?"),
        "row": row,
        "provider": name_of(row.provider),
        "account": account,
        "known": [identity for identity in account.identities.order_by("id") if identity.provider == row.provider],
        "back": page_of(row.reference),
        "longest_reason": LONGEST_REASON,
        "lacks_reason": lacks_reason,
        "can_mail": mail.is_configured(),
    }
    return TemplateResponse(request, "admin/connect_identity.html", context)


def _nothing_there(request: HttpRequest, reference: str) -> HttpResponse:
    """Refuse in the same way whether the reference does not exist or is out of scope, unless it has been used."""
    used = any(one.connected_by for one in find(request, admin.site, reference))
    return _refused(request, reference, ConnectRefused(Obstacle.USED if used else Obstacle.GONE))


def _refused(request: HttpRequest, reference: str, refused: ConnectRefused) -> HttpResponse:
    if request.method == "POST":
        who, account = actor(request), refused.account and User.objects.filter(pk=refused.account).first()
        reason = f"connect_{refused.obstacle.value}"
        afterwards(request, lambda: delegation.record_refusal(who, account or None, reason=reason))
    messages.error(request, _("Nothing was changed. %(why)s") % {"why": refused.obstacle.label})
    return HttpResponseRedirect(page_of(reference))


def page_of(reference: str) -> str:
    return f"{reverse('admin:find_reference')}?reference={reference}"


def _facts(request: HttpRequest, found: ReferenceMatch) -> dict[str, Any]:
    """Return the template context for a refusal."""
    details = found.entry.details or {}
    identity = found.refused_identity
    return {
        "found": found,
        "entry": found.entry,
        "happened": labels.happening(found.entry.action),
        "provider": name_of(details["provider"]) if details.get("provider") else "",
        "reason": labels.readable(str(details.get("reason", ""))).capitalize(),
        "code": details.get("reason", ""),
        "detail": details.get("detail", ""),
        "mend": remedy_for(found.entry.action, str(details.get("reason", ""))),
        "came": identity,
        "claims": sorted(identity.claims.items()) if identity else [],
        "can_lead": found.obstacle is None,
        "obstacle": found.obstacle.label if found.obstacle and found.is_clash and not found.connected_by else "",
        "led_by": _connected_by(request, found),
    }


def _connected_by(request: HttpRequest, found: ReferenceMatch) -> str:
    """Return the name of the person who connected the identity, if the user may see that person."""
    if found.connected_by is None or found.connected_by.actor_kind != ActorKind.PERSON:
        return ""
    who = people_of(admin.site._registry[User], request).filter(pk=found.connected_by.actor_id).first()  # noqa: SLF001  # as Django does
    return str(who) if who else ""
